"""The mappings of the benchmark, on one of its orders, and what they must give."""

from __future__ import annotations

import hashlib
from typing import Any

from conduix.mapping import parse_condition, parse_mapping
from conduix.mapping.interpret import Interpreter, evaluate_record
from conduix.mapping.record import Record
from conduix.mapping.values import DELETED
from tests.unit.mapping.run import out

ORDER: dict[str, Any] = {
    "event_id": "e-1", "status": "active", "currency": "usd", "channel": "web", "note": "two or more",
    "ts": "2020-08-14T11:45:26Z", "discount": 0.25,
    "customer": {"name": "Ada King Lovelace", "address": {"country": "de", "city": "Bonn"}},
    "items": [{"sku": "AB-12", "price": 60, "qty": 3}, {"sku": "CD-9", "price": 1.005, "qty": 2}],
}  # fmt: skip

FIELDS = """\
root.id = this.event_id
root.currency = this.currency.uppercase()
root.country = this.customer.address.country.uppercase()
root.name = this.customer.name
root.city = this.customer.address.city
root.ts_unix = this.ts.ts_parse("2006-01-02T15:04:05Z").ts_unix()
root.keep = 1 - this.discount
root.total = this.items.map_each(i -> i.price * i.qty).sum()
"""
SHAPED = {
    "id": "e-1",
    "currency": "USD",
    "country": "DE",
    "name": "Ada King Lovelace",
    "city": "Bonn",
    "ts_unix": 1_597_405_526,
    "keep": 0.75,
    "total": 182.01,
}


def test_filter_and_shape_in_one_expression() -> None:
    mapping = """
root = if this.status != "active" { deleted() } else {
  {
    "id": this.event_id,
    "currency": this.currency.uppercase(),
    "ts_unix": this.ts.ts_parse("2006-01-02T15:04:05Z").ts_unix(),
    "keep": 1 - this.discount,
    "total": this.items.map_each(i -> i.price * i.qty).sum()
  }
}
"""
    assert out(mapping, ORDER) == {key: SHAPED[key] for key in ("id", "currency", "ts_unix", "keep", "total")}
    assert Interpreter(parse_mapping(mapping)).run({**ORDER, "status": "gone"}).value is DELETED


def test_fields_one_by_one() -> None:
    assert out(FIELDS, ORDER) == SHAPED


def test_rows_of_csv_become_numbers() -> None:
    row = {"customer_id": "0017", "price": "1.50", "qty": "4"}
    mapping = "root.customer_id = this.customer_id.number()\nroot.total = this.price.number() * this.qty.number()"
    assert out(mapping, row) == {"customer_id": 17, "total": 6}


def test_a_group_of_a_batch_becomes_one_record() -> None:
    batch = tuple(Record({"discount": share, "c": "de"}) for share in (0.1, 0.25))
    expression = parse_condition(
        'if batch_index() == 0 { {"country": this.c, "count": batch_size(), '
        '"sum": json("discount").from_all().sum()} } else { deleted() }'
    )
    assert evaluate_record(expression, batch, 0) == {"country": "de", "count": 2, "sum": 0.35}
    assert evaluate_record(expression, batch, 1) is DELETED


def test_a_mutation_in_place() -> None:
    mapping = """\
root.currency = this.currency.uppercase()
root.customer.address.country = this.customer.address.country.uppercase()
root.total = this.items.map_each(i -> i.price * i.qty).sum()
root.note = deleted()
"""
    result = Interpreter(parse_mapping(mapping, in_place=True)).run(ORDER).value
    address = {"country": "DE", "city": "Bonn"}
    kept = {key: value for key, value in ORDER.items() if key != "note"}
    assert result == {**kept, "currency": "USD", "customer": {**ORDER["customer"], "address": address}, "total": 182.01}
    assert ORDER["customer"]["address"]["country"] == "de"


def test_the_heavy_one() -> None:
    mapping = """\
root.items = this.items.map_each(i -> {"s": i.sku.lowercase().replace_all("-", "_"),
"v": (i.price * i.qty * 100).round(), "big": i.price > 50 && i.qty > 2}).filter(i -> i.big)
root.words = this.customer.name.split(" ").map_each(w -> w.uppercase()).join("-")
root.h = this.event_id.hash("sha256").encode("hex")
root.m = this.note.re_replace_all("[aeiou]", "*")
root.cls = match this.currency { "usd" => "dollar", "eur" => "euro", _ => "other" }
root.s = "%s/%s".format(this.status, this.channel)
root.n = this.items.length() + this.note.length()
"""
    assert out(mapping, ORDER) == {
        "items": [{"s": "ab_12", "v": 18_000, "big": True}], "words": "ADA-KING-LOVELACE",
        "h": hashlib.sha256(b"e-1").hexdigest(), "m": "tw* *r m*r*",
        "cls": "dollar", "s": "active/web", "n": 13,
    }  # fmt: skip
