"""Which ports `conduix up` gives its server: the ones that were asked for, else the usual ones if nobody has them."""

from __future__ import annotations

import socket

from conduix_tui.cli.up.state import UpState

HOST = "127.0.0.1"
GRPC = 50051
HTTP = 8080


def choose(given: int | None, usual: int, remembered: str) -> int:
    """A port; 0: the server shall take a free one. One that was used before is used again, others know it by now."""
    if given is not None:
        return given
    for port in (int(remembered) if remembered.isdigit() else usual, usual):
        if _is_free(port):
            return port
    return 0


def remember(state: UpState, ready: dict[str, str]) -> None:
    """Keep the ports of a server's ready line for the next time."""
    for name in ("grpc", "http"):
        state.write(f"{name}-port", ready[name].rpartition(":")[2])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # as the server does: a port whose last connections still linger is free
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
