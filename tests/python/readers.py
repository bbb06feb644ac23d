"""Two readers of Delta tables that share no code with each other, and one reader of source files."""

import importlib.util
import json
from pathlib import Path

import deltalake
import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet as pq


def read_source(path: Path) -> pa.Table:
    """A Parquet, Arrow IPC, CSV or NDJSON file, by its ending."""
    match path.suffix:
        case ".parquet":
            return pq.read_table(path)
        case ".arrow":
            with pa.memory_map(str(path)) as source:
                return pa.ipc.open_file(source).read_all()
        case ".arrows":
            with pa.memory_map(str(path)) as source:
                return pa.ipc.open_stream(source).read_all()
        case ".csv":
            return pa.csv.read_csv(path)
        case ".ndjson":
            return pa.json.read_json(path)
    raise ValueError(f"{path}: not a .parquet, .arrow, .arrows, .csv or .ndjson file")


def read_delta(directory: Path) -> tuple[list[dict], pa.Table]:
    """The fields of the table's schema as JSON, and its rows, through `deltalake`."""
    table = deltalake.DeltaTable(directory)
    fields = json.loads(table.schema().to_json())["fields"]
    return fields, table.to_pyarrow_table()


def duckdb_difference(directory: Path, expected: pa.Table, times: int) -> dict:
    """Counts through DuckDB's own Delta reader: rows, rows it misses, rows that it has too many.

    Only columns that are not nested are compared.
    """
    flat = [field.name for field in expected.schema if not pa.types.is_nested(field.type)]
    columns = ", ".join('"' + name.replace('"', '""') + '"' for name in flat)
    with duckdb.connect() as connection:
        connection.execute(f"LOAD '{_delta_extension()}'")
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("expected", expected.select(flat))
        connection.execute(
            f"CREATE TEMP TABLE found AS SELECT {columns} FROM delta_scan(?)", [str(directory.resolve())]
        )
        source = f"SELECT {columns} FROM expected, range({times})"

        def count(query: str) -> int:
            return connection.execute(f"SELECT count(*) FROM ({query})").fetchall()[0][0]

        return {
            "rows": count("FROM found"),
            "columns": len(flat),
            "missing": count(f"{source} EXCEPT ALL FROM found"),
            "extra": count(f"FROM found EXCEPT ALL {source}"),
        }


def _delta_extension() -> str:
    """DuckDB's signed Delta extension, out of its wheel, so that nothing is fetched at run time."""
    package = importlib.util.find_spec("duckdb_extension_delta")
    root = Path(package.submodule_search_locations[0])
    return str(root / "extensions" / f"v{duckdb.__version__}" / "delta.duckdb_extension")
