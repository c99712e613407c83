"""Every verb of `conduix`, in the groups of its help; a verb's module is imported only when it is the one that runs."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from conduix_tui.cli.arguments import Parser


class Verb(NamedTuple):
    """A verb, what its help is, and the module that it is in."""

    name: str
    help: str
    module: str

    def declare(self, parser: Parser) -> None:
        """Import the module, and give its arguments and its help to a parser."""
        module = importlib.import_module(f"conduix_tui.cli.{self.module}")
        parser.description, parser.epilog = module.DESCRIPTION, module.EXAMPLES
        if hasattr(module, "execute"):  # where a verb has several commands, each has its own
            parser.set_defaults(execute=module.execute)
        module.add_arguments(parser)


GROUPS: dict[str, tuple[Verb, ...]] = {
    "without a server": (
        Verb("run", "run a document to its end", "run"),
        Verb("validate", "check documents and say what is wrong, and where", "validate"),
        Verb("explain", "show what a document becomes: normal form, actors, guarantee", "explain"),
        Verb("map", "put JSON lines through a mapping; on a terminal: try mappings", "map_records"),
        Verb("stages", "the catalogue of sources, stages and sinks", "stages"),
    ),
    "servers": (
        Verb("up", "a server and an agent on this machine, until Ctrl-C", "up"),
        Verb("login", "sign in to a server and remember it", "server.login"),
        Verb("logout", "end the session with a server", "server.logout"),
        Verb("context", "the servers that are known here", "server.context"),
        Verb("whoami", "who the server thinks we are", "server.whoami"),
    ),
    "pipelines": (
        Verb("apply", "create or update pipelines from documents", "server.apply"),
        Verb("diff", "what applying documents would change", "server.diff"),
        Verb("start", "start a pipeline, or go on with its unfinished run", "server.start"),
        Verb("stop", "stop a pipeline after a last checkpoint", "server.stop"),
        Verb("pause", "pause a running pipeline", "server.pause"),
        Verb("resume", "let a paused pipeline go on", "server.resume"),
        Verb("scale", "change the number of a pipeline's replicas", "server.scale"),
        Verb("checkpoint", "make everything durable that a pipeline did so far", "server.checkpoint"),
        Verb("wait", "wait until a pipeline is in a state", "server.wait"),
        Verb("delete", "delete a stopped pipeline", "server.delete"),
    ),
    "looking": (
        Verb("get", "list pipelines, agents, runs, operations, revisions, users, tokens", "server.get"),
        Verb("describe", "all about one pipeline, agent or run", "server.describe"),
        Verb("logs", "what a pipeline's workers log", "server.logs"),
        Verb("tap", "see records as they leave a node", "server.tap"),
    ),
    "administration": (
        Verb("agents", "agents, and the tokens that they join with", "server.agents"),
        Verb("runs", "what pipelines did; going on with a failed run", "server.runs"),
        Verb("users", "who may sign in", "server.users"),
        Verb("tokens", "API tokens for scripts", "server.tokens"),
        Verb("loadtest", "load a server with simulated agents", "loadtest"),
    ),
}


def verbs() -> Iterator[Verb]:
    """All of them, in the order of the help."""
    for group in GROUPS.values():
        yield from group


def overview() -> str:
    """The verbs as a person reads them."""
    lines: list[str] = []
    for title, group in GROUPS.items():
        lines += ["", f"{title}:", *(f"    {verb.name:<11} {verb.help}" for verb in group)]
    return "\n".join(lines)
