"""The spool: its bound, its gaps, its file, and what a crash or a power cut leaves of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from conduix.engine.files import Files, Op
from conduix.mesh.spool import MAX_RECORD, RecordTooLarge, Spool
from conduix.v1 import mesh_service_pb2 as pb
from conduix_agent.host.spool_file import SpoolFile
from tests.unit.mesh.memory import MemoryStorage


def event(text: str) -> pb.Report:
    return pb.Report(event=pb.AgentEvent(message=text))


def told(spool: Spool, after: int = 0) -> list[pb.Report]:
    return [spool.report(entry) for entry in spool.after(after)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def test_records_outlive_the_process_and_acknowledged_ones_do_not(path: Path) -> None:
    spool = Spool(SpoolFile(path))
    for text in "abc":
        spool.append(pb.TRAFFIC_CLASS_EVENT, event(text))
    spool.acknowledge(2)
    again = Spool(SpoolFile(path))
    assert [report.event.message for report in told(again)] == ["c"]
    assert again.acked == 2
    assert again.append(pb.TRAFFIC_CLASS_EVENT, event("d")) > 3


def test_metrics_go_first_then_logs_then_events_and_each_run_leaves_one_gap() -> None:
    spool = Spool(MemoryStorage(), 2000)
    classes = [pb.TRAFFIC_CLASS_RESULT, pb.TRAFFIC_CLASS_EVENT, pb.TRAFFIC_CLASS_LOG, pb.TRAFFIC_CLASS_METRIC]
    left: list[set[pb.TrafficClass]] = []
    for traffic in classes:
        for _ in range(6):
            spool.append(traffic, event("x" * 50))
    for _ in range(12):
        spool.append(pb.TRAFFIC_CLASS_RESULT, event("x" * 50))
        left.append({entry.traffic for entry in spool.after(0) if not entry.dropped})
    assert all(pb.TRAFFIC_CLASS_RESULT in kept for kept in left)
    assert pb.TRAFFIC_CLASS_METRIC not in left[-1]
    gaps = [report.gap for report in told(spool) if report.HasField("gap")]
    assert [gap.traffic for gap in gaps if gap.traffic == pb.TRAFFIC_CLASS_METRIC] == [pb.TRAFFIC_CLASS_METRIC]
    assert all(gap.count == gap.last - gap.first + 1 for gap in gaps)


def test_the_file_stays_within_its_bound_and_what_is_dropped_is_counted(path: Path) -> None:
    file = SpoolFile(path)
    spool = Spool(file, 4096)
    for number in range(500):
        spool.append((pb.TRAFFIC_CLASS_METRIC, pb.TRAFFIC_CLASS_LOG)[number % 2], event("x" * 40))
        assert path.stat().st_size <= 4096
    reports = told(spool)
    assert sum(report.gap.count or 1 for report in reports) == 500
    assert told(Spool(SpoolFile(path), 4096)) == reports


def test_a_report_that_is_too_large_is_refused_before_it_takes_a_number(path: Path) -> None:
    spool = Spool(SpoolFile(path))
    with pytest.raises(RecordTooLarge, match="over the spool"):
        spool.append(pb.TRAFFIC_CLASS_LOG, event("x" * (MAX_RECORD + 1)))
    assert spool.append(pb.TRAFFIC_CLASS_LOG, event("x")) == 1


def test_a_torn_tail_is_cut_off_wherever_it_is_torn(path: Path, tmp_path: Path) -> None:
    spool = Spool(SpoolFile(path))
    spool.append(pb.TRAFFIC_CLASS_EVENT, event("first"))
    whole = path.stat().st_size
    spool.append(pb.TRAFFIC_CLASS_EVENT, event("second"))
    data = path.read_bytes()
    for length in range(whole, len(data)):
        torn = tmp_path / f"torn{length}"
        torn.write_bytes(data[:length])
        again = Spool(SpoolFile(torn))
        assert [report.event.message for report in told(again)] == ["first"]
        assert torn.stat().st_size == whole
        again.append(pb.TRAFFIC_CLASS_EVENT, event("third"))
        assert [report.event.message for report in told(Spool(SpoolFile(torn)))] == ["first", "third"]


def test_a_flipped_bit_never_gives_a_wrong_record(path: Path) -> None:
    spool = Spool(SpoolFile(path))
    for text in ("first", "second"):
        spool.append(pb.TRAFFIC_CLASS_EVENT, event(text))
    data = path.read_bytes()
    for at in range(len(data)):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert [report.event.message for report in told(Spool(SpoolFile(path)))] in ([], ["first"])


class PowerCut:
    """What is on the disk of one directory if power fails now: file content as of its fsync, names as of theirs."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.synced: dict[int, bytes] = {}
        self.live: dict[str, int] = {}
        self.names: dict[str, int] = {}

    def __call__(self, op: Op) -> None:
        name = Path(op.path).name
        if op.kind == "open":
            self.live[name] = op.inode
        elif op.kind == "fsync":
            file = next(file for file in self.directory.iterdir() if file.stat().st_ino == op.inode)
            self.synced[op.inode] = file.read_bytes()
        elif op.kind == "rename":
            self.live[Path(op.target).name] = self.live.pop(name)
        elif op.kind == "unlink":
            self.live.pop(name, None)
        elif op.kind == "fsync_dir":
            self.names = dict(self.live)

    def leave(self, target: Path) -> Path:
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        for name, inode in self.names.items():
            (target / name).write_bytes(self.synced.get(inode, b""))
        return target / "spool"


def test_a_power_cut_at_any_moment_loses_nothing_that_was_sent_and_repeats_no_number(tmp_path: Path) -> None:
    directory = tmp_path / "live"
    directory.mkdir()
    cut = PowerCut(directory)
    spool = Spool(SpoolFile(directory / "spool", Files(cut)), 1500)
    sent = used = 0
    for step in range(120):
        used = spool.append(pb.TRAFFIC_CLASS_EVENT, event(f"event {step}"))
        if step % 3 == 0:
            spool.sync()
            sent = used
        if step % 20 == 0:
            spool.acknowledge(sent - 1 if sent else 0)
        left = Spool(SpoolFile(cut.leave(tmp_path / "left")), 1500)
        covered = {n for entry in left.after(0) for n in range(entry.first, entry.number + 1)}
        assert covered >= set(range(spool.acked + 1, sent + 1)), f"step {step}"
        assert left.take() > used, f"step {step}: a number comes twice"


def test_a_failing_write_leaves_the_file_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = SpoolFile(path)
    spool = Spool(file)
    spool.append(pb.TRAFFIC_CLASS_EVENT, event("first"))
    size = path.stat().st_size

    def half(_op: Op) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(file._file, "_observer", lambda op: half(op) if op.kind == "write" else None)
    with pytest.raises(OSError, match="space"):
        spool.append(pb.TRAFFIC_CLASS_EVENT, event("second"))
    assert path.stat().st_size == size
    monkeypatch.undo()
    spool.append(pb.TRAFFIC_CLASS_EVENT, event("third"))
    assert [report.event.message for report in told(Spool(SpoolFile(path)))] == ["first", "third"]
