"""The prompt: keys, completion, history. What is entered goes to the dialogue, which knows no prompt."""

from __future__ import annotations

from collections.abc import Iterator

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import completion_is_selected
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from conduix_tui.cli.map_forms import Form
from conduix_tui.cli.repl.bench import Bench
from conduix_tui.cli.repl.colours import Colours
from conduix_tui.cli.repl.commands import Dialogue, Leave
from conduix_tui.cli.repl.completion import complete, enclosing_call
from conduix_tui.cli.repl.history import open_history
from conduix_tui.cli.repl.samples import Samples
from conduix_tui.cli.repl.scan import goes_on
from conduix_tui.cli.terminal import Exit, Terminal


def enter(form: Form, file: str | None, terminal: Terminal) -> Exit:
    """Read entries until the person leaves. Raises UsageError where the file of records cannot be read."""
    samples = Samples()
    if file is not None:
        samples.open(file)
    history, kept = open_history(terminal.env)
    dialogue = Dialogue(Bench(form, samples), terminal, history.get_strings, kept)
    terminal.emit(f"Enter a {form}; Tab completes, .help says more, .quit leaves.")
    dialogue.show_record()
    terminal.out.flush()
    session: PromptSession[str] = PromptSession(
        f"{form}> ",
        history=history,
        multiline=True,
        prompt_continuation=lambda width, _line, _wrapped: f"{'. ':>{width}}",
        key_bindings=_keys(),
        lexer=Colours(),
        completer=_Completer(dialogue),
        complete_while_typing=False,
        bottom_toolbar=lambda: _signature(session.default_buffer.document.text_before_cursor, form),
        enable_history_search=False,
    )
    try:
        _read(session, dialogue, terminal)
    finally:
        samples.close()
    return Exit.DONE


def _read(session: PromptSession[str], dialogue: Dialogue, terminal: Terminal) -> None:
    while True:
        try:
            text = session.prompt()
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        try:
            dialogue.enter(text)
        except KeyboardInterrupt:
            terminal.say("interrupted")
        except Leave:
            return


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter", filter=~completion_is_selected)
    def _enter(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        text = buffer.document.text
        if buffer.document.is_cursor_at_the_end and goes_on(text):
            buffer.newline()
        else:
            buffer.validate_and_handle()

    @keys.add("enter", filter=completion_is_selected)
    def _take(event: KeyPressEvent) -> None:
        event.current_buffer.complete_state = None

    @keys.add("escape", "enter")
    def _newline(event: KeyPressEvent) -> None:
        event.current_buffer.newline()

    return keys


class _Completer(Completer):
    """Asks the pure function."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:  # noqa: ARG002
        """What could stand before the cursor."""
        for found in complete(document.text_before_cursor, self._dialogue.known):
            yield Completion(found.text, start_position=-found.replaces, display_meta=found.detail)


def _signature(before: str, form: Form) -> str | None:
    """The call that is being written, for the line at the bottom."""
    call = enclosing_call(before, form)
    return None if call is None else call.brief
