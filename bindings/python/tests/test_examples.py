"""The programs that people copy run as they say, and store what they should."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from conftest import FLIGHTS, landed

from zerobus_arrow.testing import LocalZerobus

EXAMPLES = Path(__file__).parents[1] / "examples"


def ran(name: str, *args: object, **environment: str) -> str:
    """What an example prints."""
    done = subprocess.run(
        [sys.executable, EXAMPLES / name, *map(str, args)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def late(flights: pa.Table) -> list[tuple[str, int]]:
    """The carriers and delays of late flights, found by pyarrow."""
    rows = flights.filter(pc.greater(flights["dep_delay"], 0))
    carriers = [carrier.lower() for carrier in rows["carrier"].to_pylist()]
    return sorted(zip(carriers, rows["dep_delay"].to_pylist(), strict=True))


def stored(rows: pa.Table) -> list[tuple[str, int]]:
    return sorted(zip(rows["carrier"].to_pylist(), rows["minutes"].to_pylist(), strict=True))


def test_a_pipeline_of_polars_stores_what_pyarrow_finds(lake: Path, late: list[tuple[str, int]]) -> None:
    printed = ran("polars_pipeline.py", FLIGHTS, lake)
    assert "CREATE TABLE main.nyc.delays" in printed
    assert f"{len(late)} delays stored" in printed
    assert stored(landed(lake, "main.nyc.delays")) == late


def test_a_pipeline_of_polars_goes_to_the_workspace_of_the_environment(
    lake: Path, late: list[tuple[str, int]]
) -> None:
    columns = {
        "airport": pa.string(),
        "carrier": pa.string(),
        "minutes": pa.int64(),
        "is_long": pa.bool_(),
    }
    with LocalZerobus() as zerobus:
        zerobus.create("main.nyc.delays", pa.schema(columns))
        ran("polars_pipeline.py", FLIGHTS, lake, **zerobus.environment())
        assert stored(zerobus.rows("main.nyc.delays")) == late
    assert not lake.exists()
