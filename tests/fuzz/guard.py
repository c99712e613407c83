"""Runs one case with a limit on its time, and says what came of it."""

from __future__ import annotations

import hashlib
import signal
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from tests.fuzz.target import Case, Fault, Target


class TooLong(BaseException):
    """The case took more CPU time than it may; no `except Exception` on its way may catch it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a case: a word for it, or `kind` and `detail` of a finding."""

    label: str
    seconds: float
    """CPU time."""
    kind: str = ""
    detail: str = ""

    @property
    def key(self) -> str:
        """A short name for the finding, from its kind."""
        return hashlib.sha256(self.kind.encode()).hexdigest()[:10]


@contextmanager
def _limit(seconds: float) -> Iterator[None]:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TooLong

    before = signal.signal(signal.SIGPROF, stop)
    # again and again: where the first one is swallowed, the next comes soon
    signal.setitimer(signal.ITIMER_PROF, seconds, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def judge(target: Target, case: Case) -> Verdict:
    """Run the case. Anything but a word is a finding."""
    began = time.process_time()
    try:
        with _limit(target.seconds):
            label = target.run(case)
    except Fault as fault:
        return Verdict("finding", time.process_time() - began, fault.kind, fault.detail)
    except TooLong:
        return Verdict("finding", time.process_time() - began, "takes too long", traceback.format_exc())
    except Exception as error:  # noqa: BLE001 - whatever is not expected is what a fuzzer looks for
        return Verdict("finding", time.process_time() - began, _kind(error), traceback.format_exc())
    return Verdict(label, time.process_time() - began)


def _kind(error: Exception) -> str:
    """The error's type and where in the project it was raised."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/tests/" not in frame.filename]
    inside = [frame for frame in frames if "/conduix/" in frame.filename] or frames
    where = f"{inside[-1].filename.rsplit('/conduix/')[-1]}:{inside[-1].name}" if inside else "the target"
    return f"{type(error).__name__} in {where}"
