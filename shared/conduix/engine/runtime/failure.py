"""The failure of an actor: who raised it, and its cause in the classes that the supervisor decides by."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from conduix.errors import ConduixError, PipelineFailed, TransientError, from_os_error

CHECKPOINT = "checkpoint"
"""Stands for an actor where the checkpoint store failed."""


class ActorFailed(Exception):
    """An actor of this attempt raised `cause`; of an OSError the class that says what is to be done about it."""

    def __init__(self, actor: str, cause: BaseException) -> None:
        self.actor = actor
        self.cause = _classed(cause, actor) if isinstance(cause, OSError) else cause
        super().__init__(f"{actor}: {told(self.cause)}")


@contextmanager
def failure_of(actor: str) -> Iterator[None]:
    """Whatever is raised inside is the failure of `actor`, unless it was said already whose it is."""
    try:
        yield
    except (ActorFailed, PipelineFailed):
        raise
    except Exception as error:
        raise ActorFailed(actor, error) from error


def told(cause: BaseException) -> str:
    """The cause as a sentence: our own errors speak for themselves, others are named by their type."""
    if isinstance(cause, ConduixError):
        return cause.message
    return f"{type(cause).__name__}: {cause}" if str(cause) else type(cause).__name__


def code_of(cause: BaseException | None) -> str:
    """The stable code of a cause; empty: it is none of our errors."""
    return cause.code if isinstance(cause, ConduixError) else ""


def _classed(error: OSError, actor: str) -> ConduixError:
    """Connectors class their errors; what slipped through is told apart by its type and number."""
    if isinstance(error, (ConnectionError, TimeoutError, socket.gaierror)):
        return TransientError(f"{type(error).__name__}: {error}", system=actor)
    return from_os_error(error, "use", str(error.filename or actor))
