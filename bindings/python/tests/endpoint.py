"""The program `zb serve`, an endpoint that other processes can reach."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import deltalake
import pyarrow as pa
import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = Path(os.environ.get("ZB_PROGRAM", ROOT / "target/debug/zb"))


@dataclasses.dataclass
class Endpoint:
    lake: Path
    #: The keywords of a client.
    connection: dict[str, str]

    def rows(self, table: str) -> pa.Table:
        return deltalake.DeltaTable(self.lake / table.replace(".", "/")).to_pyarrow_table()

    def times(self, table: str, column: str = "id") -> Counter[object]:
        """How often each value of a column is in a table."""
        return Counter(self.rows(table).column(column).to_pylist())


@contextlib.contextmanager
def served(directory: Path, tables: dict[str, Path]) -> Iterator[Endpoint]:
    """An endpoint with tables, each with the columns of a Parquet or an SQL file."""
    if not PROGRAM.exists():
        pytest.skip(f"there is no {PROGRAM}: build zb, or name it in ZB_PROGRAM")
    lake = directory / "lake"
    command = [str(PROGRAM), "serve", "--dir", str(lake)]
    for table, columns in tables.items():
        command += ["--create", f"{table}={columns}"]
    with open(directory / "zb.log", "wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, (directory / "zb.log").read_text()
        facts = json.loads(line)
        yield Endpoint(
            lake,
            {
                "endpoint": facts["endpoint"],
                "host": facts["unity_catalog_url"],
                "client_id": facts["client_id"],
                "client_secret": facts["client_secret"],
            },
        )
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def create(directory: Path, name: str, columns: str) -> Path:
    """A file with CREATE TABLE."""
    path = directory / f"{name}.sql"
    path.write_text(f"CREATE TABLE main.default.{name} ({columns})")
    return path


def numbered(flights: pa.Table, times: int) -> pa.Table:
    """The flights again and again, with a column ``id`` that is another in each row."""
    rows = pa.concat_tables([flights] * times)
    return rows.append_column("id", pa.array(range(rows.num_rows), pa.int64()))
