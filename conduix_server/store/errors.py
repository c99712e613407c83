"""What foreign errors of the database drivers mean, in the words of `conduix.errors`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from conduix.errors import DatabaseContended, DatabaseUnavailable, FailedPrecondition, KeyTaken, SystemicError

RETRY_AFTER = 1.0


_DEADLOCK = frozenset({1205, 1213})
_REFUSED = {
    1044: "grant the user all rights on that database",
    1045: "check user and password of the database",
    1049: "create the database: CREATE DATABASE name CHARACTER SET utf8mb4",
}
# too many connections, shutdown, killed, read-only, cannot connect, gone, lost, disk full, I/O error
_AWAY = frozenset({1021, 1030, 1040, 1053, 1290, 1317, 1927, 2002, 2003, 2006, 2013, 2055})
_DUPLICATE = frozenset({1062, 1586})
_SQLITE_BUSY = ("database is locked", "database table is locked")
_SQLITE_AWAY = ("unable to open database", "disk i/o error", "database or disk is full", "readonly database")


@contextmanager
def translated() -> Iterator[None]:
    """Driver errors met inside leave as errors of ours; what is none of these is a mistake in our code and stays."""
    try:
        yield
    except exc.TimeoutError as error:
        raise _away("all connections to the database are busy") from error
    except exc.DBAPIError as error:
        raise _meaning(error) from error
    except (ConnectionError, TimeoutError, EOFError) as error:
        raise _away(f"the database does not answer: {error}") from error


def _meaning(error: exc.DBAPIError) -> Exception:
    number, text = _number(error), str(error.orig).lower()
    if number in _DEADLOCK or any(part in text for part in _SQLITE_BUSY):
        return DatabaseContended("the database let another transaction go first", remedy="try again", retry_after=0.1)
    if number in _REFUSED:
        return SystemicError(f"the database refuses: {error.orig}", system="database", remedy=_REFUSED[number])
    if error.connection_invalidated or number in _AWAY or any(part in text for part in _SQLITE_AWAY):
        return _away(f"the database does not answer: {error.orig}")
    if isinstance(error, exc.IntegrityError):
        return _integrity(error, number, text)
    return error


def _away(message: str) -> DatabaseUnavailable:
    remedy = "check that the database runs; the server goes on by itself"
    return DatabaseUnavailable(message, remedy=remedy, retry_after=RETRY_AFTER)


def _integrity(error: exc.IntegrityError, number: int, text: str) -> Exception:
    if number in _DUPLICATE or "unique constraint" in text:
        return KeyTaken("a resource with this name or id exists already", remedy="read it")
    if "foreign key" in text:
        return FailedPrecondition("what this refers to is gone, or something still refers to it")
    return error


def _number(error: exc.DBAPIError) -> int:
    arguments = getattr(error.orig, "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], int) else 0
