"""The cells of the chaos matrix: what is done to a run of `conduix run`, after which its output must be identical."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from conduix.engine.failpoints import NAMES
from tests.chaos.crashfs import materialise
from tests.chaos.driver import INTERRUPTED, KILLED, Finished, Reference, Run, Verdict, judge, other_sizes
from tests.chaos.powerloss import Check, make_clean, prepare, record
from tests.chaos.trace import Rereads

MOMENTS = 20
"""Runs that are killed at random moments, several times each."""
POWER_CUTS = 3
"""Logs that are cut after each of their operations."""
POWER_RECORDS = 2_000
STOPS = 5
_AT_MOST = {
    "checkpoint.claimed": 1,
    "checkpoint.zero": 1,
    "checkpoint.prepared": 1,
    "commit.renamed": 2,
    "commit.done": 1,
}
"""Points that a run passes only so often: at its start or at its end."""
_IN_REWIND = ("checkpoint.written", "checkpoint.fsynced", "checkpoint.renamed", "source.read", "sink.write")
"""Where a process is killed while it recovers from what was raised: finishing the old attempt's save, or after it."""
_IN_RECOVERY = ("checkpoint.claimed", "checkpoint.written", "source.read", "sink.half_written", "barrier.ack")
"""Where the process that resumes is killed too; the first two of them also where only commits are repeated."""
_REFUSALS = ("sink.write", "sink.half_written", "sink.before_fsync", "checkpoint.written")
"""Where the disk refuses."""
SLOW_SAVE = "checkpoint.written:0.2"


class Impossible(Exception):
    """This machine does not allow what a cell wants to do; says why."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What a cell works with."""

    reference: Reference
    directory: Path
    """Its own, emptied before it begins."""
    random: Random

    def run(self) -> Run:
        """A new run."""
        return Run(self.directory, self.reference.source, self.reference.scale)


@dataclass(frozen=True, slots=True)
class Cell:
    """One thing that is done. `row` groups cells in the report, `name` replays one."""

    row: str
    name: str
    execute: Callable[[Bench], Verdict]


def all_cells(seed: int, highest_k: int = 12) -> list[Cell]:
    """Every cell; the passes at which points fire are drawn by seed, up to `highest_k`."""
    return [
        *_kills(seed, highest_k),
        *_again(seed),
        *_moments(),
        *(Cell("SIGTERM at random moments", f"stops {number}", _stopped_at_moments) for number in range(STOPS)),
        *_raises(seed, highest_k),
        *_rewinds(seed),
        *_disk(seed),
        *(Cell("power cut after every operation", f"power {number}", _power_cut) for number in range(POWER_CUTS)),
    ]


def _passes(name: str, seed: int, highest_k: int) -> list[int]:
    """At which passes a point fires: the first, the second, and a later one."""
    later = Random(f"{seed} {name}").randint(3, highest_k)
    return [k for k in (1, 2, later) if k <= _AT_MOST.get(name, highest_k)]


def _kills(seed: int, highest_k: int) -> Iterator[Cell]:
    for name in NAMES:
        for k in _passes(name, seed, highest_k):
            yield Cell("kill -9 at a failpoint", f"kill {name}:{k}", killed_at(f"{name}:{k}"))


def _again(seed: int) -> Iterator[Cell]:
    for name in NAMES:
        point = f"{name}:{_passes(name, seed, 3)[-1]}"
        ended = name in {"checkpoint.prepared", "commit.renamed", "commit.done"}
        then = Random(f"{seed} {name} again").choice(_IN_RECOVERY[:2] if ended else _IN_RECOVERY)
        yield Cell("kill -9 again while it resumes", f"again {point} {then}", killed_at(point, then))


def _moments() -> Iterator[Cell]:
    for number in range(MOMENTS):
        yield Cell("kill -9 at random moments", f"moments {number}", _killed_at_moments)


def _raises(seed: int, highest_k: int) -> Iterator[Cell]:
    for name in NAMES:
        for k in {1, _passes(name, seed, highest_k)[-1]}:
            yield Cell("raise at a failpoint", f"raise {name}:{k}", _raised_at(f"{name}:{k}"))


def _rewinds(seed: int) -> Iterator[Cell]:
    for name in NAMES:
        if name in {"checkpoint.claimed", "checkpoint.zero"}:
            continue  # before the first attempt there is nothing to rewind
        point = f"{name}:{_passes(name, seed, 3)[-1]}"
        if not name.startswith(("commit.", "checkpoint.prepared")):  # at the end nothing is saved any more
            then = Random(f"{seed} {name} then").choice(_IN_REWIND)
            yield Cell("raise, slowed save, kill -9 in the rewind", f"rewind {point} {then}", _killed_in(point, then))
        yield Cell("raise, slowed save, kill -9 from outside", f"slow {point}", _killed_while_slow(point))


def _disk(seed: int) -> Iterator[Cell]:
    for name in _REFUSALS:
        for error in ("ENOSPC", "EIO"):
            k = Random(f"{seed} {name} {error}").randint(3, 8)
            yield Cell("the disk refuses", f"disk {name}:{k}={error}", _refused_at(f"{name}:{k}={error}"))
    yield Cell("a small file system fills up", "full", _filled_up)


def killed_at(*points: str) -> Callable[[Bench], Verdict]:
    """Killed at a failpoint, as `NAME:k`, then resumed; with several, killed again at the next one while it resumes."""

    def execute(bench: Bench) -> Verdict:
        run, size = bench.run(), other_sizes(bench.random)
        for point in points:
            killed = run.finish(run.start(size(), FAILPOINT=f"{point}=kill"))
            assert killed.code == KILLED, f"{point} was never reached: {run.last_words()}"
        return judge(run, run.finish(run.start(size())), bench.reference)

    return execute


def _killed_at_moments(bench: Bench) -> Verdict:
    run, size, random = bench.run(), other_sizes(bench.random), bench.random
    most = bench.reference.scale.records // 10  # bytes of trace: a sixth of a whole run's, or more
    for _ in range(random.randint(3, 8)):
        process = run.start(size())
        if random.random() < 0.25:  # while it starts: imports, the state directory, the claim, the cut
            send_when(process, lambda: True, random.uniform(0.1, 1.0))
        else:
            send_when(process, _grown(run.trace, random.randrange(1, most)), random.uniform(0.0, 0.05))
        finished = run.finish(process)
        if finished.code != KILLED:
            break
    else:
        finished = run.finish(run.start(size()))
    return judge(run, finished, bench.reference)


def _stopped_at_moments(bench: Bench) -> Verdict:
    """SIGTERM drains: what was read is durable, so that nothing is read again."""
    run, size, random = bench.run(), other_sizes(bench.random), bench.random
    most = bench.reference.scale.records // 10  # bytes of trace: a sixth of a whole run's, or more
    while True:
        process = run.start(size())
        send_when(process, _grown(run.trace, random.randrange(1, most)), random.uniform(0.0, 0.02), signal.SIGTERM)
        finished = run.finish(process)
        if finished.code != INTERRUPTED:
            break
    verdict = judge(run, finished, bench.reference)
    assert verdict.stops, "the run ended before it could be stopped"
    assert verdict.rereads.again == 0, f"{verdict.rereads.again} records were read again after a drain"
    return verdict


def _grown(trace: Path, size: int) -> Callable[[], bool]:
    """Has the trace grown by so many bytes since now? A batch is a line of about a hundred."""
    goal = _size(trace) + size
    return lambda: _size(trace) >= goal


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def send_when(
    process: subprocess.Popen[bytes], condition: Callable[[], bool], later: float, number: int = signal.SIGKILL
) -> None:
    """Send a signal so many seconds after the condition has come true, unless the process ends before."""
    while process.poll() is None:
        if condition():
            _ends_within(process, later)
            process.send_signal(number)
            return
        if _ends_within(process, 0.002):
            return


def _ends_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _raised_at(point: str) -> Callable[[Bench], Verdict]:
    def execute(bench: Bench) -> Verdict:
        run = bench.run()
        finished = run.finish(run.start(other_sizes(bench.random)(), FAILPOINT=f"{point}=raise"))
        return judge(run, finished, bench.reference, restarts=1)

    return execute


def _killed_in(point: str, then: str) -> Callable[[Bench], Verdict]:
    def execute(bench: Bench) -> Verdict:
        run, size = bench.run(), other_sizes(bench.random)
        first = run.finish(run.start(size(), FAILPOINT=f"{point}=raise,{then}=kill", SLOW=SLOW_SAVE))
        assert first.code == KILLED, f"{point}, then {then}, was never reached: {run.last_words()}"
        return judge(run, run.finish(run.start(size())), bench.reference)

    return execute


def _killed_while_slow(point: str) -> Callable[[Bench], Verdict]:
    def execute(bench: Bench) -> Verdict:
        run, size, random = bench.run(), other_sizes(bench.random), bench.random
        process = run.start(size(), FAILPOINT=f"{point}=raise", SLOW=SLOW_SAVE)
        send_when(process, _grown(run.trace, 1), random.uniform(0.0, 1.0))
        first = run.finish(process)
        if first.code != KILLED:
            return judge(run, first, bench.reference, restarts=1)
        return judge(run, run.finish(run.start(size())), bench.reference)

    return execute


def _refused_at(point: str) -> Callable[[Bench], Verdict]:
    def execute(bench: Bench) -> Verdict:
        run = bench.run()
        finished = run.finish(run.start(other_sizes(bench.random)(), FAILPOINT=point))
        assert _paused_for_disk(finished), f"not paused for the disk: {run.last_words()}"
        return replace(judge(run, finished, bench.reference), pauses=1)

    return execute


def _power_cut(bench: Bench) -> Verdict:
    """In this process, over fewer orders: one log is some hundred runs. And once more while a run recovers."""
    directory, random = bench.directory, bench.random
    shutil.rmtree(directory, ignore_errors=True)
    clean = make_clean(directory / "clean", POWER_RECORDS, random.getrandbits(32), interval="5ms")
    prepare(directory / "disk")
    recorder = record(clean.spec, directory / "disk", directory / "pool", random.choice((8_192, 16_384)))
    check = Check(clean, recorder, random.choice((20_000, 65_536)))
    results = list(check.every_prefix(random.getrandbits(32)))
    _, _, left = random.choice(list(check.images(random.getrandbits(32))))
    materialise(left, recorder.root, recorder.pool)
    again = record(clean.spec, recorder.root, directory / "pool-again", 8_192)
    results += Check(clean, again, 65_536).every_prefix(random.getrandbits(32))
    broken = [result for result in results if result is not None]
    assert not broken, f"{len(broken)} of {len(results)} cuts: {broken[0]}"
    return Verdict(Rereads(0, 0, 0), power_cuts=len(results))


def _paused_for_disk(finished: Finished) -> bool:
    return any(line.get("state") == "PAUSED" and line.get("reason") == "DISK" for line in finished.log)


def _filled_up(bench: Bench) -> Verdict:
    """Outputs and state on a tmpfs with room for half of them; room is made while the pipeline is paused."""
    size = sum(map(len, bench.reference.outputs.values()))
    run = bench.run()
    with _tmpfs(run.out, 2 * size + (1 << 20)):
        ballast = run.out / "ballast"
        ballast.write_bytes(bytes(size + size // 2 + (1 << 20)))
        process = run.start(65_536)
        while process.poll() is None and b'"PAUSED"' not in run.errors.read_bytes():
            _ends_within(process, 0.02)
        ballast.unlink()
        finished = run.finish(process)
        assert _paused_for_disk(finished), f"not paused for the disk: {run.last_words()}"
        return replace(judge(run, finished, bench.reference), pauses=1)


@contextmanager
def _tmpfs(directory: Path, size: int) -> Iterator[None]:
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(directory)]
    mounted = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True)
    if mounted.returncode:
        raise Impossible(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(directory)], check=True)
