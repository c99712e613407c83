"""Entry point of `conduix`: parses the command line, runs one verb, turns errors into exit codes."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import conduix
from conduix.errors import ConduixError, UsageError
from conduix_tui.cli import explain, map_records, run, stages, validate
from conduix_tui.cli.arguments import Parser, examples
from conduix_tui.cli.terminal import Exit, Terminal, drop_output

_VERBS = (run, validate, explain, map_records, stages)


def main(argv: Sequence[str] | None = None) -> int:
    """Run `conduix` with these arguments (default: the process's own); returns the exit status."""
    parser = _parser()
    args = parser.parse_args(argv)
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


def _parser() -> Parser:
    parser = Parser(
        prog="conduix",
        description="Data pipelines as YAML documents: check them, look into them, run them.",
        epilog=examples(
            "conduix validate orders.yaml",
            "conduix run orders.yaml",
            "printf '{\"a\":1}\\n' | conduix map 'root.b = this.a * 10'",
        )
        + "\n\nexit status: 0 done, 1 failed, 2 bad document or usage, 3 done with dead letters, 130 interrupted",
    )
    parser.add_argument("--version", action="version", version=f"conduix {conduix.__version__}")
    verbs = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    for verb in _VERBS:
        sub = verbs.add_parser(verb.NAME, help=verb.HELP, description=verb.DESCRIPTION, epilog=verb.EXAMPLES)
        verb.add_arguments(sub)
        sub.set_defaults(execute=verb.execute)
        parser.options_of_commands += sub.option_names()
    return parser


if __name__ == "__main__":
    sys.exit(main())
