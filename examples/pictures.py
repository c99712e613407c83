"""Pictures of the console for the documentation, rendered from a recording: `make pictures`.

`python -m examples.pictures record` makes a new recording, of the current context's server: of a `conduix up --demo`.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch

import orjson
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message

from conduix.errors import NotFound, Resource
from conduix.v1 import pipeline_service_pb2 as pb
from conduix.v1.common_pb2 import ROLE_OPERATOR
from conduix_tui.app import ConduixApp
from conduix_tui.client.client import Client
from conduix_tui.client.contexts import ContextFile
from conduix_tui.doors import Doors
from conduix_tui.screens import states
from conduix_tui.session import Session
from conduix_tui.store.navigation import Location
from conduix_tui.store.recording import Recorded, Recording, Replay
from conduix_tui.store.updates import All, Origin, Put, Update
from examples.listing import ROOT

PICTURES = ROOT / "docs" / "pictures"
RECORDING = PICTURES / "demo.jsonl"
ANSWERS = PICTURES / "answers.json"
"""What the server answered to what pages ask for by themselves: by method, one second after the other."""
WIDTH = 128
SHOWN = "live-shop"
"""The pipeline of the third picture."""
CHANGES = 40
"""Of pipelines, in a recording; those of runs say the same."""
SECONDS = 5
ASKED: Mapping[str, Message] = {
    "GetPipelineStatus": pb.GetPipelineStatusRequest(pipeline=pb.PipelineRef(name=SHOWN)),
    "GetPipeline": pb.GetPipelineRequest(pipeline=pb.PipelineRef(name=SHOWN)),
    "GetPipelineMetrics": pb.GetPipelineMetricsRequest(pipeline=pb.PipelineRef(name=SHOWN)),
}


@dataclass(frozen=True, slots=True)
class Picture:
    """One page; it is ready when `wanted` stands on it."""

    name: str
    location: Location
    wanted: str
    height: int


TAKEN = (
    Picture("triage", Location("triage"), "No such file or directory", 14),
    Picture("pipelines", Location("pipelines"), "stocks-by-quarter", 22),
    Picture("flow", Location("pipeline", SHOWN), "● busy", 46),
)


class RecordedClient:
    """Answers as the server did when it was recorded, at the end always the same; stands where a Client would."""

    def __init__(self, answers: Mapping[str, list[Any]]) -> None:
        self._answers = answers
        self.pipelines = SimpleNamespace(**{name: name for name in ASKED})

    async def call(self, method: str, _request: Message, **_: object) -> Message:
        """The recorded answer. Raises NotFound where there is none."""
        if method not in self._answers:
            raise NotFound(Resource.PIPELINE, method, remedy="record it anew")
        left = self._answers[method]
        return ParseDict(left.pop(0) if len(left) > 1 else left[0], getattr(pb, f"{method}Response")())

    async def close(self) -> None:
        """There is nothing to close."""


class Changes:
    """An origin that tells of another one what there is, and how pipelines change."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin

    async def updates(self) -> AsyncIterator[Update]:
        """Until there were enough."""
        known: dict[str, Message] = {}
        left = CHANGES
        async for update in self._origin.updates():
            if isinstance(update, All):
                yield update
            elif isinstance(update, Put) and update.kind == "pipeline" and known.get(update.key) != update.item:
                known[update.key] = update.item
                left -= 1
                yield update
            if left == 0:
                return


async def record() -> None:
    """Write down what the server of the current context tells. Raises ConduixError."""
    doors = Doors(ContextFile.of_user(os.environ), os.environ)
    session = await doors.enter(doors.target())
    client = cast("Client", session.client)  # a door leads to a server
    with Recording(RECORDING) as recording:
        async for _ in Recorded(Changes(session.origin), recording).updates():
            pass
    answers: dict[str, list[Any]] = {name: [] for name in ASKED}
    for _ in range(SECONDS):
        for name, request in ASKED.items():
            answer = await client.call(getattr(client.pipelines, name), request)
            if not answers[name] or name == "GetPipelineStatus":
                answers[name].append(MessageToDict(answer, preserving_proto_field_name=True))
        await asyncio.sleep(1)
    ANSWERS.write_bytes(orjson.dumps(answers) + b"\n")
    await client.close()


async def render(into: Path = PICTURES) -> list[Path]:
    """Render all; returns the files."""
    with RECORDING.open("rb") as file:
        recorded_at = orjson.loads(file.readline())["recorded_at"]
    # ages are those of then, whenever it is rendered
    with patch.object(states, "clock", return_value=recorded_at + CHANGES):
        return [await _take(picture, into) for picture in TAKEN]


async def _take(picture: Picture, into: Path) -> Path:
    client = cast("Client", RecordedClient(orjson.loads(ANSWERS.read_bytes())))
    session = Session(Replay(RECORDING, speed=0), client, "demo", "admin", ROLE_OPERATOR)
    app = ConduixApp(session, picture.location)
    async with app.run_test(size=(WIDTH, picture.height)) as pilot:
        until = time.monotonic() + 30
        while picture.wanted not in (svg := app.export_screenshot(title="conduix-tui")).replace("&#160;", " "):
            if time.monotonic() > until:
                raise TimeoutError(f"{picture.name}: no {picture.wanted!r} on the screen")
            await pilot.pause(0.1)
    path = into / f"{picture.name}.svg"
    path.write_text(_plain(svg), encoding="utf-8")
    return path


def _plain(svg: str) -> str:
    """Without the fonts that it would fetch from elsewhere: the reader's own will do."""
    without = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    return re.sub(r"font-family: [^;]+;", "font-family: monospace;", without)


def main() -> int:
    """Record, or render and list."""
    if sys.argv[1:] == ["record"]:
        asyncio.run(record())
        return 0
    for path in asyncio.run(render()):
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
