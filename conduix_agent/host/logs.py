"""What the workers of a pipeline log and print: into the ring, to whoever follows, and into the agent's own log."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from conduix.v1 import mesh_service_pb2 as pb
from conduix_agent.host.process import Stream
from conduix_agent.host.tail import Tail
from conduix_agent.seam import Uplink

PRINTED = "output"
"""Logger of lines that a worker printed past its log."""
LEVELS: Mapping[Stream, str] = {"stdout": "INFO", "stderr": "WARNING"}
"""Of such lines."""
_log = logging.getLogger("conduix.worker")


class PipelineLog:
    """Of one pipeline."""

    def __init__(self, pipeline_id: str, uplink: Uplink) -> None:
        self.tail = Tail()
        self.name = pipeline_id
        """For people."""
        self._pipeline_id = pipeline_id
        self._uplink = uplink

    def add(self, line: pb.LogLine) -> None:
        """A line of a worker."""
        self.tail.add(line)
        level = logging.getLevelNamesMapping().get(line.level, logging.INFO)
        if level >= logging.INFO:
            self._uplink.telemetry(line)
        _log.log(level, "%s[%d] %s", self.name, line.replica, line.message)

    def printed(self, replica: int, level: str, message: str) -> None:
        """A line that came on a standard stream."""
        line = pb.LogLine(pipeline_id=self._pipeline_id, replica=replica, level=level, logger=PRINTED, message=message)
        line.at.GetCurrentTime()
        self.add(line)
