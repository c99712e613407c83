"""How a function of the language is declared: once, with all that checker, interpreter, compiler and docs need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from conduix.errors import MappingError
from conduix.mapping.values import array, boolean, data, mapping, number, text, type_name, whole

Kind = Literal["function", "method"]
ParameterKind = Literal["string", "data", "integer", "number", "bool", "array", "object", "any", "query", "fallback"]

REQUIRED: Final = object()
REMAP: Final = "remap "
"""What stands before the names of VRL's own functions: no mapping can write it."""
STAGE: Final = "stage "
"""The same before the methods that only stages lower to."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter.

    `query`: the implementation gets a callable of one value; a bare expression sees that value as `this`.
    `fallback`: the same, but a bare expression keeps the `this` around it.
    `data`: a string or bytes, given as bytes. A default of REQUIRED means there is none.
    """

    name: str
    kind: ParameterKind
    doc: str
    default: Any = REQUIRED

    def read(self, value: Any) -> Any:
        """`value` as the implementation wants it. Raises MappingError on a wrong type."""
        reader = _READERS.get(self.kind)
        if reader is None or (value is None and self.default is None):
            return value
        try:
            return reader(value)
        except MappingError as error:
            wanted = "string" if self.kind == "data" else self.kind
            raise MappingError(
                f"field {self.name}: wrong argument type, expected {wanted}, got {type_name(value)}"
            ) from error


def _string(value: Any) -> str:
    if isinstance(value, str | bytes):
        return text(value)
    raise MappingError("no string")


_READERS: dict[str, Callable[[Any], Any]] = {
    "string": _string,
    "data": data,
    "integer": whole,
    "number": number,
    "bool": boolean,
    "array": array,
    "object": mapping,
}


@dataclass(frozen=True, slots=True)
class Example:
    """A mapping, the input as JSON text, and the output as JSON text. Every example is run by the tests."""

    mapping: str
    input: str
    output: str


@dataclass(frozen=True, slots=True)
class Function:
    """A declared function or method.

    `implementation` is called as `f(*arguments)`, a method as `f(target, *arguments)`; with `scope` the scope comes
    first. With `lazy` the target is a callable that evaluates it (in another scope, if one is given). `prepare`, if
    there is one, takes the arguments alone and gives what is then called with each target.
    `folds`: constant calls are tried when the mapping is read, and what fails then fails the reading.
    `state` makes what one written call keeps between its evaluations; it comes after the scope, which such a function
    always asks for.
    """

    name: str
    kind: Kind
    family: str
    doc: str
    implementation: Callable[..., Any]
    parameters: tuple[Parameter, ...] = ()
    examples: tuple[Example, ...] = ()
    variadic: bool = False
    deterministic: bool = True
    scope: bool = False
    lazy: bool = False
    folds: bool = False
    prepare: Callable[..., Callable[[Any], Any]] | None = None
    alias_of: str | None = None
    state: Callable[[], Any] | None = None

    def bind(self, arguments: Sequence[Any]) -> tuple[Any, ...]:
        """The arguments read as their declared types, defaults filled in. Raises MappingError on a wrong type."""
        if self.variadic:
            return tuple(arguments)
        given = len(arguments)
        return tuple(
            parameter.read(arguments[position]) if position < given else parameter.default
            for position, parameter in enumerate(self.parameters)
        )

    def call(self, *values: Any) -> Any:
        """Runs it with unread arguments: the target of a method or a state (and before it the scope) comes first."""
        first = self.scope + (self.kind == "method") + (self.state is not None)
        return self.implementation(*values[:first], *self.bind(values[first:]))

    def specialise(self, arguments: Sequence[Any]) -> Callable[[Any], Any]:
        """A callable of the target alone, for a method without `scope` whose arguments are known beforehand.

        Raises:
            MappingError: the arguments can never be right (a bad pattern, an unknown scheme).
        """
        bound = self.bind(arguments)
        if self.prepare is not None:
            return self.prepare(*bound)
        implementation = self.implementation
        return (lambda target: implementation(target, *bound)) if bound else implementation


class Family:
    """Collects the declarations of one family; a module of this package has one and decorates its functions with it."""

    def __init__(self, name: str, *, folds: bool = False, prefix: str = "") -> None:
        self.name = name
        self.folds = folds
        self.prefix = prefix
        self.functions: list[Function] = []

    def function(self, name: str, doc: str, *parameters: Parameter, **options: Any) -> Callable[[Any], Any]:
        """Declares a function; `options` are the fields of `Function`, examples as triples, `aliases` as names."""
        return self._declare("function", name, doc, parameters, options)

    def method(self, name: str, doc: str, *parameters: Parameter, **options: Any) -> Callable[[Any], Any]:
        """Declares a method; see `function`."""
        return self._declare("method", name, doc, parameters, options)

    def _declare(
        self, kind: Kind, name: str, doc: str, parameters: tuple[Parameter, ...], options: dict[str, Any]
    ) -> Callable[[Any], Any]:
        aliases: tuple[str, ...] = options.pop("aliases", ())
        examples = tuple(Example(*example) for example in options.pop("examples", ()))

        def register(implementation: Any) -> Any:
            declared = Function(
                self.prefix + name, kind, self.name, doc, implementation, parameters, examples,
                folds=options.pop("folds", self.folds), **options,
            )  # fmt: skip
            self.functions.append(declared)
            for alias in aliases:
                self.functions.append(replace(declared, name=self.prefix + alias, alias_of=declared.name, examples=()))
            return implementation

        return register
