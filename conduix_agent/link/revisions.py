"""Documents on disk, so that an agent starts its pipelines when no server answers."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path

from google.protobuf.message import DecodeError

from conduix.engine.files import Files
from conduix.errors import StateDamaged
from conduix.v1 import mesh_service_pb2 as pb
from conduix_agent.link.checked import read_checked, write_checked

log = logging.getLogger(__name__)
MOST = 200
"""Documents; the one that was used longest ago goes first."""


class Revisions:
    """A folder with a file for each revision, by pipeline and number: a revision never changes."""

    def __init__(self, folder: Path, files: Files, *, most: int = MOST) -> None:
        self._folder = folder
        self._files = files
        self._most = most
        files.mkdir(folder)

    def get(self, pipeline_id: str, number: int) -> pb.FetchRevisionResponse | None:
        """What was kept; None: nothing, or it cannot be read, which a server can mend."""
        path = self._path(pipeline_id, number)
        try:
            body = read_checked(path)
            revision = None if body is None else pb.FetchRevisionResponse.FromString(body)
        except (StateDamaged, DecodeError, OSError) as error:
            log.warning(
                "revision %d of pipeline %s cannot be read from disk and is fetched anew: %s",
                number,
                pipeline_id,
                error,
            )
            return None
        if revision is not None:
            with suppress(OSError):  # only says that it was used
                os.utime(path)
        return revision

    def put(self, pipeline_id: str, revision: pb.FetchRevisionResponse) -> None:
        """Keep one; durable when this returns. Raises OSError."""
        write_checked(self._files, self._path(pipeline_id, revision.number), revision.SerializeToString())
        kept = sorted(self._folder.glob("*.rev"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        for path in kept[self._most :]:
            self._files.unlink(path)

    def _path(self, pipeline_id: str, number: int) -> Path:
        return self._folder / f"{pipeline_id}-{number:06d}.rev"
