"""A small draw of the chaos matrix, for every push: `make chaos` runs all of it on ten times as many orders."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from conduix.engine import failpoints
from conduix.engine.failpoints import NAMES
from conduix.engine.runtime.checkpoint import Checkpoint, LocalStore
from tests.chaos import orders
from tests.chaos.__main__ import draw
from tests.chaos.cells import Bench, Cell, Impossible, all_cells, killed_at
from tests.chaos.driver import Reference, Scale, make_reference, same_outputs
from tests.chaos.powerloss import make_clean, prepare, run_here
from tests.chaos.trace import rereads, segments

SEED = 3
SMALL = Scale(20_000, interval="5ms")
EACH = {"kill -9 at a failpoint": 5, "raise at a failpoint": 3, "power cut after every operation": 0}
"""Cells of a row; of other rows one. Power is cut in `test_power_loss`, over fewer orders."""

TESTING = {"CONDUIX_TESTING": "1"}
LATE = "checkpoint.complete:4=raise"
"""After some checkpoints."""

pytestmark = pytest.mark.chaos


def drawn() -> list[Cell]:
    found: list[Cell] = []
    for cell in draw(all_cells(SEED, highest_k=4), SEED):
        if sum(other.row == cell.row for other in found) < EACH.get(cell.row, 1):
            found.append(cell)
    return found


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    return make_reference(SMALL, SEED, tmp_path_factory.mktemp("reference"))


@pytest.mark.parametrize("cell", drawn(), ids=lambda cell: cell.name)
def test_output_is_identical_whatever_happens(cell: Cell, reference: Reference, tmp_path: Path) -> None:
    try:
        cell.execute(Bench(reference, tmp_path / "run", Random(f"{SEED} {cell.name}")))
    except Impossible as error:
        pytest.skip(str(error))


def test_every_failpoint_of_the_registry_is_killed_raised_and_rewound() -> None:
    names = {cell.name.split()[1].split(":")[0] for cell in all_cells(SEED) if cell.row.startswith("kill -9 at a f")}
    assert names == set(NAMES)
    names = {cell.name.split()[1].split(":")[0] for cell in all_cells(SEED) if cell.row.startswith("raise at a f")}
    assert names == set(NAMES)


def test_a_point_that_is_never_reached_fails_its_cell(reference: Reference, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="never reached"):
        killed_at("commit.renamed:9")(Bench(reference, tmp_path / "run", Random(0)))


class StartsFromZero(LocalStore):
    """Stores everything, and gives back checkpoint 0."""

    zero: Checkpoint | None = None

    async def save(self, record: Checkpoint) -> None:
        self.zero = self.zero or record
        await super().save(record)

    async def load(self, at_most: int | None = None) -> Checkpoint | None:
        return self.zero


@pytest.mark.parametrize(("store", "found"), [(LocalStore, False), (StartsFromZero, True)])
def test_a_store_that_starts_from_zero_writes_the_same_and_is_found_all_the_same(
    store: type[LocalStore], found: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONDUIX_TRACE_READS", str(tmp_path / "trace"))
    clean = make_clean(tmp_path / "clean", 2_000, SEED)
    (tmp_path / "trace").unlink()
    prepare(tmp_path / "other")
    monkeypatch.setattr(failpoints, "_armed", failpoints._armed_from({**TESTING, "CONDUIX_FAILPOINT": LATE}))
    assert run_here(clean.spec, tmp_path / "other", 4_096, store=store).restarts == 1
    same_outputs(tmp_path / "other" / "out", clean.outputs)
    counted = rereads(segments(tmp_path / "trace"), orders.expect(clean.source), {})
    assert counted.missing == 0
    assert (counted.beyond > 0) == found
