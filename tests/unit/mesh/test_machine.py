"""Whatever the network and the processes do: commands once, reports all, the highest version, one session at a time.

`CONDUIX_MESH_EXAMPLES` (default 40) is the number of drawn histories; by seed there are three times as many a sort.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from tests.unit.mesh.histories import History
from tests.unit.mesh.machine import MeshMachine

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("CONDUIX_MESH_EXAMPLES", "40"))

TestMesh = MeshMachine.TestCase
TestMesh.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("clones", [False, True])
def test_promises_hold_in_long_histories(clones: bool) -> None:
    for seed in range(EXAMPLES * 3):
        try:
            History(seed, clones=clones).run()
        except AssertionError as error:
            error.add_note(f"History({seed}, clones={clones})")
            raise
