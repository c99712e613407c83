"""Small forms of `make chaos-mesh`, for every push."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.chaos import mesh_kills, mesh_outages
from tests.chaos.driver import Difference, Reference, Scale, make_reference
from tests.chaos.mesh_kills import COMBINATIONS, Plan, Verdict
from tests.chaos.mesh_report import write_report

SEED = 7

pytestmark = [pytest.mark.chaos, pytest.mark.slow]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    return make_reference(Scale(50_000, split="1MiB", interval="20ms"), SEED, tmp_path_factory.mktemp("reference"))


@pytest.mark.parametrize("replicas", [1, 3])
async def test_worker_agent_and_server_are_killed_and_nothing_is_lost_doubled_or_run_twice(
    replicas: int, reference: Reference, tmp_path: Path
) -> None:
    plan = Plan(replicas, kills=4 if replicas == 1 else 2, seed=SEED, slow=0.06, split="1MiB")
    (await mesh_kills.run(plan, reference, tmp_path / "run")).check()


async def test_pipelines_do_not_notice_that_their_server_comes_and_goes(tmp_path: Path) -> None:
    plan = mesh_outages.Plan(agents=2, restarts=2, seed=SEED)
    (await mesh_outages.run(plan, tmp_path / "run")).check()


def test_twenty_kills_are_in_turn_and_together() -> None:
    drawn = Plan(1, kills=20, seed=1, slow=0.0).combinations()
    assert len(drawn) == 20
    assert set(drawn) == set(COMBINATIONS)
    assert drawn == Plan(1, kills=20, seed=1, slow=0.0).combinations()
    assert drawn != Plan(1, kills=20, seed=2, slow=0.0).combinations()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"different": Difference(1, 0)}, "lost=1"),
        ({"twice": 1}, "run twice"),
        ({"unseen": 1}, "in no journal"),
        ({"unanswered": 2}, "no answer"),
    ],
)
def test_the_judge_can_say_no(wrong: dict[str, object], said: str) -> None:
    verdict = Verdict(Plan(1, kills=0, seed=1, slow=0.0), **wrong)  # type: ignore[arg-type]  # one field at a time
    with pytest.raises(AssertionError, match=said):
        verdict.check()


def test_the_page_has_a_row_for_each_run_and_every_figure(tmp_path: Path) -> None:
    kills = Verdict(Plan(3, kills=20, seed=1, slow=0.0), starts=33, killed=Counter(worker=11, agent=12, server=13))
    kills.commands, kills.refused = Counter(SUCCEEDED=400, INTERRUPTED=5), Counter(NOT_FOUND=2)
    outages = mesh_outages.Verdict(mesh_outages.Plan(20, 5, 1), kills=3, stops=2, reports=4_321, back_seconds=7.25)
    page = tmp_path / "page.md"
    write_report(page, [kills], [outages], records=500_000, interval="50ms", seed=1)
    text = page.read_text()
    assert "| 3 | 11 | 12 | 13 | 33 | 0 | 0 | 405 | 400 | 0 | 5 | 0 | 0 | 0 | 0 |" in text
    assert "| 20 | 20 | 3 | 2 | 0 | 4,321 | 0 | 7.2 s | 0 |" in text
    assert "2 NOT_FOUND" in text
    tables = [line.count("|") for line in text.splitlines() if line.startswith("|")]
    assert tables == [16] * 3 + [10] * 3, "as many cells as headings"
