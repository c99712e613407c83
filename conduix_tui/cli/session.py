"""One `conduix run`: document, state directory, worker, signals, and what is said at the end."""

from __future__ import annotations

import argparse
import asyncio
import shlex
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from conduix.engine.catalog import default_catalog
from conduix.engine.link import Status
from conduix.engine.local import LocalRun, default_state_dir
from conduix.engine.worker import Assignment, run_replica
from conduix.errors import UsageError, from_os_error
from conduix.spec.model import NodeSpec, PipelineSpec
from conduix_tui.cli import logs
from conduix_tui.cli.document import load_document
from conduix_tui.cli.foreground import Foreground, Viewer
from conduix_tui.cli.output import emit_data
from conduix_tui.cli.progress import Bar, StateLog
from conduix_tui.cli.summary import Summary
from conduix_tui.cli.tally import Tally
from conduix_tui.cli.terminal import Exit, Terminal


class Session:
    """Runs what the arguments of `conduix run` say.

    Raises:
        ConduixError: nothing was started: the document, the state directory or the arguments stand against it.
    """

    def __init__(self, args: argparse.Namespace, terminal: Terminal) -> None:
        self._args = args
        self._terminal = terminal
        self._log = logs.configure(args.log_level, args.log_format, terminal)
        self._catalog = default_catalog()
        mode = [f"mode={args.mode}"] if args.mode else []
        self._spec = load_document(args.file, terminal, self._catalog, [*args.settings, *mode])
        self._refuse_mixed_streams()

    def run(self) -> Exit:
        """To the end, or to a signal; returns the exit status, having said what there is to say."""
        if self._spec.parallelism > 1:
            self._log.warning("parallelism %d is for agents: here runs one replica", self._spec.parallelism)
        with self._state() as local:
            started = time.monotonic()
            link, status = self._work(local)
            outcome = _outcome(local.spec, status, link)
            summary = Summary(
                spec=local.spec,
                status=link.flooded or status,
                seconds=time.monotonic() - started,
                state_dir=local.directory,
                resume=self._resume_line(status) if outcome in (Exit.FAILED, Exit.INTERRUPTED) else "",
                exit=outcome,
                resumed=local.fence.g > 1,
                dry_run=self._args.dry_run,
            )
            self._tell(summary)
        return outcome

    def _work(self, local: LocalRun) -> tuple[Foreground, Status]:
        assignment = Assignment(
            spec=local.spec,
            run_id=local.run_id,
            fence=local.fence,
            directory=local.run_directory,
            limit=self._args.limit,
            metrics_port=self._args.metrics_port,
            catalog=self._catalog,
        )
        with ExitStack() as stack:
            viewers: list[Viewer] = [StateLog(local.spec.name, self._log).show]
            if self._has_room_for_a_bar(local.spec):
                viewers.append(stack.enter_context(Bar(local.spec, self._terminal)).show)

            def give_up() -> None:
                stack.close()
                self._terminal.say(f"ended at once; the last checkpoint stands: {self._command('--resume')}")

            link = Foreground(viewers, give_up)
            return link, asyncio.run(_supervised(assignment, link))

    def _has_room_for_a_bar(self, spec: PipelineSpec) -> bool:
        """On a terminal, unless records are written to it too, or logs that a machine reads."""
        records = any(node.type == "stdout" for node in spec.role("sink")) and self._terminal.out.isatty()
        return self._terminal.interactive and self._args.log_format == "text" and not records

    @contextmanager
    def _state(self) -> Iterator[LocalRun]:
        """The held state directory; of a dry run a temporary one, with sinks that write nothing."""
        with ExitStack() as stack:
            spec, args = self._spec, self._args
            directory = Path(args.state_dir) if args.state_dir else default_state_dir(spec.name)
            if args.dry_run:
                spec = self._without_effects(spec)
                directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="conduix-dry-run-")))
            try:
                local = LocalRun(spec, self._catalog, directory.absolute(), resume=args.resume, fresh=args.fresh)
            except OSError as error:
                raise from_os_error(error, "use the state directory", str(directory)) from error
            yield stack.enter_context(local)

    def _without_effects(self, spec: PipelineSpec) -> PipelineSpec:
        """The same flow with every sink, the dead letters' too, replaced by `drop`."""
        if self._args.resume or self._args.fresh:
            raise UsageError("--dry-run keeps no state", remedy="leave --resume and --fresh away")
        options = self._catalog.entry("sink", "drop").options()

        def dropped(node: NodeSpec) -> NodeSpec:
            return replace(node, type="drop", options=options) if node.role == "sink" else node

        dlq = dropped(spec.dlq) if spec.dlq else NodeSpec("dlq", "sink", "drop", options, (), spec.nodes[0].where)
        return replace(spec, nodes=tuple(map(dropped, spec.nodes)), dlq=dlq)

    def _refuse_mixed_streams(self) -> None:
        types = {(node.role, node.type) for node in self._spec.nodes}
        if self._args.file == "-" and ("source", "stdin") in types:
            raise UsageError(
                "the document and its records cannot both come from standard input",
                remedy="save the document to a file",
            )
        if self._args.output != "text" and ("sink", "stdout") in types and not self._args.dry_run:
            raise UsageError(
                "the summary and the records of the stdout sink would mix on standard output",
                remedy="leave --output away (the summary goes to standard error), or write the records to a file",
            )

    def _resume_line(self, status: Status) -> str:
        """How to go on; empty if there is no checkpoint, or the source cannot be read again."""
        entries = [self._catalog.entry("source", node.type) for node in self._spec.role("source")]
        lost = any(entry.guarantee == "not replayable" for entry in entries)
        return "" if lost or not status.checkpoint_at or self._args.dry_run else self._command("--resume")

    def _command(self, *flags: str) -> str:
        """This command line again, with `flags` in place of --resume and --fresh."""
        args = self._args
        words = ["conduix", "run", args.file]
        for setting in args.settings:
            words += ["--set", setting]
        for name in ("mode", "limit", "state_dir", "metrics_port"):
            if (value := getattr(args, name)) is not None:
                words += [f"--{name.replace('_', '-')}", str(value)]
        return shlex.join([*words, *flags])

    def _tell(self, summary: Summary) -> None:
        if self._args.log_format == "json":
            self._log.info("run ended", extra={"data": summary.as_data()})
        if self._args.output != "text":
            emit_data(self._terminal, summary.as_data(), self._args.output)
        if self._args.log_format == "text":
            if self._args.output == "text":
                summary.tell(self._terminal)
            else:
                summary.tell_failure(self._terminal)


async def _supervised(assignment: Assignment, link: Foreground) -> Status:
    with link.signals():
        return await run_replica(assignment, link)


def _outcome(spec: PipelineSpec, status: Status, link: Foreground) -> Exit:
    if status.state == "COMPLETED":
        return Exit.DEAD_LETTERS if Tally.of(spec, status).dead else Exit.DONE
    if status.state == "STOPPED" and link.interrupted:
        return Exit.INTERRUPTED
    return Exit.FAILED
