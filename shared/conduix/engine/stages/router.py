"""Router: sends each record to routes, by condition or to all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from conduix.engine.catalog import Entry
from conduix.errors import MappingSyntaxError
from conduix.mapping import is_deterministic
from conduix.mapping.steps import OnError, RouteStep, Step
from conduix.mapping.tree import Expr
from conduix.spec.filters import Condition, read
from conduix.spec.options import Options

DEFAULT_PORT = "default"


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _as_target(value: object) -> object:
    return {"next": value} if isinstance(value, str | list) else value


_ONE_OR_MORE = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}

Targets = Annotated[tuple[str, ...], BeforeValidator(_as_list), WithJsonSchema(_ONE_OR_MORE)]
"""Ids of stages or sinks; a single id may stand without brackets."""


class Route(Options):
    """One way out of a router; its name is the router's output port."""

    name: str = Field(min_length=1, description="Name of the route; in the flat form inputs name it: `router.name`.")
    when: Condition | None = Field(
        None, description="Which records take it; without it all do.", examples=['this.status == "failed"']
    )
    next: Targets = Field((), description="Stages or sinks that read this route (linear form).", examples=["errors"])


class DefaultRoute(Options):
    """Where records go that no route takes; its port is called `default`."""

    next: Targets = Field((), description="Stages or sinks that read it (linear form).", examples=["rest"])


class RouterOptions(Options):
    """Options of a router."""

    mode: Literal["condition", "fan_out", "filter"] = Field(
        "condition",
        description="`condition`: the first route whose `when` is true; `filter`: every such route; "
        "`fan_out`: all routes.",
    )
    routes: tuple[Route, ...] = Field(min_length=1, description="The routes, tried in this order.")
    default: Annotated[DefaultRoute | None, BeforeValidator(_as_target)] = Field(
        None,
        description="Where records go that no route takes: `{next: …}`, or just the id of a stage or sink.",
        examples=["rest", {"next": ["rest", "audit"]}],
    )
    on_no_match: Literal["drop", "dlq"] = Field(
        "drop", description="Without a default: count and drop what no route takes, or make it a dead letter."
    )

    @model_validator(mode="after")
    def _names_are_ports(self) -> Self:
        names = [route.name for route in self.routes]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two routes are called {name!r}; give each its own name")
        if DEFAULT_PORT in names:
            raise ValueError("the name 'default' is taken by the default route; write it under `default`")
        return self

    @model_validator(mode="after")
    def _every_route_can_be_taken(self) -> Self:
        if self.mode == "fan_out":
            for route in self.routes:
                if route.when is not None:
                    raise ValueError(
                        f"fan_out copies to all routes, so `when` of {route.name!r} has no effect; "
                        "remove it, or write mode: filter"
                    )
            if self.default is not None:
                raise ValueError("fan_out copies to all routes, so nothing reaches `default`; remove it")
        if self.mode == "condition":
            for route in self.routes[:-1]:
                if route.when is None:
                    raise ValueError(
                        f"route {route.name!r} takes every record, so those after it get none; "
                        "give it a `when`, or write mode: fan_out"
                    )
        if self.default is not None and self.on_no_match == "dlq":
            raise ValueError("with a default route every record matches; remove `default` or `on_no_match: dlq`")
        return self


def _ports(options: RouterOptions) -> Sequence[str]:
    names = tuple(route.name for route in options.routes)
    return names if options.mode == "fan_out" else (*names, DEFAULT_PORT)


def _lower(options: RouterOptions, node: str, when: Expr | None, on_error: OnError) -> Sequence[Step]:
    if when is not None:
        raise MappingSyntaxError(
            "a router has no `when`: give its routes one", line=when.mark.line, column=when.mark.column
        )
    routes = tuple((route.name, None if route.when is None else read(route.when)) for route in options.routes)
    default = None if options.mode == "fan_out" else DEFAULT_PORT
    return [RouteStep(node, options.mode, routes, default, options.on_no_match, on_error)]


def _deterministic(options: RouterOptions) -> bool:
    return all(route.when is None or is_deterministic(read(route.when)) for route in options.routes)


ROUTER = Entry(
    "router",
    "stage",
    RouterOptions,
    "Sends records to routes, by condition or to all.",
    lower=_lower,
    port_names=_ports,
    deterministic=_deterministic,
)
