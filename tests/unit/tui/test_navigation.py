"""Commands are read, completed and corrected; going back brings filters back."""

from __future__ import annotations

import pytest

from conduix.errors import NotFound, Resource, UsageError
from conduix_tui.store.calls import CallLog
from conduix_tui.store.navigation import Destination, History, Location, Place, Places

PLACES = Places(
    [
        Place("triage", "what needs a person", ("t",)),
        Place("pipelines", "all pipelines", ("p", "pipes"), targets=lambda: ["orders", "flights", "re-orders"]),
        Place("pipeline", "one pipeline", needs_target=True, targets=lambda: ["orders", "flights", "re-orders"]),
    ]
)


@pytest.mark.parametrize(
    ("text", "location", "context"),
    [
        ("p", Location("pipelines"), ""),
        ("Pipelines orders !healthy", Location("pipelines", filter="orders !healthy"), ""),
        (
            "pipelines sort=lag:desc @prod orders",
            Location("pipelines", filter="orders", sort="lag", falling=True),
            "prod",
        ),
        ("pipeline orders", Location("pipeline", "orders"), ""),
    ],
)
def test_commands_are_read(text: str, location: Location, context: str) -> None:
    assert PLACES.read(text) == Destination(location, context)
    assert PLACES.read(location.command).location == location


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "nowhere to go"), ("pipelnes", "did you mean pipelines?"), ("pipeline", "pipeline NAME"), ("zzz", "triage")],
)
def test_what_cannot_be_read_is_told(text: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        PLACES.read(text)
    assert said in f"{raised.value.message}; {raised.value.remedy}"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ["triage", "pipelines", "pipeline"]),
        ("pipe", ["pipelines", "pipeline"]),
        ("t", ["triage"]),
        ("pipeline or", ["pipeline orders", "pipeline re-orders"]),
        ("p fl", ["p flights"]),
        ("nowhere x", []),
        ("pipeline orders x", []),
    ],
)
def test_commands_are_completed(text: str, lines: list[str]) -> None:
    assert PLACES.complete(text) == lines


def test_going_back_brings_filter_and_order_with_it() -> None:
    history = History(Location("triage"))
    assert history.back() is None
    history.go(Location("pipelines"))
    history.note(filter_text="orders", sort="lag", falling=True)
    history.go(Location("pipeline", "orders"))
    assert history.back() == Location("pipelines", filter="orders", sort="lag", falling=True)
    assert history.forward() == Location("pipeline", "orders")
    assert history.forward() is None
    assert history.go(Location("triage")) == Location("triage")
    assert history.go(Location("pipelines")).filter == "orders"
    assert history.go(Location("pipelines", filter="flights")).sort == ""
    assert history.forward() is None


async def test_every_call_is_written_down_however_it_ends() -> None:
    moments = iter([1.0, 1.25, 2.0, 2.5])
    log = CallLog(clock=lambda: 1000.0, timer=lambda: next(moments))

    async def fine() -> int:
        return 7

    async def missing() -> int:
        raise NotFound(Resource.PIPELINE, "orders")

    assert await log.run("StartPipeline", "conduix start orders", fine()) == 7
    with pytest.raises(NotFound):
        await log.run("StopPipeline", "conduix stop orders", missing())
    first, second = log
    assert (first.cli, first.seconds, first.code) == ("conduix start orders", 0.25, "")
    assert (second.method, second.seconds, second.code) == ("StopPipeline", 0.5, "PIPELINE_NOT_FOUND")
