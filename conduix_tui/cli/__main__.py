"""Entry point of `conduix`: parses the command line, runs one verb, turns errors into exit codes."""

from __future__ import annotations

import argparse
import atexit
import gc
import sys
from collections.abc import Sequence

import conduix
from conduix.errors import ConduixError, UsageError
from conduix_tui.cli.arguments import Parser, examples
from conduix_tui.cli.terminal import Exit, Terminal, drop_output
from conduix_tui.cli.verbs import overview, verbs


def main(argv: Sequence[str] | None = None) -> int:
    """Run `conduix` with these arguments (default: the process's own); returns the exit status."""
    # at its end Python would look once more for cycles in all modules: a sixth of what a short run costs
    atexit.register(gc.freeze)
    words = sys.argv[1:] if argv is None else list(argv)
    args = _parser(next((word for word in words if not word.startswith("-")), "")).parse_args(words)
    terminal = Terminal.of_process()
    try:
        status = args.execute(args, terminal)
        terminal.out.flush()
    except ConduixError as error:
        terminal.fail(error)
        return Exit.USAGE if isinstance(error, UsageError) else Exit.FAILED
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        drop_output()
        return Exit.BROKEN_PIPE
    return int(status)


def _parser(chosen: str) -> Parser:
    """Knows the names of all verbs, and the arguments of the chosen one: the modules of the others cost time."""
    parser = Parser(
        prog="conduix",
        usage="conduix COMMAND [ARGUMENTS]      (conduix COMMAND --help has examples of each)",
        description=f"Data pipelines as YAML documents: check them, look into them, run them.\n{overview()}",
        epilog=examples(
            "conduix validate orders.yaml",
            "conduix run orders.yaml",
            "printf '{\"a\":1}\\n' | conduix map 'root.b = this.a * 10'",
            "conduix up                                  a server here; then, in another terminal:",
            "conduix apply -f orders.yaml && conduix start orders",
        )
        + "\n\nexit status: 0 done, 1 failed, 2 bad document or usage, 3 done with dead letters, 130 interrupted",
    )
    parser.add_argument("--version", action="version", version=f"conduix {conduix.__version__}")
    commands = parser.add_subparsers(
        prog="conduix", metavar="COMMAND", required=True, parser_class=Parser, help=argparse.SUPPRESS
    )
    for verb in verbs():
        sub = commands.add_parser(verb.name)
        if verb.name == chosen:
            verb.declare(sub)
            parser.options_of_commands += sub.option_names()
    return parser


if __name__ == "__main__":
    sys.exit(main())
