"""Conformance cases: what a reference implementation made of a mapping, and whether we make the same.

One JSON object a line: `mapping`, `input` (or `batch`, records with `content` and `meta`, and the `index` of the one
that counts), and what came of it: `output` with `output_meta`, `deleted`, or `error` with `error_stage` (`parse` or
`exec`). `id`, `category` and `uses` name a case. Texts of errors are not compared.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from conduix.errors import MappingError, MappingSyntaxError, UsageError
from conduix.mapping import parse_mapping
from conduix.mapping.interpret import Interpreter
from conduix.mapping.record import Record
from conduix.mapping.values import DELETED, NOTHING, encode_json, plain

Kind = Literal["output", "deleted", "parse", "exec"]
GENERATED = frozenset({"flow_id"})
"""Functions that give another result each time: a case with one of them has a blank where it stands."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a mapping; `text` is the output, or the message of the error."""

    kind: Kind
    text: str = ""
    meta: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """One case and what we made of it."""

    id: str
    category: str
    agrees: bool
    expected: Outcome
    found: Outcome

    @property
    def difference(self) -> str:
        """One line: what was expected, and what came."""
        return f"{self.id}: expected {_told(self.expected)}, found {_told(self.found)}"


@dataclass(slots=True)
class Report:
    """Shares over all cases."""

    total: Counter[str] = field(default_factory=Counter)
    agreeing: Counter[str] = field(default_factory=Counter)
    differing: list[Judged] = field(default_factory=list)

    def add(self, judged: Judged) -> None:
        """Count one case."""
        self.total[judged.category] += 1
        if judged.agrees:
            self.agreeing[judged.category] += 1
        else:
            self.differing.append(judged)

    def share(self, category: str | None = None) -> float:
        """Of a hundred, so many agree; of all categories together without one."""
        if category is None:
            return 100 * self.agreeing.total() / max(1, self.total.total())
        return 100 * self.agreeing[category] / self.total[category]

    @property
    def categories(self) -> list[str]:
        """The best first."""
        return sorted(self.total, key=lambda category: (-self.share(category), category))


def read_cases(path: Path) -> Iterator[dict[str, Any]]:
    """The cases of a file. Raises UsageError where it cannot be read, or a line is no case."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the cases {path}: {error}", remedy="name a file of JSON lines") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            case = json.loads(line)
            whole = isinstance(case["mapping"], str) and bool({"output", "deleted", "error"} & case.keys())
        except (ValueError, KeyError, TypeError):
            whole = False
        if not whole:
            raise UsageError(
                f"{path}:{number}: no case: it needs a mapping, and output, deleted or error",
                remedy='write {"mapping": "root = this", "input": "{}", "output": "{}"}',
            )
        yield case


def judge_all(cases: Iterable[dict[str, Any]]) -> Report:
    """Run every case, in order."""
    report = Report()
    for number, case in enumerate(cases, 1):
        report.add(judge(case, number))
    return report


def judge(case: dict[str, Any], number: int = 0) -> Judged:
    """Run one case; `number` is its name where it has none."""
    expected, found = _expected(case), run(case)
    name, category = str(case.get("id") or number), str(case.get("category") or "all")
    return Judged(name, category, _agrees(expected, found, case), expected, found)


def run(case: dict[str, Any]) -> Outcome:
    """What we make of it."""
    try:
        mapping = parse_mapping(case["mapping"])
    except MappingSyntaxError as error:
        return Outcome("parse", error.message)
    records, index = _records(case)
    try:
        result = Interpreter(mapping).run_record(records, index)
    except MappingError as error:
        return Outcome("exec", error.message)
    if result.value is DELETED:
        return Outcome("deleted")
    value = records[index].content if result.value is NOTHING else result.value
    if not isinstance(value, str | bytes):
        value = encode_json(value)
    content = value if isinstance(value, str) else value.decode(errors="replace")
    meta = {key: item.decode() if isinstance(item, bytes) else plain(item) for key, item in result.meta.items()}
    return Outcome("output", content, meta)


def _records(case: dict[str, Any]) -> tuple[tuple[Record, ...], int]:
    if "batch" not in case:
        return (Record(content=str(case.get("input") or "").encode()),), 0
    batch = tuple(Record(content=one["content"].encode(), meta=one.get("meta") or {}) for one in case["batch"])
    return batch, int(case["index"])


def _expected(case: dict[str, Any]) -> Outcome:
    if "error" in case:
        stage: Kind = "parse" if case.get("error_stage") == "parse" else "exec"
        return Outcome(stage, str(case["error"]))
    if case.get("deleted"):
        return Outcome("deleted")
    return Outcome("output", case["output"], case.get("output_meta"))


def _agrees(expected: Outcome, found: Outcome, case: dict[str, Any]) -> bool:
    if expected.kind != found.kind or expected.kind != "output":
        return expected.kind == found.kind
    if _canonical(expected.text) != _canonical(found.text):
        return False
    generated = not GENERATED.isdisjoint(case.get("uses", ()))
    return expected.meta is None or expected.meta == found.meta or generated


def _canonical(content: str) -> str:
    """JSON with sorted keys and numbers by value; anything else as it is."""
    try:
        return json.dumps(json.loads(content, parse_int=float), sort_keys=True)
    except ValueError:
        return content


def _told(outcome: Outcome) -> str:
    words = {"output": "", "deleted": "deleted", "parse": "an error of reading: ", "exec": "an error: "}
    text = outcome.text if len(outcome.text) <= 120 else outcome.text[:119] + "…"
    return words[outcome.kind] + " ".join(text.split())
