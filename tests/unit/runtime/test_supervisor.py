"""Restarts counted exactly, pauses between them, which cause leads to what: held against a model of thirty lines."""

from __future__ import annotations

import math

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from conduix.engine.runtime.failure import ActorFailed
from conduix.engine.runtime.supervisor import Decision, Escalate, Pause, Restart, Supervisor
from conduix.errors import (
    CheckpointDamaged,
    ConduixError,
    ConnectorError,
    DiskError,
    FenceLost,
    MappingError,
    RecordError,
    RequestError,
    SystemicError,
    TransientError,
    UsageError,
)
from conduix.spec.model import BackoffSpec, SupervisionSpec


def spec(restarts: int = 5, within: float = 300.0) -> SupervisionSpec:
    backoff = BackoffSpec.model_construct(initial=1.0, max=16.0)
    return SupervisionSpec.model_construct(
        strategy="one_for_one", max_restarts=restarts, within_seconds=within, backoff=backoff
    )


def supervisor(restarts: int = 5, within: float = 300.0, jitter: float = 0.0) -> Supervisor:
    return Supervisor(spec(restarts, within), lambda: jitter)


def delays(decisions: list[Decision]) -> list[float]:
    return [d.delay for d in decisions if isinstance(d, Restart)]


def test_exactly_max_restarts_survive() -> None:
    one = supervisor()
    decisions = [one.failed("a", ValueError("x"), float(at)) for at in range(6)]
    assert [type(d) for d in decisions] == [Restart] * 5 + [Escalate]
    assert one.restarts == {"a": 5}


def test_the_window_slides() -> None:
    """The sixth failure survives as soon as the first one is as old as the window."""
    one = supervisor()
    for at in (0.0, 10.0, 20.0, 30.0, 40.0):
        one.failed("a", ValueError("x"), at)
    assert isinstance(one.failed("a", ValueError("x"), 299.9), Escalate)
    assert isinstance(one.failed("a", ValueError("x"), 300.0), Restart)
    assert isinstance(one.failed("a", ValueError("x"), 309.9), Escalate)
    assert isinstance(one.failed("b", ValueError("x"), 310.0), Restart)


def test_the_pause_doubles_up_to_its_maximum_and_jitter_only_shortens_it() -> None:
    full = [1.0, 2.0, 4.0, 8.0, 16.0, 16.0, 16.0]
    one = supervisor(restarts=7)
    assert delays([one.failed("a", ValueError("x"), 0.0) for _ in range(7)]) == full
    least = supervisor(restarts=7, jitter=math.nextafter(1.0, 0.0))
    assert delays([least.failed("a", ValueError("x"), 0.0) for _ in range(7)]) == pytest.approx([d / 2 for d in full])


def test_the_pause_starts_over_when_the_window_is_empty() -> None:
    one = supervisor()
    first = [one.failed("a", ValueError("x"), at) for at in (0.0, 1.0, 2.0)]
    assert delays([*first, one.failed("a", ValueError("x"), 1000.0)]) == [1.0, 2.0, 4.0, 1.0]


def test_no_restarts_at_all() -> None:
    assert isinstance(supervisor(restarts=0).failed("a", ValueError("x"), 0.0), Escalate)


def test_an_outside_system_past_the_intensity_is_waited_for_and_a_bug_is_not() -> None:
    away, bug = supervisor(restarts=1), supervisor(restarts=1)
    assert isinstance(away.failed("a", TransientError("reset", system="kafka"), 0.0), Restart)
    assert away.failed("a", TransientError("reset", system="kafka"), 1.0) == Pause("OUTSIDE", "kafka")
    bug.failed("a", KeyError("x"), 0.0)
    assert bug.failed("a", KeyError("x"), 1.0) == Escalate("a failed again after 1 restarts in 300 s: KeyError: 'x'")


@pytest.mark.parametrize(
    ("cause", "decision"),
    [
        (DiskError("full", system="/data"), Pause("DISK", "/data")),
        (SystemicError("no right", system="db"), Pause("OUTSIDE", "db")),
        (RecordError("refused"), Escalate("a: refused")),
        (MappingError("no field"), Escalate("a: no field")),
        (CheckpointDamaged("torn"), Escalate("a: torn")),
        (FenceLost("another"), Escalate("a: another")),
        (UsageError("wrong"), Escalate("a: wrong")),
        (ConnectorError("what?"), Restart(frozenset({"a"}), 1.0)),
        (TransientError("reset"), Restart(frozenset({"a"}), 1.0)),
        (AssertionError("invariant"), Restart(frozenset({"a"}), 1.0)),
        (MemoryError(), Restart(frozenset({"a"}), 1.0)),
    ],
)
def test_the_cause_decides(cause: Exception, decision: Decision) -> None:
    assert supervisor().failed("a", cause, 0.0) == decision


def test_every_error_of_ours_is_decided() -> None:
    """Only what an outside system said may be tried again; all else of ours would say the same once more."""

    def leaves(of: type[ConduixError]) -> list[type[ConduixError]]:
        return [of, *(leaf for sub in of.__subclasses__() for leaf in leaves(sub))]

    for kind in leaves(ConduixError):
        if kind.__module__ != "conduix.errors" or issubclass(kind, RequestError):
            continue  # raised before anything runs, or an answer to somebody's call
        decision = supervisor().failed("a", kind("x"), 0.0)
        again = issubclass(kind, ConnectorError) and not issubclass(kind, RecordError)
        assert isinstance(decision, Escalate) is not again, kind


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (OSError(28, "No space left on device"), DiskError),
        (OSError(5, "Input/output error"), DiskError),
        (PermissionError(13, "Permission denied", "/x"), SystemicError),
        (FileNotFoundError(2, "No such file or directory", "/x"), SystemicError),
        (ConnectionResetError("reset by peer"), TransientError),
        (TimeoutError(), TransientError),
    ],
)
def test_errors_that_a_connector_did_not_class_are_classed(raw: OSError, kind: type[ConnectorError]) -> None:
    assert type(ActorFailed("a", raw).cause) is kind


class AgainstTheModel(RuleBasedStateMachine):
    """Failures of several actors at growing times; the model keeps the whole history and counts anew each time."""

    @initialize(restarts=st.integers(0, 4), within=st.sampled_from([1.0, 10.0, 60.0]), jitter=st.floats(0, 0.99))
    def begin(self, restarts: int, within: float, jitter: float) -> None:
        self.now = 0.0
        self.limit, self.within, self.jitter = restarts, within, jitter
        self.supervisor = supervisor(restarts, within, jitter)
        self.history: list[tuple[str, float]] = []
        self.log: list[tuple[Decision, Decision]] = []

    def model(self, actor: str, cause: Exception) -> Decision:
        recent = [at for _, at in self.history if at > self.now - self.within]
        if isinstance(cause, DiskError):
            return Pause("DISK", cause.system)
        if isinstance(cause, SystemicError):
            return Pause("OUTSIDE", cause.system)
        if isinstance(cause, CheckpointDamaged):
            return Escalate(f"{actor}: {cause}")
        if len(recent) < self.limit:
            full = [1.0, 2.0, 4.0, 8.0, 16.0][min(4, len(recent))]
            self.history.append((actor, self.now))
            return Restart(frozenset({actor}), full - full * self.jitter / 2)
        if isinstance(cause, TransientError):
            return Pause("OUTSIDE", cause.system)
        times = f"{self.limit} restarts in {self.within:g} s"
        return Escalate(f"{actor} failed again after {times}: {type(cause).__name__}: {cause}")

    @rule(seconds=st.sampled_from([0.0, 0.5, 1.0, 9.999, 10.0, 61.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(
        actor=st.sampled_from("abc"),
        cause=st.sampled_from(
            [
                ValueError("bug"),
                TransientError("away", system="s"),
                SystemicError("no", system="s"),
                DiskError("full", system="d"),
                CheckpointDamaged("torn"),
            ]
        ),
    )
    def an_actor_fails(self, actor: str, cause: Exception) -> None:
        self.log.append((self.supervisor.failed(actor, cause, self.now), self.model(actor, cause)))

    @invariant()
    def both_decide_alike(self) -> None:
        for real, modelled in getattr(self, "log", []):
            if isinstance(real, Restart) and isinstance(modelled, Restart):
                assert real.actors == modelled.actors
                assert real.delay == pytest.approx(modelled.delay)
            else:
                assert real == modelled

    @invariant()
    def restarts_are_counted_by_actor(self) -> None:
        history = getattr(self, "history", [])
        wanted = {actor: sum(a == actor for a, _ in history) for actor, _ in history}
        assert not history or self.supervisor.restarts == wanted


TestAgainstTheModel = pytest.mark.slow(AgainstTheModel.TestCase)
