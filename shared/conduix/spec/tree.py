"""The supervision tree of a document: its keys checked, and what of it the runtime does not obey yet said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast, get_args

from conduix.spec.diagnostics import Code, Problems, nearest
from conduix.spec.dialects.draft import DraftNode, DraftSupervisor, Option
from conduix.spec.model import ChildSpec, RestartType, SupervisionSpec, SupervisorSpec
from conduix.spec.nodes import Table, child, kind, plain
from conduix.spec.validation import Subject, validate

_RESTARTS = get_args(RestartType)
_OBEYED = "permanent"


def check_tree(tree: DraftSupervisor, supervision: SupervisionSpec, problems: Problems) -> SupervisorSpec:
    """The tree under a root with this supervision; what is wrong in it is noted."""
    children = tuple(_child(each, problems) for each in tree.children)
    return SupervisorSpec(tree.name, supervision, children)


def tree_options(actor: DraftSupervisor | DraftNode) -> Iterator[Option]:
    """Everything that a document says about restarts below an actor, itself included."""
    if isinstance(actor, DraftNode):
        found = [actor.restart]
    else:
        found = [actor.supervision, actor.restart]
        for child_actor in actor.children:
            yield from tree_options(child_actor)
    yield from filter(None, found)


def check_strategy(supervision: SupervisionSpec, given: Option, problems: Problems) -> None:
    """Warn where a strategy is asked for that the runtime does not tell from `one_for_one` yet."""
    strategy = child(given.value, "strategy")
    if supervision.strategy == "one_for_one" or strategy is None:
        return
    message = f"the strategy {supervision.strategy} has no effect yet: only the actor that failed is built anew"
    problems.warning(Code.NO_EFFECT, strategy.mark, (*given.path, "strategy"), message)


def _child(actor: DraftSupervisor | DraftNode, problems: Problems) -> ChildSpec | SupervisorSpec:
    if isinstance(actor, DraftNode):
        return ChildSpec(actor.id, _restart(actor.restart, problems))
    message = f"the supervisor {actor.name!r} counts no restarts of its own yet: all are counted by the root"
    at = actor.supervision
    problems.warning(Code.NO_EFFECT, at.key if at else actor.mark, at.path if at else actor.path, message)
    restart = _restart(actor.restart, problems)
    own = _supervision(actor, problems)
    return SupervisorSpec(actor.name, own, tuple(_child(each, problems) for each in actor.children), restart)


def _supervision(supervisor: DraftSupervisor, problems: Problems) -> SupervisionSpec:
    """Each supervisor has its own: what it does not say is the default, not what the one above it says."""
    given = supervisor.supervision
    if given is None:
        return SupervisionSpec()
    if not isinstance(given.value, Table):
        message = f"supervision is a mapping, found {kind(plain(given.value))}"
        problems.error(Code.WRONG_TYPE, given.value.mark, given.path, message, "supervision: {max_restarts: 5}")
        return SupervisionSpec()
    options = {key: Option(each.key, each.value, (*given.path, key)) for key, each in given.value.entries.items()}
    subject = Subject(f"the supervision of {supervisor.name!r}", given.key, given.path)
    return validate(SupervisionSpec, options, subject, problems) or SupervisionSpec()


def _restart(given: Option | None, problems: Problems) -> RestartType:
    if given is None:
        return "permanent"
    value = plain(given.value)
    if value not in _RESTARTS:
        message = f"restart must be {', '.join(_RESTARTS[:-1])} or {_RESTARTS[-1]}, found {kind(value)}"
        meant = nearest(value, _RESTARTS) if isinstance(value, str) else ""
        problems.error(Code.INVALID_VALUE, given.value.mark, given.path, message, meant)
        return "permanent"
    if value != _OBEYED:
        message = f"restart: {value} has no effect yet: an actor that fails is always started again"
        problems.warning(Code.NO_EFFECT, given.value.mark, given.path, message)
    return cast("RestartType", value)
