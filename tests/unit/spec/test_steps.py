"""The steps form (v2): steps that say by their key what they do, one output, settings for realtime."""

from __future__ import annotations

import pytest

from conduix.engine.catalog import Entry
from conduix.spec.loading import Loaded, load
from tests.unit.spec.catalogue import CATALOG, Nothing, bad, edges, good, only, read
from tests.unit.spec.later_types import Dedupe, Upsert

ENDS = "name: a\nsource: {type: file, path: in}\noutput: {type: drop}\n"
REALTIME = "name: a\ntype: realtime\nsource: {type: file, path: in}\noutput: {type: drop}\nrealtime: %s\n"


def realtime(settings: str) -> Loaded:
    """With the two stages that the settings stand for."""
    stages = [Entry("dedupe", "stage", Dedupe, "once"), Entry("upsert", "stage", Upsert, "creates")]
    return load(REALTIME % settings, file="doc.yaml", catalog=CATALOG.with_entries(stages), env={})


def test_each_verb_is_a_stage() -> None:
    text = """steps:
  - {name: shape, transform: root = this, when: this.a, on_error: pass}
  - {id: keep, filter: this.a}
  - {name: some, sample: 0.1}
  - {sample: {rate: 0.5, seed: 7}}
"""
    spec = good(ENDS + text)
    assert [(node.id, node.type) for node in spec.nodes] == [
        *(("source", "file"), ("shape", "mapping"), ("keep", "filter"), ("some", "sample"), ("sample", "sample")),
        ("drop", "drop"),
    ]
    assert edges(spec)["drop"] == ["sample"]
    assert [node.options.model_dump(exclude_defaults=True) for node in spec.nodes[1:5]] == [
        *({"mapping": "root = this"}, {"condition": "this.a"}, {"rate": 0.1}, {"rate": 0.5, "seed": 7}),
    ]
    assert (spec.nodes[1].when, spec.nodes[1].on_error) == ("this.a", "pass")


def test_both_forms_of_one_pipeline_have_one_digest() -> None:
    steps = good(ENDS + "type: batch\nsteps: [{name: keep, filter: this.a}]")
    linear = good(
        "name: a\nmode: batch\nsource: {type: file, path: in}\nstages: [{id: keep, type: filter, condition: this.a}]\n"
        "sink: {type: drop}"
    )
    assert steps.digest == linear.digest


@pytest.mark.parametrize("rest", ["steps: []", "steps:", "output: {type: stub}\nsteps:"])
def test_no_steps_and_no_output(rest: str) -> None:
    loaded = read("name: a\nsource: {type: file, path: in}\n" + rest)
    assert loaded.spec is not None
    assert edges(loaded.spec) == {"source": [], "stub": ["source"]}
    assert [each.code for each in loaded.diagnostics] == ([] if "output" in rest else ["NO_SINK"])


@pytest.mark.parametrize(
    ("text", "code", "place", "suggestion"),
    [
        ("steps: {filter: this.a}", "WRONG_TYPE", "4:8 steps", ""),
        ("steps: [filter]", "WRONG_TYPE", "4:9 steps[0]", "{name: "),
        ("steps: [{name: x}]", "MISSING_KEY", "4:9 steps[0]", "filter: "),
        ("steps: [{fitler: this.a}]", "UNKNOWN_KEY", "4:10 steps[0].fitler", "filter"),
        ("steps: [{filter: this.a, sample: 1}]", "CONFLICTING_KEYS", "4:26 steps[0].sample", "two steps"),
        ("steps: [{filter: this.a )}]", "MAPPING_SYNTAX", "4:25 steps[0].filter", ""),
        ("steps: [{filter: }]", "MISSING_KEY", "4:10 steps[0].filter", "filter: this.a == 1"),
        ("steps: [{sample: 7}]", "INVALID_VALUE", "4:18 steps[0].sample", ""),
        ("steps: [{sample: {rat: 0.1}}]", "UNKNOWN_KEY", "4:19 steps[0].sample.rat", "rate"),
        ("steps: [{name: x y, sample: 1}]", "INVALID_ID", "4:16 steps[0].name", "x-y"),
        ("steps: [{name: x, sample: 1}, {name: x, sample: 1}]", "DUPLICATE_ID", "4:31 steps[1]", "x-2"),
        ("steps: [{sample: 1, on_error: ignore}]", "INVALID_VALUE", "4:31 steps[0].on_error", ""),
        ("steps: [{type: filter, config: {}}]", "UNKNOWN_KEY", "4:10 steps[0].type", ""),
    ],
)  # fmt: skip
def test_mistakes(text: str, code: str, place: str, suggestion: str) -> None:
    found = bad(ENDS + text)[0]
    assert (found.code, f"{found.line}:{found.column} {found.path}") == (code, place)
    assert found.suggestion.startswith(suggestion)


def test_a_step_that_is_a_stage_says_where_stages_are() -> None:
    assert "belong to the linear form" in bad(ENDS + "steps: [{type: filter}]")[0].message


@pytest.mark.parametrize(
    ("old", "new"), [("steps: [{filter: this.a}]", "steps: [{fitler: this.a}]"), ("type: drop", "typ: drop")]
)
def test_one_mistake_is_reported_once(old: str, new: str) -> None:
    text = ENDS + "steps: [{filter: this.a}]"
    assert old in text
    assert {each.path for each in bad(text.replace(old, new))} <= {"steps[0].fitler", "output.typ", "output.type"}


def test_without_a_source() -> None:
    assert only("name: a\nsteps: [{filter: this.a}]\noutput: {type: drop}").path == "source"


# realtime


def test_realtime_is_two_stages_before_the_steps() -> None:
    settings = "{id_field: event, event_type_field: kind, entity_id_field: of, dedup_storage: redis, dedup_ttl: 1h}"
    spec = realtime(settings + "\nsteps: [{filter: this.a}]").spec
    assert spec is not None
    chain = ["source", "dedupe", "upsert", "filter", "drop"]
    assert edges(spec) == {name: [before] if before else [] for before, name in zip(["", *chain], chain, strict=False)}
    dedupe, upsert = (node.options.model_dump() for node in spec.nodes[1:3])
    assert dedupe == {"key": "event", "storage": "redis", "ttl": 3600.0}
    assert upsert == {"event_type_field": "kind", "entity_id_field": "of", "storage": "redis"}


def test_without_a_field_it_is_the_event_id() -> None:
    spec = realtime("{}").spec
    assert spec is not None
    assert spec.nodes[1].options.model_dump()["key"] == "event_id"


@pytest.mark.parametrize(
    ("settings", "code", "place", "suggestion"),
    [
        ("5", "WRONG_TYPE", "5:11 realtime", ""),
        ("{id: x}", "UNKNOWN_KEY", "5:12 realtime.id", ""),
        ("{dedupe_ttl: 1h}", "UNKNOWN_KEY", "5:12 realtime.dedupe_ttl", "dedup_ttl"),
        ("{dedup_ttl: 5}", "INVALID_VALUE", "5:23 realtime.dedup_ttl", "5s"),
        ("{dedup_storage: redi}", "INVALID_VALUE", "5:27 realtime.dedup_storage", "redis"),
    ],
)  # fmt: skip
def test_mistakes_in_realtime(settings: str, code: str, place: str, suggestion: str) -> None:
    found = realtime(settings).errors[0]
    assert (found.code, f"{found.line}:{found.column} {found.path}") == (code, place)
    assert found.suggestion.startswith(suggestion)


@pytest.mark.parametrize("key", ["type", "mode"])
def test_in_batch_realtime_is_a_warning(key: str) -> None:
    loaded = load(
        (REALTIME % "{id_field: x}").replace("type: realtime", f"{key}: batch"), file="d", catalog=CATALOG, env={}
    )
    assert loaded.spec is not None
    assert list(edges(loaded.spec)) == ["source", "drop"]
    assert [(each.code, each.path) for each in loaded.diagnostics] == [("NO_EFFECT", "realtime")]


def test_stages_that_no_release_has_are_named_as_such() -> None:
    messages = [each.message for each in bad(REALTIME % "{}")]
    assert [message.partition(";")[0] for message in messages] == [
        f"the stage {name!r} is not there yet, it comes in a later release" for name in ("dedupe", "upsert")
    ]


def test_a_type_that_is_there_is_not_later() -> None:
    catalog = CATALOG.with_entries([Entry("sql", "source", Nothing, "rows")])
    text = "name: a\nsource: {type: sql}\noutput: {type: drop}"
    assert load(text, file="d", catalog=catalog, env={}).spec is not None
    assert "is not there yet" in only(text).message
