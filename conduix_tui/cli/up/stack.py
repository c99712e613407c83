"""`conduix up`: a server and an agent, with all that they need from each other, until a signal or the console's end."""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from conduix.rpc.errors import RemoteError
from conduix_tui.cli.terminal import Exit, Terminal
from conduix_tui.cli.up import console, demo, ports
from conduix_tui.cli.up.admission import AGENT, admin_token, connected, join_token, make_admin, sessions
from conduix_tui.cli.up.child import Child, ChildFailed
from conduix_tui.cli.up.state import UpState
from conduix_tui.client.client import Client
from conduix_tui.client.contexts import Context, ContextFile
from conduix_tui.client.credentials import FixedToken

CONTEXT = "up"
DEMO = "demo"
"""Context and folder of the demo: it shares nothing with what somebody works with."""
_AGENT_GRACE = 60.0
_SERVER_GRACE = 15.0

_FOREIGN = ("CONDUIX_TLS_", "CONDUIX_JOIN_", "CONDUIX_AGENT_", "DB_")
_FOREIGN_NAMES = frozenset({
    "CONDUIX_ADVERTISE", "CONDUIX_DATABASE_URL", "CONDUIX_GRPC_PORT", "CONDUIX_HOST", "CONDUIX_HTTP_HOST",
    "CONDUIX_HTTP_PORT", "CONDUIX_JWT_SECRET", "CONDUIX_JWT_SECRET_FILE", "CONDUIX_LABELS", "CONDUIX_MESH_PORT",
    "CONDUIX_PORT", "CONDUIX_SERVERS", "CONDUIX_STATE_DIR", "DATABASE_URL", "GRPC_PORT", "JWT_SECRET", "PORT",
})  # fmt: skip
"""What the environment may say of other servers and agents than these."""


def run(args: argparse.Namespace, terminal: Terminal) -> int:
    """Everything, until Ctrl-C or SIGTERM, the end of the console, or of a demo that nobody watches.

    Raises:
        StateBusy: another one has this state directory.
        ChildFailed: server or agent did not start.
    """
    with _state(args, terminal) as state:
        return _Stack(state, args, terminal).run()


def _state(args: argparse.Namespace, terminal: Terminal) -> UpState:
    if args.state_dir:
        return UpState(Path(args.state_dir))
    return UpState.of_user(terminal.env, DEMO if args.demo else CONTEXT)


class _Stack:
    def __init__(self, state: UpState, args: argparse.Namespace, terminal: Terminal) -> None:
        self._demo: bool = args.demo
        self._console = not args.no_console and console.has_terminal(terminal)
        self._context = DEMO if args.demo else CONTEXT
        self._state = state
        self._terminal = terminal
        # the usual ports are for what somebody works with
        grpc, http = (0 if args.demo and port is None else port for port in (args.grpc_port, args.http_port))
        self._grpc = ports.choose(grpc, ports.GRPC, state.read("grpc-port"))
        self._http = ports.choose(http, ports.HTTP, state.read("http-port"))
        self._env = {name: value for name, value in terminal.env.items() if not _is_foreign(name)}
        self._address = ""
        self._server = self._child("server", self._server_argv)
        self._agent = self._child("agent", self._agent_argv)
        self._signals = 0

    def _child(self, name: str, argv: Callable[[], Sequence[str]]) -> Child:
        log = self._state.path / f"{name}.log"
        return Child(name, argv, env=self._env, log=log, lock_fd=self._state.lock_fd, tell=self._terminal.say)

    def run(self) -> int:
        """Start, tell, keep, end."""
        if self._console:
            self._terminal.say("starting a server and an agent; then comes the console …")
        self._write_settings()
        make_admin(self._state, self._server_argv(), self._env)
        try:
            return asyncio.run(self._run())
        except RemoteError as error:
            raise ChildFailed(
                f"the server refuses: {error.message} ({error.code})", remedy=f"its log: {self._state.path}/server.log"
            ) from error

    async def _run(self) -> int:
        work = asyncio.create_task(self._work())
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self._signalled, work)
        status: int = Exit.DONE
        try:
            status = await work
            self._signals = 1  # who leaves the console has asked for the end already
            self._terminal.say("ending: the agent brings its pipelines to a checkpoint; Ctrl-C kills")
        except asyncio.CancelledError:
            self._terminal.say("ending: the agent brings its pipelines to a checkpoint; a second Ctrl-C kills")
        finally:
            gentle = await self._end()
        if self._signals > 1:
            return Exit.INTERRUPTED
        return status if gentle else Exit.FAILED

    def _signalled(self, work: asyncio.Task[int]) -> None:
        self._signals += 1
        if self._signals == 1:
            work.cancel()
        else:
            self._agent.kill()
            self._server.kill()

    async def _work(self) -> int:
        ready = await self._server.start()
        self._address = ready["grpc"]
        # a server that is started again must be found where it was
        self._grpc, self._http = (int(ready[name].rpartition(":")[2]) for name in ("grpc", "http"))
        ports.remember(self._state, ready)
        token = await admin_token(self._state, self._address)
        context = Context(self._address, user="admin", token=token)
        # a demo that nobody watches is gone in a moment: nobody's commands shall go there
        current = self._console or not self._demo
        ContextFile.of_user(self._terminal.env).put(self._context, context, make_current=current)
        async with Client(self._address, None, FixedToken(token)) as client:
            await join_token(self._state, client)
            before = await sessions(client)
            await self._agent.start()
            await connected(client, before)
            self._welcome(token, ready["http"])
            return await self._kept(client)

    async def _kept(self, client: Client) -> int:
        """Keep both running for as long as they are of use; the exit status."""
        keeping = asyncio.gather(self._server.keep(), self._agent.keep())
        use = asyncio.create_task(self._use(client))
        try:
            both: set[asyncio.Future[Any]] = {keeping, use}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if not use.done():
                await keeping  # only an error ends it
            return await use
        finally:
            keeping.cancel()
            use.cancel()
            await asyncio.gather(keeping, use, return_exceptions=True)

    async def _use(self, client: Client) -> int:
        """What they are there for: the console, the demo's table, or whoever comes until a signal."""
        names = await demo.begin(client) if self._demo else []
        if self._console:
            return await console.show(self._context, self._env, self._terminal)
        if self._demo:
            return await demo.report(client, names, self._terminal)
        forever: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        return await forever

    async def _end(self) -> bool:
        """The agent first: its last reports shall find a server."""
        agent = await self._agent.stop(_AGENT_GRACE)
        server = await self._server.stop(_SERVER_GRACE)
        if not (agent and server) and self._signals < 2:
            self._terminal.error("something did not end in time and was killed; what was checkpointed is kept")
        return agent and server

    def _welcome(self, token: str, http: str) -> None:
        say, styled = self._terminal.say, self._terminal.styled
        self._terminal.emit(f"conduix-up ready grpc={self._address} http={http} agent={AGENT} state={self._state.path}")
        self._terminal.out.flush()
        if self._demo or self._console:
            return
        say("in another terminal:")
        header, method = f"authorization: Bearer {token}", "conduix.v1.PipelineService/ListPipelines"
        for line in (
            "conduix apply -f FILE",
            "conduix start NAME",
            "conduix get pipelines --watch",
            "conduix tap NAME NODE --limit 10",
            f"grpcurl -plaintext -H '{header}' {self._address} {method}",
        ):
            say(f"  {styled(line, 'cyan')}")
        say("Ctrl-C ends both; the next `conduix up` goes on from here")

    def _write_settings(self) -> None:
        """Files of our own, so that none of the machine's is read instead."""
        state = self._state
        state.write("server.yaml", f"auth: {{jwt_secret_file: {_quoted(state.jwt_secret_file)}}}")
        state.write("agent.yaml", f"join_token_file: {_quoted(state.path / 'join-token')}")

    def _server_argv(self) -> list[str]:
        folder = self._state.path / "server"
        return [
            "-m", "conduix_server", "--config", str(self._state.path / "server.yaml"), "--state-dir", str(folder),
            "--database-url", f"sqlite:///{folder / 'conduix.db'}", "--host", ports.HOST,
            "--grpc-port", str(self._grpc), "--port", str(self._http), "--log-level", "info", "--log-format", "json",
        ]  # fmt: skip

    def _agent_argv(self) -> list[str]:
        return [
            "-m", "conduix_agent", "run", "--config", str(self._state.path / "agent.yaml"),
            "--state-dir", str(self._state.path / "agent"), "--servers", self._address, "--name", AGENT,
            "--http-port", "0", "--log-level", "info", "--log-format", "json",
        ]  # fmt: skip


def _is_foreign(name: str) -> bool:
    return name.startswith(_FOREIGN) or name in _FOREIGN_NAMES


def _quoted(path: Path) -> str:
    """A path as YAML reads it back, whatever is in it."""
    return "'" + str(path).replace("'", "''") + "'"
