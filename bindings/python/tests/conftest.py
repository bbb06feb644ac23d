"""What the tests share: a lake, and a reader of it that knows nothing of this package."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import zerobus_arrow as za

TABLE = "main.default.things"
FLIGHTS = Path(__file__).parents[3] / "tests/data/flights-sample.parquet"


def landed(lake: Path, table: str = TABLE) -> pa.Table:
    """The rows of a table, as the Python `deltalake` reads them."""
    return deltalake.DeltaTable(lake / table.replace(".", "/")).to_pyarrow_table()


def assert_landed(lake: Path, expected: pa.Table, table: str = TABLE) -> None:
    """The table holds exactly these rows, in any order."""
    found = landed(lake, table)
    expected = expected.cast(found.schema)
    keys = [(name, "ascending") for name in expected.column_names]
    assert found.num_rows == expected.num_rows
    assert found.sort_by(keys).equals(expected.sort_by(keys))


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return tmp_path / "lake"


@pytest.fixture
def client(lake: Path) -> Iterator[za.Client]:
    with za.Client.local(lake) as client:
        yield client


@pytest.fixture(scope="session")
def flights() -> pa.Table:
    return pq.read_table(FLIGHTS)


@pytest.fixture
def child(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a program in a Python of its own."""

    def run(code: str, *, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        program = tmp_path / "child.py"
        program.write_text(textwrap.dedent(code))
        return subprocess.run(
            [sys.executable, "-X", "faulthandler", str(program)],
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, "LAKE": str(tmp_path / "lake")},
        )

    return run
