"""What the link knows of itself at each moment, for `conduix-agent status`, /ready and the metrics."""

from __future__ import annotations

from dataclasses import dataclass

from conduix.mesh.transport import Mode


@dataclass(slots=True)
class LinkStatus:
    """Written by the driver only."""

    mode: Mode = Mode.ISOLATED
    since: float = 0.0
    """When the mode began, Unix seconds."""
    server: str = ""
    """Address of the server that holds the session; empty: none."""
    session: int = 0
    rtt: float | None = None
    """Seconds of the last heartbeat there and back."""
    desired_version: int = 0
    """Applied last."""
    sessions: int = 0
    """Opened by this process."""
    lost: int = 0
    """Ended without our will."""
    refused: int = 0
    commands: int = 0
    """Executed by this process."""
    cause: str = ""
    """Why there is no session, or will soon be none, in words."""
