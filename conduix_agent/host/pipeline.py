"""What one pipeline on this agent does next: a machine without clock, disk or processes.

`decide` compares what is wanted with what is there and names the next actions. Whoever carries them out tells what came
of them: `found` answers Look, `prepared` Prepare, `dealt` Deal, `spawned` and later `exited` Spawn, `kept` Keep. Call
`decide` after each of these, after `want`, and when `due` says so. Nothing is remembered of how the wanted state came
about: a newer one simply takes its place.

An epoch goes through Look, Prepare, Deal (if the shards are dealt to another number of replicas) and Spawn, in this
order; workers of another epoch, or of this one from before it was withdrawn, are stopped before its Look, so that a
deal never meets a worker.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from conduix.v1 import pipeline_service_pb2 as pb
from conduix_agent.host.actions import (
    Action,
    Aim,
    Deal,
    Forget,
    Found,
    Keep,
    Kill,
    Look,
    Prepare,
    Refusal,
    Spawn,
    Tell,
    Want,
)
from conduix_agent.host.replica import ENDS, FOR_GOOD, Live, Replica

GRACE = 5.0
"""Seconds after `drain_timeout` that a worker has to end itself."""
BACKOFF_FIRST = 0.1
BACKOFF_MOST = 30.0
SILENCE = 30.0
"""Seconds without a word, of a worker that speaks every second, after which its replica says so."""
CALM = 60.0
"""A worker that lived so many seconds has no history of crashes."""


class Pipeline:
    """See the module."""

    def __init__(self) -> None:
        self.wanted: Want | None = None
        self.replicas: dict[int, Replica] = {}
        self.drain_timeout = 15.0
        """Of the document."""
        self.notice = ""
        """Why nothing runs yet, for people; the one who prepares the document may set it."""
        self._found: Found | None = None
        self._busy: Look | Deal | None = None
        self._preparing: Want | None = None
        self._ready: Want | None = None
        self._refusal: Refusal | None = None
        self._deal_fails = 0
        self._deal_not_before = -math.inf
        self._leaving = False

    # what happened

    def want(self, want: Want | None) -> None:
        """This is wanted from now on; None: nothing of this pipeline."""
        old, self.wanted = self.wanted, want
        if want is not None and want.same_epoch(old):
            return
        self.notice, self._found, self._refusal = "", None, None
        self._preparing = self._ready = None
        self._deal_fails, self._deal_not_before = 0, -math.inf
        for number in list(self.replicas):
            live = self.replicas[number].live
            if live is None:
                del self.replicas[number]
            else:
                self.replicas[number] = Replica(live=live)
        for number in range(want.replicas if want else 0):
            self.replicas.setdefault(number, Replica())

    @property
    def idle(self) -> bool:
        """Is the agent ending, and nothing left to be done here?"""
        kept = all(replica.kept for _, replica in self._mine())
        return self._leaving and kept and not self.lives

    def leave(self) -> None:
        """The agent ends: bring every worker to its last checkpoint, start nothing."""
        self._leaving = True

    def found(self, found: Found) -> None:
        """What Look saw."""
        look, self._busy = self._busy, None
        want = self.wanted
        if not isinstance(look, Look) or want is None or not want.same_epoch(look.want):
            return
        self._found = found
        for number, replica in self._mine():
            replica.starts = found.starts.get(number, 0)
            replica.last = record = found.records.get(number)
            if record is not None and record.state in (ENDS if want.aim is Aim.STOP else FOR_GOOD):
                replica.end = record

    def prepared(self, want: Want, drain_timeout: float) -> None:
        """The document of `want` is here and can be run."""
        if want.same_epoch(self.wanted):
            self._preparing, self._ready, self.notice = None, want, ""
            self.drain_timeout = drain_timeout

    def refused(self, want: Want, refusal: Refusal) -> None:
        """The document of `want` cannot be run here."""
        if want.same_epoch(self.wanted):
            self._preparing, self._refusal = None, refusal

    def dealt(self, refusal: Refusal | None, now: float, *, again: bool = False) -> None:
        """A deal ended; look what is there. `again`: it may succeed if tried once more."""
        deal, self._busy, self._found = self._busy, None, None
        if not isinstance(deal, Deal) or not deal.want.same_epoch(self.wanted):
            return
        if refusal is None:
            self._deal_fails = 0
        elif again:
            self._deal_not_before = now + _backoff(self._deal_fails)
            self._deal_fails += 1
            self.notice = refusal.message
        else:
            self._refusal = refusal

    def spawned(self, number: int, starts: int) -> None:
        """The process of a replica runs; it is its replica's `starts`th."""
        self.replicas[number].starts = starts

    def said(self, number: int, status: pb.ReplicaStatus, now: float) -> None:
        """A worker told how it is."""
        replica = self.replicas[number]
        live = replica.live
        if live is None:
            return
        paused = status.state == pb.PIPELINE_STATE_PAUSED
        if paused and live.want.same_epoch(self.wanted) and not (live.status and live.status.state == status.state):
            replica.last, replica.kept = status, False
        live.status, live.heard, live.silent = status, now, False
        if live.ended:
            live.kill_at = min(live.kill_at, now + GRACE)
        elif now - live.since >= CALM:
            replica.crash, replica.crashes = "", 0

    def exited(self, number: int, cause: str, now: float) -> bool:
        """A worker's process is gone. Was that a crash?"""
        replica = self.replicas[number]
        live = replica.live
        if live is None:
            raise ValueError(f"replica {number} has no process")
        replica.live, replica.restart = None, False
        if not live.want.same_epoch(self.wanted):
            if self.wanted is None or number >= self.wanted.replicas:
                del self.replicas[number]
            return False
        replica.last = live.status or replica.last
        if live.status is not None and live.status.state in FOR_GOOD:
            replica.end, replica.kept = live.status, False
            return False
        if live.told is Aim.STOP and (live.ended or live.killed):
            replica.kept = not self._leaving or replica.last is None  # the next agent tells what was last known
            return False
        if now - live.since >= CALM:
            replica.crashes = 0
        replica.not_before = now + _backoff(replica.crashes)
        replica.crashes += 1
        replica.crash = cause
        return True

    def failed(self, action: Action, why: Refusal | None, cause: str, now: float) -> None:
        """Look, Keep or Spawn could not be done. `why`: there is no use in trying once more."""
        want = self.wanted
        if isinstance(action, Look):
            self._busy = None
        elif isinstance(action, Spawn):
            self.exited(action.replica, cause, now)
        self.notice = cause
        if why is not None and want is not None and isinstance(action, Look | Spawn) and want.same_epoch(action.want):
            self._found, self._refusal = self._found or Found(), why

    def kept(self, number: int) -> None:
        """What Keep asked for is durable."""
        if number in self.replicas:
            self.replicas[number].kept = True

    def ask_restart(self, number: int) -> bool:
        """Give a replica another worker, at once where it waits for one; False: it is to have none."""
        replica, want = self.replicas.get(number), self.wanted
        if replica is None or want is None or number >= want.replicas:
            return False
        if replica.live is None and replica.end is None and want.aim is Aim.RUN:
            replica.not_before = -math.inf
            return True
        replica.restart = replica.live is not None and replica.live.want.same_epoch(want)
        return replica.restart

    # what follows

    @property
    def lives(self) -> bool:
        """Is there a worker, or a deal under way?"""
        return isinstance(self._busy, Deal) or any(replica.live for replica in self.replicas.values())

    def due(self, now: float) -> float:
        """When `decide` is to be called though nothing happens; infinity: never."""
        lives = [replica.live for replica in self.replicas.values() if replica.live]
        times = [live.kill_at for live in lives if not live.killed]
        times += [live.heard + SILENCE for live in lives if not live.silent]
        if self.wanted is not None and self.wanted.aim is Aim.RUN and not self._leaving:
            times += [r.not_before for r in self.replicas.values() if r.live is None and r.end is None]
            times.append(self._deal_not_before if self._busy is None else math.inf)
        return min((time for time in times if time > now), default=math.inf)

    def decide(self, now: float) -> list[Action]:
        """The next actions, in their order. What is under way is not asked for again."""
        return list(self._decide(now))

    def _decide(self, now: float) -> Iterator[Action]:
        yield from self._kill_overdue(now)
        self._notice_silence(now)
        want = self.wanted
        if want is None or self._leaving:
            yield from self._stop(self.replicas, now)
            yield from self._keep()
            if want is None and self._busy is None and not self.lives:
                yield Forget()
            return
        before = [n for n, r in self.replicas.items() if r.live and not (self._found and r.live.want.same_epoch(want))]
        if before:
            yield from self._stop(before, now)
        elif self._busy is None and self._found is None:
            self._busy = Look(want)
            yield self._busy
        elif self._busy is None:
            yield from self._pursue(want, now)
            yield from self._keep()

    def _kill_overdue(self, now: float) -> Iterator[Action]:
        for number, replica in self.replicas.items():
            live = replica.live
            if live is not None and now >= live.kill_at and not live.killed:
                live.killed = True
                yield Kill(number)

    def _notice_silence(self, now: float) -> None:
        for replica in self.replicas.values():
            if replica.live is not None and now >= replica.live.heard + SILENCE:
                replica.live.silent = True

    def _stop(self, numbers: Iterable[int], now: float) -> Iterator[Action]:
        for number in numbers:
            live = self.replicas[number].live
            if live is not None and live.told is not Aim.STOP:
                live.told, live.kill_at = Aim.STOP, now + self.drain_timeout + GRACE
                yield Tell(number, Aim.STOP)

    def _keep(self) -> Iterator[Action]:
        for number, replica in self._mine():
            status = replica.end or replica.last
            if not replica.kept and status is not None and self.wanted is not None:
                yield Keep(self.wanted, number, status)

    def _pursue(self, want: Want, now: float) -> Iterator[Action]:
        mine = self._mine()
        yield from self._stop([number for number, replica in mine if replica.restart], now)
        if want.aim is Aim.STOP:
            yield from self._stop([number for number, _ in mine], now)
            for _, replica in mine:
                if replica.live is None and replica.end is None:
                    self._end(replica, pb.PIPELINE_STATE_STOPPED)
            return
        for number, replica in mine:
            if replica.end is not None and replica.end.state not in FOR_GOOD:
                replica.end = None
            if replica.live is not None and replica.live.told not in (want.aim, Aim.STOP):
                replica.live.told = want.aim
                yield Tell(number, want.aim)
        if want.aim is Aim.RUN:
            yield from self._run(want, now)

    def _run(self, want: Want, now: float) -> Iterator[Action]:
        idle = [(number, r) for number, r in self._mine() if r.live is None and r.end is None]
        if not idle:
            return
        if self._refusal is not None:
            for _, replica in idle:
                self._end(replica, pb.PIPELINE_STATE_FAILED, self._refusal)
        elif self._ready is None:
            if self._preparing is None:
                self._preparing = want
                yield Prepare(want)
        elif self._must_deal(want):
            if now >= self._deal_not_before:
                self._busy = Deal(want)
                yield self._busy
        else:
            for number, replica in idle:
                if now >= replica.not_before:
                    replica.live = Live(want, now)
                    yield Spawn(want, number)

    def _must_deal(self, want: Want) -> bool:
        dealt = self._found.dealt if self._found else 0
        return dealt != want.replicas and (dealt, want.replicas) != (0, 1)  # a single one cuts for itself

    def _end(self, replica: Replica, state: pb.PipelineState, why: Refusal | None = None) -> None:
        end = pb.ReplicaStatus()
        if replica.last is not None:
            end.CopyFrom(replica.last)
        end.ClearField("at")
        end.state, end.reason = state, pb.PAUSE_REASON_UNSPECIFIED
        end.code = why.code if why else ""
        end.detail = why.message if why else replica.crash
        end.remedy = why.remedy if why else ""
        replica.end, replica.kept = end, False

    def _mine(self) -> list[tuple[int, Replica]]:
        """The replicas that are wanted."""
        count = self.wanted.replicas if self.wanted else 0
        return [(number, replica) for number, replica in self.replicas.items() if number < count]

    # how it stands

    def status(self, number: int) -> pb.ReplicaStatus | None:
        """What is to be reported of a replica; None: it is not wanted."""
        want = self.wanted
        if want is None or number >= want.replicas:
            return None
        status, replica = pb.ReplicaStatus(), self.replicas[number]
        live = replica.live if replica.live and replica.live.want.same_epoch(want) else None
        ended = replica.end if replica.kept else None
        if (base := ended or (live and live.status) or replica.last) is not None:
            status.CopyFrom(base)
        if ended is None:
            self._describe(status, want, replica, live)
        status.replica, status.epoch, status.run_id = number, want.epoch, want.run_id
        status.revision, status.digest, status.starts = want.revision, want.digest, replica.starts
        return status

    def _describe(self, status: pb.ReplicaStatus, want: Want, replica: Replica, live: Live | None) -> None:
        """State and detail of one that has not ended, or whose end is not durable yet."""
        if live is not None and live.status is not None and not live.ended:
            if live.silent:
                status.detail = f"the worker has said nothing for {SILENCE:.0f} s or more"
                status.remedy = "look at its log and its host; a restart of the replica ends it"
            elif not status.detail and replica.crash:
                status.detail = f"{replica.crash}; started again"
            return
        status.ClearField("at")
        status.code, status.remedy, status.reason = "", "", pb.PAUSE_REASON_UNSPECIFIED
        if replica.end is not None or (live is not None and live.ended):
            status.state, status.detail = pb.PIPELINE_STATE_DRAINING, ""
        elif live is None and want.aim is Aim.PAUSE and self._found is not None:
            status.state, status.reason, status.detail = pb.PIPELINE_STATE_PAUSED, pb.PAUSE_REASON_OPERATOR, ""
        else:
            status.state, status.detail = pb.PIPELINE_STATE_STARTING, self._why_not_yet(replica)

    def _why_not_yet(self, replica: Replica) -> str:
        if replica.crash:
            return f"{replica.crash}; started again"
        if self._leaving:
            return "the agent is ending"
        if isinstance(self._busy, Deal):
            return f"the shards are being dealt to {self._busy.want.replicas} replicas"
        if any(r.live and not r.live.want.same_epoch(self.wanted) for r in self.replicas.values()):
            return "the workers of before are coming to their last checkpoint"
        return self.notice


def _backoff(crashes: int) -> float:
    """Seconds to wait after so many crashes in a row before this one."""
    return min(BACKOFF_MOST, BACKOFF_FIRST * 2.0 ** min(crashes, 20))
