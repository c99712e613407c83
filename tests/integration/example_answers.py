"""What each example must write, computed with the csv, json and zipfile modules alone, with nothing of Conduix."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from examples.fetch_data import DATA

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a run must leave behind."""

    outputs: dict[str, list[Record]]
    """File, relative to the working directory → its records in order."""
    read: int
    filtered: int = 0
    dead: dict[str, list[Record]] = field(default_factory=dict)
    """Dead-letter file → the records as they entered the failing stage."""
    sampled: bool = False
    """`outputs` holds the candidates; the run keeps some of them, in the same order."""


Computation = Callable[[], Answer]
ANSWERS: dict[str, Computation] = {}


def answers(name: str) -> Callable[[Computation], Computation]:
    """Name the example that a computation is about."""

    def register(computation: Computation) -> Computation:
        ANSWERS[name] = computation
        return computation

    return register


def table(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def flights() -> Iterator[dict[str, str]]:
    with zipfile.ZipFile(DATA / "flights.csv.zip") as archive, archive.open("flights.csv") as raw:
        yield from csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8", newline=""))


def known(text: str) -> str | None:
    return None if text == "NA" else text


def number(text: str) -> float | None:
    return None if text == "NA" else float(text)


def half_up(value: float) -> int:
    """To the nearest integer, halves upwards; the examples round positive numbers only."""
    whole = math.floor(value)
    return whole + 1 if value - whole >= 0.5 else whole


@answers("clean-airports")
def clean_airports() -> Answer:
    rows = table("airports.csv")
    valid = [
        row
        for row in rows
        if row["country"] == "USA" and row["state"] != "NA" and re.fullmatch("[A-Z]{3}", row["iata"])
    ]
    records = [
        {
            "code": row["iata"],
            "name": row["name"].strip(),
            "city": row["city"].strip(),
            "state": row["state"].upper(),
            "position": {"lat": float(row["latitude"]), "lon": float(row["longitude"])},
        }
        for row in valid
    ]
    return Answer({"out/airports.jsonl": records}, read=len(rows), filtered=len(rows) - len(valid))


@answers("reshape-cars")
def reshape_cars() -> Answer:
    cars = json.loads((DATA / "cars.json").read_text(encoding="utf-8"))
    return Answer({"out/cars.jsonl": [_car(car) for car in cars]}, read=len(cars))


def _car(car: Record) -> Record:
    make, _, model = car["Name"].partition(" ")
    mpg = car["Miles_per_Gallon"]
    return {
        "make": make,
        "model": model,
        "year": int(car["Year"][:4]),
        "origin": {"USA": "us", "Japan": "jp"}.get(car["Origin"], "eu"),
        "engine": {
            "cylinders": car["Cylinders"],
            "litres": half_up(car["Displacement"] * 0.16387064) / 10,
            "horsepower": car["Horsepower"],
        },
        "weight_kg": half_up(car["Weight_in_lbs"] * 0.45359237),
        "litres_per_100km": None if mpg is None else half_up(2352.14583 / mpg) / 10,
    }


@answers("route-weather")
def route_weather() -> Answer:
    rows = table("seattle-weather.csv")
    files: dict[str, list[Record]] = {f"out/weather/{name}.jsonl": [] for name in ("snow", "hot", "wet", "other")}
    for row in rows:
        files[f"out/weather/{_kind_of_day(row)}.jsonl"].append(
            {
                "date": row["date"].replace("/", "-"),
                "kind": row["weather"],
                "rain_mm": float(row["precipitation"]),
                "temperature": {"min": float(row["temp_min"]), "max": float(row["temp_max"])},
                "wind": float(row["wind"]),
            }
        )
    return Answer(files, read=len(rows))


def _kind_of_day(row: dict[str, str]) -> str:
    if row["weather"] == "snow":
        return "snow"
    if float(row["temp_max"]) >= 30:
        return "hot"
    return "wet" if row["weather"] in {"rain", "drizzle"} or float(row["precipitation"]) >= 5 else "other"


@answers("dead-letters-planes")
def dead_letters_planes() -> Answer:
    rows = table("planes.csv")
    records = [
        {
            "tail": row["tailnum"],
            "built": int(row["year"]),
            "maker": row["manufacturer"].lower().title(),
            "model": row["model"],
            "engines": {"count": int(row["engines"]), "kind": row["engine"]},
            "seats": int(row["seats"]),
        }
        for row in rows
        if row["year"] != "NA"
    ]
    dead = [dict(row) for row in rows if row["year"] == "NA"]
    return Answer({"out/planes.jsonl": records}, read=len(rows), dead={"out/planes-dead.jsonl": dead})


@answers("check-weather")
def check_weather() -> Answer:
    kept: list[Record] = []
    dead: list[Record] = []
    measured = ("temp", "dewp", "humid", "wind_speed", "wind_gust", "precip", "pressure", "visib")
    rows = table("nyc-weather.csv")
    for row in rows:
        numbers = {name: number(row[name]) for name in measured}
        wind_dir = None if row["wind_dir"] == "NA" else int(row["wind_dir"])
        typed = {**row, **numbers, "hour": int(row["hour"]), "wind_dir": wind_dir}
        if (numbers["wind_speed"] or 0) > 200:
            dead.append(typed)
            continue
        record = {
            name: value for name, value in typed.items() if name not in {"year", "month", "day", "origin", "time_hour"}
        }
        record["wind_gust"] = numbers["wind_gust"] or 0
        record["date"] = f"{row['year']}-{row['month']}-{row['day']}"
        if numbers["precip"] == 0 and numbers["humid"] is not None and numbers["humid"] < 20:
            record["dust"] = True
        at = int(datetime.fromisoformat(row["time_hour"]).timestamp())
        kept.append({**record, "airport": row["origin"], "at": at})
    return Answer({"out/nyc/checked.jsonl": kept}, read=len(rows), dead={"out/nyc/checked-dead.jsonl": dead})


@answers("flights-to-jsonl")
def flights_to_jsonl() -> Answer:
    records = [
        {
            "flight": row["carrier"] + row["flight"],
            "plane": known(row["tailnum"]),
            "from": row["origin"],
            "to": row["dest"],
            "scheduled": row["time_hour"],
            "miles": int(row["distance"]),
            "cancelled": row["dep_time"] == "NA",
            "delay": {"departure": number(row["dep_delay"]), "arrival": number(row["arr_delay"])},
            "minutes_in_air": number(row["air_time"]),
        }
        for row in flights()
    ]
    return Answer({"out/flights.jsonl": records}, read=len(records))


@answers("fan-out-weather")
def fan_out_weather() -> Answer:
    rows = table("nyc-weather.csv")
    metric = [
        {
            "airport": row["origin"],
            "at": row["time_hour"],
            "wind_ms": (number(row["wind_speed"]) or 0.0) * 0.44704,
            "rain_mm": float(row["precip"]) * 25.4,
            "frost": row["temp"] != "NA" and float(row["temp"]) <= 32,
        }
        for row in rows
    ]
    gales = [
        {
            "text": f"{row['time_hour']}: gusts of {half_up(float(row['wind_gust']))} mph at {row['origin']}",
            "level": "storm" if float(row["wind_gust"]) >= 55 else "gale",
        }
        for row in rows
        if row["wind_gust"] != "NA" and float(row["wind_gust"]) >= 45
    ]
    return Answer(
        {"out/nyc/metric.jsonl": metric, "out/nyc/gales.jsonl": gales},
        read=len(rows),
        filtered=len(rows) - len(gales),
    )


@answers("delayed-flights")
def delayed_flights() -> Answer:
    read, late = 0, []
    for row in flights():
        read += 1
        if row["dep_delay"] != "NA" and int(row["dep_delay"]) >= 120:
            late.append(
                {
                    "scheduled": row["time_hour"],
                    "carrier": row["carrier"],
                    "flight": row["flight"],
                    "plane": row["tailnum"],
                    "origin": row["origin"],
                    "dest": row["dest"],
                    "minutes_late": row["dep_delay"],
                }
            )
    return Answer({"out/delayed.jsonl": late}, read=read, filtered=read - len(late), sampled=True)


@answers("stocks-by-quarter")
def stocks_by_quarter() -> Answer:
    rows = table("stocks.csv")
    records = [_closing(row) for row in rows]
    kept = [record for record in records if record["date"] >= "2003-01-01"]
    return Answer({"out/stocks.jsonl": kept}, read=len(rows), filtered=len(rows) - len(kept))


def _closing(row: dict[str, str]) -> Record:
    day = datetime.strptime(row["date"], "%b %d %Y").replace(tzinfo=UTC)
    return {
        "symbol": row["symbol"],
        "date": day.date().isoformat(),
        "unix": int(day.timestamp()),
        "quarter": f"{day.year}Q{(day.month - 1) // 3 + 1}",
        "cents": half_up(float(row["price"]) * 100),
    }


NOT_SECTORS = {
    "month",
    "nonfarm",
    "nonfarm_change",
    "private",
    "goods_producing",
    "service_providing",
    "private_service_providing",
}


@answers("employment-sectors")
def employment_sectors() -> Answer:
    rows = table("us-employment.csv")
    records = []
    for row in rows:
        jobs = {sector: float(count) for sector, count in row.items() if sector not in NOT_SECTORS}
        largest = sorted(jobs, key=lambda sector: -jobs[sector])[:3]
        records.append(
            {
                "month": row["month"][:7],
                "total": float(row["nonfarm"]),
                "largest": [{"sector": sector, "jobs": jobs[sector]} for sector in largest],
                "government_share": half_up(jobs["government"] * 1000 / float(row["nonfarm"])) / 10,
            }
        )
    return Answer({"out/employment.jsonl": records}, read=len(rows))


def written(path: Path) -> list[Any]:
    """The records of a JSON-lines file; every line must end with a newline."""
    text = path.read_bytes()
    assert not text or text.endswith(b"\n"), f"{path} ends in half a line"
    return [json.loads(line) for line in text.splitlines()]
