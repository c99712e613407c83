"""What an agent tells of itself: what it can run, and the host that it runs on."""

from __future__ import annotations

import os
import platform
import shutil
import socket
from pathlib import Path

import conduix
from conduix.engine.catalog import Catalog
from conduix.v1 import agent_service_pb2 as pb_agent
from conduix.v1 import mesh_service_pb2 as pb
from conduix_agent.settings import AgentSettings


def capabilities(catalog: Catalog) -> list[str]:
    """`source:file`, `stage:mapping`, `sink:file` for all that can run here; `extra:kafka` for what that needs."""
    runnable = [entry for entry in catalog.entries if entry.missing is None]
    kinds = {f"{entry.role}:{entry.type}" for entry in runnable}
    return sorted(kinds | {f"extra:{entry.extra}" for entry in runnable if entry.extra})


def greeting(settings: AgentSettings, catalog: Catalog) -> pb.Hello:
    """What every Hello of this process says; the session adds the rest."""
    return pb.Hello(
        agent_version=conduix.__version__,
        labels=settings.labels,
        capabilities=capabilities(catalog),
        hostname=socket.gethostname(),
    )


def host_facts(state_dir: Path) -> pb_agent.HostFacts:
    """This host at this moment; the disk is that of the state directory."""
    return pb_agent.HostFacts(
        cores=len(os.sched_getaffinity(0)),
        memory_bytes=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        disk_free_bytes=shutil.disk_usage(state_dir).free,
        load=os.getloadavg()[0],
        platform=platform.platform(),
        python=platform.python_version(),
    )
