"""What somebody would write by hand for the same work: a loop, orjson, nothing else. The measure of every benchmark.

`python tests/bench/handloop.py NAME IN OUT`: `w1` and `w4` are what ratios are taken against; `w2`, `w6` and `w7` say
what the output of those workloads must be. It imports nothing of Conduix: it is the other opinion.
"""

from __future__ import annotations

import csv
import hashlib
import math
import re
import shutil
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson


def w1(source: Path, target: Path) -> None:
    """JSON lines: the active orders, eight fields of each."""
    with source.open("rb") as lines, target.open("wb") as out:
        for line in lines:
            order = orjson.loads(line)
            if order["status"] != "active":
                continue
            customer = order["customer"]
            address = customer["address"]
            shaped = {
                "id": order["event_id"],
                "currency": order["currency"].upper(),
                "country": address["country"].upper(),
                "name": customer["name"],
                "city": address["city"],
                "ts_unix": int(datetime.fromisoformat(order["ts"]).timestamp()),
                "keep": 1 - order["discount"],
                "total": sum(item["price"] * item["qty"] for item in order["items"]),
            }
            out.write(orjson.dumps(shaped))
            out.write(b"\n")


def w2(source: Path, target: Path) -> None:
    """Pass through."""
    shutil.copyfile(source, target)


def w4(source: Path, target: Path) -> None:
    """CSV: the active orders, eight fields of each."""
    with source.open(encoding="utf-8", newline="") as text, target.open("wb") as out:
        rows = csv.reader(text)
        next(rows)
        for event_id, status, ts, customer, name, city, country, currency, _channel, _sku, qty, price in rows:
            if status != "active":
                continue
            shaped = {
                "id": event_id,
                "currency": currency.upper(),
                "country": country.upper(),
                "name": name,
                "city": city,
                "ts_unix": int(datetime.fromisoformat(ts).timestamp()),
                "customer_id": int(customer),
                "total": float(price) * int(qty),
            }
            out.write(orjson.dumps(shaped))
            out.write(b"\n")


def w6(source: Path, target: Path) -> None:
    """The whole order with three edits and one field less."""

    def edited(order: dict[str, Any]) -> dict[str, Any]:
        order["currency"] = order["currency"].upper()
        address = order["customer"]["address"]
        address["country"] = address["country"].upper()
        order["total"] = sum(item["price"] * item["qty"] for item in order["items"])
        del order["note"]
        return order

    _line_by_line(source, target, edited)


def w7(source: Path, target: Path) -> None:
    """A heavy mapping: strings, a pattern, a hash, a list built and filtered."""
    vowels = re.compile("[aeiou]")
    classes = {"usd": "dollar", "eur": "euro"}

    def heavy(order: dict[str, Any]) -> dict[str, Any]:
        items, note = order["items"], order["note"]
        return {
            "items": [_item(item) for item in items if item["price"] > 50 and item["qty"] > 2],
            "words": "-".join(word.upper() for word in order["customer"]["name"].split(" ")),
            "h": hashlib.sha256(order["event_id"].encode()).hexdigest(),
            "m": vowels.sub("*", note),
            "cls": classes.get(order["currency"], "other"),
            "s": f"{order['status']}/{order['channel']}",
            "n": len(items) + len(note),
        }

    _line_by_line(source, target, heavy)


def _item(item: dict[str, Any]) -> dict[str, Any]:
    cents = item["price"] * item["qty"] * 100
    whole = math.floor(cents)
    return {
        "s": item["sku"].lower().replace("-", "_"),
        "v": whole + 1 if cents - whole >= 0.5 else whole,
        "big": True,
    }


def _line_by_line(source: Path, target: Path, shape: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    with source.open("rb") as lines, target.open("wb") as out:
        for line in lines:
            out.write(orjson.dumps(shape(orjson.loads(line))))
            out.write(b"\n")


LOOPS: dict[str, Callable[[Path, Path], None]] = {"w1": w1, "w2": w2, "w4": w4, "w6": w6, "w7": w7}

if __name__ == "__main__":
    LOOPS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
