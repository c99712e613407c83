"""Every error that Conduix raises, with the stable code that scripts may rely on.

ConduixError
├── UsageError            wrong arguments, or state that needs a decision (exit 2)
├── DocumentError         a document that does not validate; carries its diagnostics (exit 2)
├── MappingError          one record failed in a mapping (class: record)
│   └── MappingSyntaxError  the mapping text itself is wrong; carries line and column
├── ConnectorError        an outside system, by what is to be done about it
│   ├── TransientError    try again (network, timeout, 429, 5xx)
│   │   └── DiskError     the local disk: full, read-only, I/O error → PAUSED(DISK)
│   ├── SystemicError     a person must act (rights, missing file or topic)
│   └── RecordError       this record is refused, others are not → dead letter
├── StateError            checkpoints: FenceLost, CheckpointDamaged, StateBusy, SourceChanged, WrittenDataGone
└── PipelineFailed        a run ended FAILED; carries cause and remedy (exit 1)
"""

from __future__ import annotations

import errno
from typing import ClassVar


class ConduixError(Exception):
    """Root of all errors. `code` is stable; `remedy` says what to do, in words for a person."""

    code: ClassVar[str] = "INTERNAL"

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class UsageError(ConduixError):
    """Wrong arguments, or a state in which the user must decide."""

    code = "USAGE"


class MappingError(ConduixError):
    """One record failed in a mapping; says the path, the types found and the mapping's line and column (from 1)."""

    code = "MAPPING_FAILED"

    def __init__(self, message: str, *, line: int = 0, column: int = 0, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.line = line
        self.column = column


class MappingSyntaxError(MappingError):
    """The text of a mapping is wrong; `line` and `column` count from 1 within that text."""

    code = "MAPPING_SYNTAX"


class ConnectorError(ConduixError):
    """An outside system refused or failed. `system` names it for the pause reason and the console."""

    code = "CONNECTOR_FAILED"

    def __init__(self, message: str, *, system: str = "", remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.system = system


class TransientError(ConnectorError):
    """Worth trying again: network, timeout, throttling."""

    code = "OUTSIDE_UNAVAILABLE"


class DiskError(TransientError):
    """The local disk is full, read-only or failing; the pipeline pauses with reason DISK and resumes by itself."""

    code = "DISK"


class SystemicError(ConnectorError):
    """Nothing will change until a person acts: rights, a missing path, topic or table."""

    code = "OUTSIDE_REFUSED"


class RecordError(ConnectorError):
    """One record is refused and goes to the dead letters."""

    code = "RECORD_REFUSED"


class StateError(ConduixError):
    """A checkpoint cannot be used or written."""

    code = "STATE"


class FenceLost(StateError):
    """Another owner holds a higher fence: stop, write nothing."""

    code = "FENCE_LOST"


class CheckpointDamaged(StateError):
    """The newest checkpoint does not verify and what it committed cannot be taken back."""

    code = "CHECKPOINT_DAMAGED"


class StateBusy(StateError):
    """Another process holds this state directory."""

    code = "STATE_BUSY"


class SourceChanged(StateError):
    """What is to be resumed is not what was started: shorter, another inode, gone."""

    code = "SOURCE_CHANGED"


class WrittenDataGone(StateError):
    """A sink holds less than its checkpoint says was durable there."""

    code = "WRITTEN_DATA_GONE"


class PipelineFailed(ConduixError):
    """A run ended in the state FAILED."""

    code = "PIPELINE_FAILED"


_DISK_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG})


def from_os_error(error: OSError, doing: str, path: str) -> ConnectorError:
    """The classed error of an OSError met while `doing` something to `path`.

    A full or failing disk is a DiskError; a missing file, missing rights and the rest are systemic.
    """
    text = f"cannot {doing} {path}: {error.strerror or error}"
    if error.errno in _DISK_ERRNOS:
        return DiskError(
            text, system=path, remedy="free space on that disk or repair it; the pipeline goes on by itself"
        )
    return SystemicError(text, system=path, remedy=_OS_REMEDIES.get(error.errno or 0, "see the cause above"))


_OS_REMEDIES = {
    errno.ENOENT: "check the path; create the directory or file that is missing",
    errno.EACCES: "give the user that runs Conduix the right to it",
    errno.EPERM: "give the user that runs Conduix the right to it",
    errno.EISDIR: "name a file, not a directory",
    errno.ENOTDIR: "a part of the path is a file, not a directory",
}
