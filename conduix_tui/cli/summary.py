"""What a run came to: for people on standard error, for scripts as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conduix.engine.link import Status
from conduix.spec.model import PipelineSpec
from conduix.spec.normal import mask
from conduix_tui.cli import words
from conduix_tui.cli.tally import Tally
from conduix_tui.cli.terminal import Exit, Terminal


@dataclass(frozen=True, slots=True)
class Summary:
    """The end of a run."""

    spec: PipelineSpec
    status: Status
    """What the replica said last, or the pause that ended the run."""
    seconds: float
    """Since this process took the run up."""
    state_dir: Path
    resume: str
    """The command line that goes on from here; empty if it is done, or nothing can be resumed."""
    exit: Exit
    resumed: bool = False
    """Did an earlier process do a part of it?"""
    dry_run: bool = False

    def as_data(self) -> dict[str, Any]:
        """For `--output json`; numbers count since the run began, resumed parts too."""
        tally, status = Tally.of(self.spec, self.status), self.status
        data = {
            "name": self.spec.name,
            "state": status.state,
            "exit": int(self.exit),
            "resumed": self.resumed,
            "dry_run": self.dry_run,
            "in": tally.read,
            "out": {sink: {"records": n, "where": self._where(sink)} for sink, n in tally.written.items()},
            "filtered": tally.filtered,
            "dead": tally.dead,
            "dead_letters": self._dead_letters,
            "seconds": round(self.seconds, 3),
            "checkpoint": status.n,
            "restarts": status.restarts,
            "state_dir": None if self.dry_run else str(self.state_dir),
            "detail": status.detail,
            "remedy": status.remedy,
            "resume": self.resume,
            "nodes": {
                node: {"passed": c.passed, "filtered": c.filtered, "dead": c.dead, "made": c.made}
                for node, c in status.ledger.items()
            },
        }
        masked: dict[str, Any] = mask(data, self.spec.secrets)
        return masked

    def tell(self, terminal: Terminal) -> None:
        """For a person, to standard error."""
        text, colour = _OUTCOMES[self.exit]
        dry = " (dry run: nothing was written)" if self.dry_run else ""
        name = terminal.styled(f"{self.spec.name} {text}", "bold", colour)
        terminal.say(f"{name} in {words.duration(self.seconds)}{dry}")
        if self.status.checkpoint_at:
            terminal.say("\n".join(words.table(self._rows(), indent=2, right=[1])))
        self.tell_failure(terminal)

    def tell_failure(self, terminal: Terminal) -> None:
        """Why it failed and how to go on; says nothing of a run that is done."""
        if self.exit == Exit.FAILED:
            terminal.error(self.status.detail)
            terminal.remedy(self.status.remedy)
        if self.resume:
            terminal.say(f"{terminal.styled('go on with:', 'bold')} {self.resume}")

    def _rows(self) -> list[tuple[str, str, str]]:
        tally, status = Tally.of(self.spec, self.status), self.status
        pace = "since the run began" if self.resumed else words.rate(tally.read / max(self.seconds, 1e-3))
        rows = [("in", words.count(tally.read), pace)]
        rows += [(f"out {sink}", words.count(n), self._where(sink)) for sink, n in tally.written.items()]
        rows.append(("filtered", words.count(tally.filtered), ""))
        rows.append(("dead", words.count(tally.dead), self._dead_letters if tally.dead else ""))
        if not self.dry_run:
            rows.append(("checkpoint", words.count(status.n), str(self.state_dir)))
        if status.restarts:
            rows.append(("restarts", words.count(status.restarts), ""))
        return rows

    @property
    def _dead_letters(self) -> str:
        return self._where(self.spec.dlq.id) if self.spec.dlq else ""

    def _where(self, sink: str) -> str:
        return self.status.outputs.get(sink, "")


_OUTCOMES: Mapping[Exit, tuple[str, str]] = {
    Exit.DONE: ("is done", "green"),
    Exit.DEAD_LETTERS: ("is done, with dead letters", "yellow"),
    Exit.FAILED: ("failed", "red"),
    Exit.INTERRUPTED: ("was interrupted", "yellow"),
}
