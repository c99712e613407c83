"""`conduix agents`: agents, and the tokens that they join with."""

from __future__ import annotations

import argparse

from google.protobuf.duration_pb2 import Duration

from conduix.errors import UsageError
from conduix.v1 import agent_service_pb2 as agent_pb
from conduix_tui.cli.arguments import Commands, Parser, add_output, count, examples, seconds
from conduix_tui.cli.output import emit_data
from conduix_tui.cli.server import get
from conduix_tui.cli.server.columns import ago
from conduix_tui.cli.server.connection import add_server, on_server
from conduix_tui.cli.server.describe import describe_agent
from conduix_tui.cli.server.kinds import KINDS
from conduix_tui.cli.server.plain import plain
from conduix_tui.cli.server.secrets import confirm
from conduix_tui.cli.server.tokens import find_id
from conduix_tui.cli.terminal import Exit, Terminal
from conduix_tui.client.client import Client
from conduix_tui.client.refs import fetch_agent

DESCRIPTION = """Agents run the pipelines; one enrols once, with a join token that an admin gives out."""
EXAMPLES = examples(
    "conduix agents list",
    "conduix agents show host-7",
    "conduix agents join-token rack-3 --uses 10 --expires 1d --label zone=b > token",
    "conduix agents adopt host-7      after its state directory was lost",
    "conduix agents remove host-7",
)


def add_arguments(parser: Parser) -> None:
    """The commands of `conduix agents`."""
    commands = Commands(parser)
    commands.add("list", "all agents", get.execute, get.all_of("agents"))
    commands.add("show", "all about one agent", _show, _agent, add_output, add_server)
    commands.add("join-token", "make a token to enrol with; it is shown once", _join_token, _token_arguments)
    commands.add("revoke-join-token", "end a join token; who has enrolled stays", _revoke, _token_name, add_server)
    commands.add("adopt", "let a newcomer take the place of the agent of this name", _adopt, _agent, add_server)
    commands.add("remove", "end an agent's identity for good", _remove, _agent, _yes, add_server)


def _agent(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="the agent, by name or id")


def _token_name(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="the join token, by name or id")


def _yes(parser: Parser) -> None:
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")


def _token_arguments(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="what to call it, e.g. rack-3")
    parser.add_argument("--uses", metavar="N", type=count, default=1, help="how many agents may enrol (default 1)")
    parser.add_argument("--expires", metavar="TIME", type=seconds, help="how long it is good, e.g. 1d (default 1h)")
    parser.add_argument(
        "--label", metavar="K=V", action="append", default=[], type=_label, help="given to who enrols; repeatable"
    )
    add_output(parser)
    add_server(parser)


def _label(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is no label; write for example zone=b")
    return key, value


def _show(args: argparse.Namespace, terminal: Terminal) -> int:
    return on_server(args, terminal, lambda client: describe_agent(client, args, terminal))


def _join_token(args: argparse.Namespace, terminal: Terminal) -> int:
    async def create(client: Client) -> int:
        request = agent_pb.CreateJoinTokenRequest(name=args.name, max_uses=args.uses, labels=dict(args.label))
        if args.expires is not None:
            request.lifetime.CopyFrom(Duration(nanos=0, seconds=max(1, int(args.expires))))
        answer = await client.call(client.agents.CreateJoinToken, request)
        if args.output != "text":
            emit_data(terminal, plain(answer), args.output)
            return Exit.DONE
        terminal.emit(answer.token)
        ends = ago(answer.join_token, "expires_at")
        terminal.say(f"shown this once; ends {ends}. On the agent's machine, with the token in a file:")
        terminal.say(f"  conduix-agent --servers {client.address} --join-token-file FILE")
        return Exit.DONE

    return on_server(args, terminal, create)


def _revoke(args: argparse.Namespace, terminal: Terminal) -> int:
    async def revoke(client: Client) -> int:
        token_id = await find_id(client, KINDS["join-tokens"], args.name)
        await client.call(client.agents.RevokeJoinToken, agent_pb.RevokeJoinTokenRequest(id=token_id))
        terminal.say(f"nobody can join with {args.name} any more")
        return Exit.DONE

    return on_server(args, terminal, revoke)


def _adopt(args: argparse.Namespace, terminal: Terminal) -> int:
    async def adopt(client: Client) -> int:
        agent = await fetch_agent(client, args.name)
        if not agent.adoption_pending:
            raise UsageError(f"no newcomer asks for the place of {agent.name}", remedy="conduix agents list")
        await client.call(client.agents.AdoptAgent, agent_pb.AdoptAgentRequest(id=agent.id))
        terminal.say(f"the newcomer is {agent.name} now")
        return Exit.DONE

    return on_server(args, terminal, adopt)


def _remove(args: argparse.Namespace, terminal: Terminal) -> int:
    async def remove(client: Client) -> int:
        agent = await fetch_agent(client, args.name)
        if not confirm(f"Remove the agent {agent.name} for good?", terminal, yes=args.yes):
            terminal.say("nothing was removed")
            return Exit.FAILED
        await client.call(client.agents.RemoveAgent, agent_pb.RemoveAgentRequest(id=agent.id))
        terminal.say(f"{agent.name} is removed; its streams end within 5 s")
        return Exit.DONE

    return on_server(args, terminal, remove)
