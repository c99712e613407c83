"""A file's content by offset, whether it is plain or packed."""

from __future__ import annotations

import io
import os
import zlib
from typing import IO, Protocol

from conduix.engine.connectors.file.options import Packing
from conduix.errors import SourceChanged, SystemicError, from_os_error

_BLOCK = 256 * 1024


class Content(Protocol):
    """Bytes of a file, unpacked. Offsets asked for never go back, except to before what was not looked at yet."""

    def at(self, offset: int, size: int) -> bytes:
        """`size` bytes from `offset` on; fewer only at the end."""

    def consumed(self) -> int:
        """Bytes of the file itself that were read so far: how far along it is."""

    def close(self) -> None:
        """Release the file."""


class Plain:
    """A file as it stands, up to the size that it had when the work was cut."""

    def __init__(self, fd: int, path: str, size: int) -> None:
        self._fd = fd
        self._path = path
        self._size = size
        self._seen = 0

    def at(self, offset: int, size: int) -> bytes:
        """See `Content.at`.

        Raises:
            SourceChanged: the file has become shorter.
            ConnectorError: it cannot be read.
        """
        wanted = min(size, self._size - offset)
        parts: list[bytes] = []
        while wanted > 0:
            try:
                data = os.pread(self._fd, wanted, offset)
            except OSError as error:
                raise from_os_error(error, "read", self._path) from error
            if not data:
                raise self._shorter(offset)
            parts.append(data)
            offset += len(data)
            wanted -= len(data)
        self._seen = offset
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _shorter(self, end: int) -> SourceChanged:
        return SourceChanged(
            f"{self._path} became shorter while it was read: it had {self._size} bytes, now it ends at {end}",
            remedy="start again with --fresh once nothing writes to the file any more",
        )

    def consumed(self) -> int:
        """See `Content.consumed`."""
        return self._seen

    def close(self) -> None:
        """See `Content.close`."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class Stream(Protocol):
    """What is unpacked, from its beginning on."""

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""

    def close(self) -> None:
        """Release it, not the file below it."""


class Unpacked:
    """A packed file, unpacked as it is read: only what is looked at is held, whatever it would grow to."""

    def __init__(self, stream: Stream, raw: io.FileIO, path: str) -> None:
        self._stream = stream
        self._raw = raw
        self._path = path
        self._held = b""
        self._base = 0

    def at(self, offset: int, size: int) -> bytes:
        """See `Content.at`.

        Raises:
            SystemicError: the archive is damaged.
        """
        while self._base + len(self._held) < offset:
            self._base += len(self._held)
            self._held = self._block(min(_BLOCK, offset - self._base))
            if not self._held:
                return b""
        self._held = self._held[offset - self._base :]
        self._base = offset
        parts = [self._held]
        missing = size - len(self._held)
        while missing > 0 and (block := self._block(missing)):
            parts.append(block)
            missing -= len(block)
        self._held = b"".join(parts)
        return self._held[:size]

    def _block(self, size: int) -> bytes:
        try:
            return self._stream.read(min(size, _BLOCK))
        except (EOFError, zlib.error, ValueError, OSError) as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> Exception:
        if isinstance(error, OSError) and error.errno is not None:
            return from_os_error(error, "read", self._path)
        return SystemicError(
            f"{self._path} is damaged, {self._base + len(self._held)} bytes could be unpacked: {error}",
            system=self._path,
            remedy="get the file again; if it is not packed at all, write compression: none",
        )

    def consumed(self) -> int:
        """See `Content.consumed`."""
        return 0 if self._raw.closed else self._raw.tell()

    def close(self) -> None:
        """See `Content.close`."""
        self._stream.close()
        self._raw.close()


def open_content(fd: int, path: str, packing: Packing, size: int) -> Content:
    """Content of the open file `fd`, which is closed with it.

    Raises:
        SystemicError: it is no such archive.
    """
    if packing == "none":
        return Plain(fd, path, size)
    raw = io.FileIO(fd, "rb")
    try:
        stream = _gzip(raw) if packing == "gzip" else _zip_member(raw, path)
    except BaseException:
        raw.close()
        raise
    return Unpacked(stream, raw, path)


def _gzip(raw: io.FileIO) -> Stream:
    import gzip  # noqa: PLC0415 - the command line must start fast

    return gzip.GzipFile(fileobj=raw, mode="rb")


class _Member:
    """A zip member whose damage is a ValueError: zipfile is imported only where there is a zip."""

    def __init__(self, member: IO[bytes]) -> None:
        self._member = member

    def read(self, size: int) -> bytes:
        """See `Stream.read`."""
        import zipfile  # noqa: PLC0415 - the command line must start fast

        try:
            return self._member.read(size)
        except zipfile.BadZipFile as error:
            raise ValueError(str(error)) from error

    def close(self) -> None:
        """See `Stream.close`."""
        self._member.close()


def _zip_member(raw: io.FileIO, path: str) -> Stream:
    import zipfile  # noqa: PLC0415 - the command line must start fast

    try:
        archive = zipfile.ZipFile(raw)
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) != 1:
            raise SystemicError(
                f"{path} holds {len(members)} files; a zip that is read must hold exactly one",
                system=path,
                remedy="unpack it and name the files under paths",
            )
        return _Member(archive.open(members[0]))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise SystemicError(
            f"cannot unpack {path}: {error}",
            system=path,
            remedy="unpack it with unzip first; if it is no zip at all, write compression: none",
        ) from error
