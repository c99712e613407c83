"""The file of contexts: private, whole, changed by one at a time."""

from __future__ import annotations

import multiprocessing
import stat
from pathlib import Path

import pytest

from conduix.errors import UsageError
from conduix_tui.client.contexts import Context, ContextFile, Session

SESSION = Session("access", 100.0, "refresh", 1000.0)


@pytest.fixture
def file(tmp_path: Path) -> ContextFile:
    return ContextFile(tmp_path / "conduix" / "contexts.yaml")


def test_no_file_is_no_context(file: ContextFile) -> None:
    assert file.read().contexts == {}
    assert not file.path.exists()


def test_it_lies_where_xdg_says() -> None:
    assert ContextFile.of_user({"XDG_CONFIG_HOME": "/c"}).path == Path("/c/conduix/contexts.yaml")
    assert ContextFile.of_user({"HOME": "/home/ada"}).path == Path("/home/ada/.config/conduix/contexts.yaml")


def test_what_is_stored_comes_back_and_is_for_the_owner_only(file: ContextFile) -> None:
    context = Context("host:1", tls=True, authority="/ca.pem", user="ada", session=SESSION)
    file.put("prod", context)
    assert file.get("prod") == context
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700


def test_the_first_is_current_and_another_only_by_word(file: ContextFile) -> None:
    file.put("a", Context("a:1"))
    file.put("b", Context("b:1"))
    assert file.read().current == "a"
    assert file.use("b").server == "b:1"
    assert file.read().current == "b"
    file.put("c", Context("c:1"), make_current=True)
    assert file.read().current == "c"


def test_removing_the_current_one_leaves_none_current(file: ContextFile) -> None:
    file.put("a", Context("a:1"))
    file.put("b", Context("b:1"))
    file.remove("b")
    assert file.read().current == "a"
    file.remove("a")
    assert file.read().current == ""
    assert file.read().contexts == {}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_may_read_is_refused(file: ContextFile, mode: int) -> None:
    file.put("a", Context("a:1", token="secret"))
    file.path.chmod(mode)
    with pytest.raises(UsageError, match="others may read") as refused:
        file.read()
    assert "chmod 600" in refused.value.remedy
    assert "secret" not in refused.value.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("current: a\ncontexts: [", "cannot understand"),
        ("contexts: {a: {sever: 'a:1'}}", "missing required field `server`|unknown field `sever`"),
        ("contexts: {a: {server: 3}}", "Expected `str`"),
        ("colour: red", "unknown field `colour`"),
    ],
)
def test_a_damaged_file_says_where(file: ContextFile, text: str, said: str) -> None:
    file.path.parent.mkdir()
    file.path.write_text(text)
    file.path.chmod(0o600)
    with pytest.raises(UsageError, match=said) as refused:
        file.read()
    assert str(file.path) in refused.value.message
    assert "conduix login" in refused.value.remedy


def test_an_unknown_name_is_answered_with_the_nearest(file: ContextFile) -> None:
    file.put("production", Context("a:1"))
    with pytest.raises(UsageError, match="production") as refused:
        file.get("prodction")
    assert refused.value.remedy == "did you mean production?"
    with pytest.raises(UsageError):
        file.use("x")
    with pytest.raises(UsageError):
        file.remove("x")


def test_a_session_is_replaced_only_in_a_context_that_is_there(file: ContextFile) -> None:
    file.put("a", Context("a:1", session=SESSION))
    newer = Session("newer", 200.0, "refresh-2", 1000.0)
    with file.locked():
        file.replace_session("a", newer)
        file.replace_session("gone", newer)
    assert file.get("a").session == newer
    assert list(file.read().contexts) == ["a"]


def _put_many(path: Path, prefix: str) -> None:
    for number in range(20):
        ContextFile(path).put(f"{prefix}{number}", Context("a:1"))


def test_processes_do_not_lose_each_others_changes(file: ContextFile) -> None:
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_put_many, args=(file.path, prefix)) for prefix in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(file.read().contexts) == 40
