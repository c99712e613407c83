"""Whatever the network and the processes do: commands once, reports all, the highest version, one session at a time.

`CONDUIX_MESH_EXAMPLES` (default 60) is the number of drawn histories.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

from tests.unit.mesh.machine import MeshMachine

TestMesh = MeshMachine.TestCase
TestMesh.settings = settings(
    max_examples=int(os.environ.get("CONDUIX_MESH_EXAMPLES", "60")),
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
