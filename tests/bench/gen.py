"""Order events for benchmarks and crash tests: the same bytes for the same arguments, on every machine.

`python -m tests.bench.gen 1000000 DIR` writes `orders.jsonl` (about 342 bytes a record) and `orders.csv` (one row a
record, with its first item). 10 % of the orders are inactive, 5 % repeat the id of one of the 20,000 orders before.
"""

from __future__ import annotations

import argparse
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

SEED = 342
WINDOW = 20_000
CSV_HEADER = "event_id,status,ts,customer_id,customer_name,city,country,currency,channel,sku,qty,price\n"

FIRST_NAMES = [
    "Ada",
    "Grace",
    "Edsger",
    "Barbara",
    "Niklaus",
    "Margaret",
    "Alan",
    "Radia",
    "José",
    "Zoë",
    "Ken",
    "Frances",
]
LAST_NAMES = [
    "Lovelace",
    "Hopper",
    "Dijkstra",
    "Liskov",
    "Wirth",
    "Hamilton",
    "Turing",
    "Perlman",
    "Núñez",
    "Berners-Lee",
    "Thompson",
    "Allen",
]
PLACES = (
    ("Paris", "fr"),
    ("Berlin", "de"),
    ("New York", "us"),
    ("Tokyo", "jp"),
    ("São Paulo", "br"),
    ("Lagos", "ng"),
    ("Oslo", "no"),
    ("Pune", "in"),
)
CURRENCIES = ["usd", "eur", "gbp", "jpy", "brl"]
CHANNELS = ["web", "ios", "android", "store"]
_DISCOUNT = re.compile(r'"discount":[0-9.]+')
NOTES = ("", "call first", "leave at the door", r"wrap it, \"fragile\"", r"first line\nsecond line")


@dataclass(frozen=True, slots=True)
class Orders:
    """Where the files of one size are."""

    jsonl: Path
    csv: Path
    records: int


def orders(count: int, *, bad: float = 0.0, odd: float = 0.0, seed: int = SEED) -> Iterator[tuple[str, str]]:
    """One JSON line and one CSV row an order.

    Args:
        count: number of orders.
        bad: share of orders whose `currency` is a number, at which a mapping that upper-cases it fails.
        odd: share of inactive orders whose `discount` is a text: nothing fails that leaves them out, but they are not
            what is decoded for a mapping that calculates with the discount.
        seed: another seed, other orders.
    """
    random = Random(seed)
    recent: deque[str] = deque(maxlen=WINDOW)
    for index in range(count):
        line, row = _order(random, _event_id(random, index, recent), bad)
        yield (_odd(line) if odd and random.random() < odd else line), row


def _event_id(random: Random, index: int, recent: deque[str]) -> str:
    if recent and random.random() < 0.05:
        return recent[int(random.random() * len(recent))]
    new = f"evt-{index:09d}-{random.getrandbits(32):08x}"
    recent.append(new)
    return new


def _odd(line: str) -> str:
    return _DISCOUNT.sub('"discount":"none"', line.replace('"status":"active"', '"status":"inactive"'))


def _order(random: Random, event_id: str, bad: float) -> tuple[str, str]:
    # random() is several times as fast as choice() and randrange(), and a million orders ask for it 25 million times
    rnd = random.random
    status = "inactive" if rnd() < 0.10 else "active"
    minute, second = divmod(int(rnd() * 86_400), 60)
    ts = f"2025-{int(rnd() * 12) + 1:02d}-{int(rnd() * 28) + 1:02d}T{minute // 60:02d}:{minute % 60:02d}:{second:02d}Z"
    customer = int(rnd() * 50_000)
    name = f"{FIRST_NAMES[int(rnd() * 12)]} {LAST_NAMES[int(rnd() * 12)]}"
    city, country = PLACES[int(rnd() * 8)]
    currency, channel = CURRENCIES[int(rnd() * 5)], CHANNELS[int(rnd() * 4)]
    items = [
        (f"SKU-{int(rnd() * 10_000):05d}", 1 + int(rnd() * 9), (100 + int(rnd() * 19_900)) / 100)
        for _ in range(1 + int(rnd() * 3))
    ]
    sku, qty, price = items[0]
    written = "999" if bad and rnd() < bad else f'"{currency}"'
    line = (
        f'{{"event_id":"{event_id}","status":"{status}","ts":"{ts}",'
        f'"customer":{{"id":{customer},"name":"{name}","address":{{"city":"{city}","country":"{country}"}}}},'
        f'"currency":{written},"channel":"{channel}","discount":{int(rnd() * 30) / 100},"items":['
        + ",".join([f'{{"sku":"{s}","qty":{q},"price":{p}}}' for s, q, p in items])
        + f'],"note":"{NOTES[int(rnd() * 5)]}"}}\n'
    )
    row = f"{event_id},{status},{ts},{customer},{name},{city},{country},{currency},{channel},{sku},{qty},{price}\n"
    return line, row


def generate(count: int, directory: Path, *, bad: float = 0.0, odd: float = 0.0, seed: int = SEED) -> Orders:
    """Write both files unless they are there already; a file appears whole or not at all."""
    name = f"orders-{count}" + (f"-bad{bad:g}" if bad else "") + (f"-odd{odd:g}" if odd else "")
    name += f"-seed{seed}" if seed != SEED else ""
    made = Orders(directory / f"{name}.jsonl", directory / f"{name}.csv", count)
    if not (made.jsonl.exists() and made.csv.exists()):
        directory.mkdir(parents=True, exist_ok=True)
        _write(made, orders(count, bad=bad, odd=odd, seed=seed))
    return made


def _write(made: Orders, pairs: Iterator[tuple[str, str]]) -> None:
    parts = [path.with_name(path.name + ".part") for path in (made.jsonl, made.csv)]
    with parts[0].open("w", encoding="utf-8") as lines, parts[1].open("w", encoding="utf-8") as rows:
        rows.write(CSV_HEADER)
        for line, row in pairs:
            lines.write(line)
            rows.write(row)
    parts[0].replace(made.jsonl)
    parts[1].replace(made.csv)


def main() -> None:
    """Command line: COUNT DIRECTORY [--bad SHARE] [--seed N]."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=1_000_000)
    parser.add_argument("directory", type=Path, nargs="?", default=Path("build/bench/data"))
    parser.add_argument("--bad", type=float, default=0.0, help="share of records that a mapping fails on")
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    generate(arguments.count, arguments.directory, bad=arguments.bad, seed=arguments.seed)


if __name__ == "__main__":
    main()
