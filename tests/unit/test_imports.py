"""What importing costs: no outside client with the catalogue, nothing heavy with `conduix --help`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

OUTSIDE_CLIENTS = frozenset({
    "aiobotocore", "aiohttp", "aiokafka", "aiomqtt", "aiosqlite", "asyncmy", "asyncpg", "boto3", "clickhouse_connect",
    "confluent_kafka", "elasticsearch", "grpc", "httpx", "nats", "pymysql", "redis", "sqlalchemy",
})  # fmt: skip
HEAVY = frozenset({
    "asyncio", "ijson", "lark", "msgspec", "orjson", "prometheus_client", "prompt_toolkit", "pydantic", "re2",
    "rich", "yaml",
})  # fmt: skip
ROOT = Path(__file__).resolve().parents[2]


def modules_after(code: str) -> set[str]:
    """Top-level names in sys.modules of a fresh interpreter after `code`."""
    report = "import json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_catalogue_loads_no_outside_client() -> None:
    loaded = modules_after("from conduix.engine.catalog import default_catalog; default_catalog()")
    assert "conduix" in loaded
    assert not loaded & OUTSIDE_CLIENTS


def test_help_loads_nothing_heavy() -> None:
    loaded = modules_after("""
from conduix_tui.cli.__main__ import main
try:
    main(["--help"])
except SystemExit as end:
    assert end.code == 0
""")
    assert "argparse" in loaded
    assert not loaded & (HEAVY | OUTSIDE_CLIENTS)


RUNTIME = """
import sys
from conduix_tui.cli.__main__ import main
assert main(["validate", "-"]) == 0
loaded = [name for name in sys.modules if name.startswith(("conduix.engine.runtime.", "conduix.engine.worker"))]
sys.exit(" ".join(loaded) or 0)
"""


def test_validating_loads_no_runtime() -> None:
    """The check of a document must not pay for the engine that would run it."""
    document = "name: x\nsource: {type: generate, count: 1, mapping: 'root = 1'}\nsink: {type: drop}\n"
    done = subprocess.run([sys.executable, "-c", RUNTIME], input=document, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_folder_shared_is_never_a_module() -> None:
    """`shared/` lies on the path of an editable install: `import shared.conduix` would load everything twice."""
    loaded = modules_after("import conduix_tui.cli.__main__; from conduix.engine.catalog import default_catalog")
    assert "shared" not in loaded
    guilty = [
        path
        for folder in ("shared/conduix", "conduix_server", "conduix_agent", "conduix_tui", "tests", "examples")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"^\s*(?:import|from) shared\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert guilty == []


def test_no_lazy_name_is_that_of_a_module() -> None:
    # importing such a module would put it in the place of what the package promises under that name
    for package in (ROOT / "shared" / "conduix").rglob("__init__.py"):
        lazy = re.search(r"_HOMES = \{(.*?)\}", package.read_text(encoding="utf-8"), re.DOTALL)
        names = set(re.findall(r'"(\w+)":', lazy[1])) if lazy else set()
        assert names.isdisjoint(path.stem for path in package.parent.iterdir()), package
