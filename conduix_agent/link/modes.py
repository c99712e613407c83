"""By which way this agent is reached, and what follows from a change of it: the mode is an event, and the uplink's."""

from __future__ import annotations

import logging
import time

from conduix.mesh.agent_session import AgentSession, Phase
from conduix.mesh.transport import Mode
from conduix.v1 import mesh_service_pb2 as pb
from conduix_agent.link.dial import Dialler
from conduix_agent.link.line import Line
from conduix_agent.link.status import LinkStatus
from conduix_agent.link.uplink import LinkUplink

log = logging.getLogger(__name__)

EVENT = "CONNECTION_MODE"


class Modes:
    """STREAM while a session is open, else ISOLATED. Redis and polling will be other modes of the same lines."""

    def __init__(self, status: LinkStatus, uplink: LinkUplink, dialler: Dialler) -> None:
        self.status = status
        self.status.since = time.time()
        self._uplink = uplink
        self._dialler = dialler
        self._began = time.monotonic()
        self._line: Line | None = None
        """The one that the session is open on."""
        self.status.cause = "this agent has just started"

    def look(self, session: AgentSession, line: Line | None) -> None:
        """After each turn of the driver."""
        self.status.rtt = session.rtt
        if session.phase is Phase.GREETING and self._line is not None:
            return  # on the way from one server to the next: nothing is lost as long as that one does not refuse
        line = line if session.phase is Phase.OPEN else None
        if line is self._line:
            return
        before, self._line = self._line, line
        if before is not None:
            self._dialler.backoff.lasted(time.monotonic() - self._began)
        if line is None:
            self.status.lost += 1
            self._closed()
        else:
            self._opened(line, session)

    def _opened(self, line: Line, session: AgentSession) -> None:
        text = f"{self._lasted()} of {self.status.mode.name}; connected to {line.address}, session {session.session}"
        self._uplink.agent_id = line.channel.identity.agent_id
        self._uplink.connected(line.channel)
        self.status.server, self.status.session = line.address, session.session
        self.status.sessions += 1
        self.status.cause = ""
        self._change(Mode.STREAM, text)

    def _closed(self) -> None:
        self._uplink.connected(None)
        self.status.server = ""
        cause = self.status.cause or "the connection ended"
        self._change(Mode.ISOLATED, f"{self._lasted()} of {self.status.mode.name}; {cause}")

    def _change(self, mode: Mode, text: str) -> None:
        self.status.mode, self.status.since = mode, time.time()
        self._began = time.monotonic()
        log.info("%s after %s", mode.name, text)
        self._uplink.event(pb.AgentEvent(kind=EVENT, message=f"{mode.name} after {text}"))

    def _lasted(self) -> str:
        return f"{time.monotonic() - self._began:.1f} s"
