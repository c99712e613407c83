"""An agent without a link: `python -m tests.integration.agent.program STATE DOCUMENT REPLICAS`; tells statuses as JSON.

It wants the document to run, as its last desired state would, and drains at the end of standard input.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from conduix.v1 import pipeline_service_pb2 as pb_pipeline
from tests.integration.agent.hosts import PIPELINE, RUN, Uplink, hosted


class Telling(Uplink):
    """Prints what it observes."""

    def observe(self, status: pb_pipeline.ReplicaStatus) -> None:
        super().observe(status)
        state = pb_pipeline.PipelineState.Name(status.state).removeprefix("PIPELINE_STATE_")
        read = sum(node.passed for node in status.nodes if node.node == "orders")
        told = {
            "replica": status.replica,
            "state": state,
            "starts": status.starts,
            "read": read,
            "n": status.checkpoint,
        }
        print(json.dumps(told), flush=True)  # noqa: T201 - it is how it tells


async def main(state: Path, document: str, replicas: int) -> None:
    async with hosted(state, {PIPELINE: document}, uplink=Telling()) as server:
        await server.want(RUN, replicas=replicas)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]).read_text(), int(sys.argv[3])))
