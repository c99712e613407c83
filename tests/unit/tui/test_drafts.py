"""Texts that are being edited stay on disk, where only their owner reads them, until they are not needed any more."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from conduix.errors import ConduixError, UsageError
from conduix_tui.store.drafts import Draft, directory, editor_command


def test_a_text_is_kept_until_it_is_done_with(tmp_path: Path) -> None:
    draft = Draft("127.0.0.1:50051", "orders", tmp_path / "drafts")
    assert (draft.left, draft.revision, draft.changed_at) == (None, 0, 0.0)
    draft.begin("name: ørders\n", revision=3)
    again = Draft("127.0.0.1:50051", "orders", tmp_path / "drafts")
    assert (again.left, again.revision) == ("name: ørders\n", 3)
    assert again.changed_at > 0
    again.based_on(4)
    assert draft.revision == 4
    draft.done()
    assert again.left is None
    assert list((tmp_path / "drafts").iterdir()) == []


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    draft = Draft("s", "orders", tmp_path / "drafts")
    draft.begin("password: hunter2\n")
    assert stat.S_IMODE(draft.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(draft.path.parent.stat().st_mode) == 0o700


def test_documents_of_different_servers_never_share_a_file(tmp_path: Path) -> None:
    pairs = [("prod-eu", "orders"), ("prod", "eu-orders"), ("prod", "orders"), ("host:1", "orders")]
    assert len({Draft(*pair, tmp_path).path for pair in pairs}) == len(pairs)
    assert Draft("../..", "../../etc/passwd", tmp_path).path.parent == tmp_path


def test_what_cannot_be_read_or_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConduixError, match="file"):
        Draft("s", "orders", tmp_path / "file").begin("x")
    draft = Draft("s", "orders", tmp_path)
    with pytest.raises(ConduixError, match="orders"):
        _ = draft.text
    draft.path.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="is not UTF-8"):
        _ = draft.left


def test_drafts_are_where_state_belongs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert directory() == Path("/state/conduix/drafts")
    monkeypatch.delenv("XDG_STATE_HOME")
    assert directory().parts[-4:] == (".local", "state", "conduix", "drafts")


@pytest.mark.parametrize(
    ("visual", "editor", "command"),
    [
        ("code --wait", "vim", ["code", "--wait", "/d"]),
        ("", "'my editor' -x", ["my editor", "-x", "/d"]),
        ("", "", ["vi", "/d"]),
    ],
)
def test_the_editor_is_the_one_that_was_chosen(
    monkeypatch: pytest.MonkeyPatch, visual: str, editor: str, command: list[str]
) -> None:
    monkeypatch.setenv("VISUAL", visual)
    monkeypatch.setenv("EDITOR", editor)
    assert editor_command(Path("/d")) == command


def test_an_editor_that_cannot_be_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", "vim 'x")
    with pytest.raises(UsageError, match="EDITOR cannot be read"):
        editor_command(Path("/d"))
