"""Says whether a Delta table holds exactly the rows of a file. Shares no code with what it judges.

    python oracle.py compare SOURCE TABLE_DIR [--times N]
    python oracle.py count TABLE_DIR

`compare` asks whether every row of SOURCE is in the table exactly N times (once, if not said), equal in
every column (nulls, the bits of floats and the instants of timestamps included) and in the right Delta
types, and prints JSON: {"rows", "expected", "equal", "types", "duckdb", "differences"}. It exits 0 if all
is equal and 1 if not; then the differences are also on stderr, for people.

`count` prints {"rows", "versions"}: the rows of the table, and the commits that made it.
"""

import argparse
import json
import sys
from pathlib import Path

import deltalake
import pyarrow as pa
import pyarrow.compute as pc

import arrays
import delta_types
import readers

SHOWN = 5
"""Differing rows that are printed; all are counted."""

COUNT = "\0count"
"""A column name that no table has."""


def compare(source: Path, directory: Path, times: int = 1) -> dict:
    """The verdict as it is printed."""
    expected = readers.read_source(source)
    fields, found = readers.read_delta(directory)
    types = {field["name"]: _without_nullability(field["type"]) for field in fields}

    differences = schema_differences(expected.schema, fields)
    verdict = {"rows": found.num_rows, "expected": expected.num_rows * times, "types": types}
    if not differences:
        # Only where the types agree do the values have a common form.
        expected = _as_stored(expected)
        differences = row_differences(expected, found, times)
        second = readers.duckdb_difference(directory, expected, times)
        verdict["duckdb"] = second
        if second["missing"] or second["extra"]:
            differences.append(f"DuckDB reads it otherwise: {second}")
    return verdict | {"equal": not differences, "differences": differences}


def schema_differences(schema: pa.Schema, fields: list[dict]) -> list[str]:
    """Columns that are not there, too many, out of order, of a wrong type, or nullable against the source."""
    names, found = schema.names, [field["name"] for field in fields]
    if names != found:
        return [f"columns differ: expected {names}, found {found}"]
    differences = []
    for column, field in zip(schema, fields):
        want, have = delta_types.delta_type(column.type), _without_nullability(field["type"])
        if want != have:
            differences.append(f"column {column.name!r}: {column.type} must be {want}, is {have}")
        if column.nullable != field["nullable"]:
            differences.append(f"column {column.name!r}: nullable must be {column.nullable}")
    return differences


def row_differences(expected: pa.Table, found: pa.Table, times: int) -> list[str]:
    """The rows whose number is not `times` what it is in `expected`, as text."""
    keys = pa.concat_tables([_keys(expected, times), _keys(found, -1)])
    names = expected.column_names
    counted = keys.group_by(names).aggregate([(COUNT, "sum")])
    balance = f"{COUNT}_sum"
    missing = counted.filter(pc.greater(counted[balance], 0))
    extra = counted.filter(pc.less(counted[balance], 0))
    differences = []
    for what, rows in (("missing", missing), ("too many", extra)):
        if rows.num_rows:
            total = abs(pc.sum(rows[balance]).as_py())
            differences.append(f"{total} rows {what}, {rows.num_rows} of them distinct")
            differences += [f"  {what}: {row}" for row in _readable(rows.slice(0, SHOWN), expected.schema)]
    if missing.num_rows and extra.num_rows:
        candidates = _readable(extra.slice(0, 1000), expected.schema)
        differences.append(_nearest(_readable(missing.slice(0, 1), expected.schema)[0], candidates))
    return differences


def _nearest(want: dict, candidates: list[dict]) -> str:
    """In which columns the first missing row differs from the one most like it."""
    have = max(candidates, key=lambda row: sum(row[name] == want[name] for name in want))
    changed = {name: f"{want[name]!r} became {have[name]!r}" for name in want if want[name] != have[name]}
    return f"  the first missing row is most like one that differs in {changed}"


def _readable(rows: pa.Table, schema: pa.Schema) -> list[dict]:
    """Rows of keys as rows of values."""
    columns = [
        _one_chunk(rows[field.name]).view(field.type) if pa.types.is_floating(field.type) else rows[field.name]
        for field in schema
    ]
    return pa.table(columns, names=schema.names).to_pylist()


def _as_stored(table: pa.Table) -> pa.Table:
    columns = [delta_types.stored(_one_chunk(column)) for column in table.columns]
    return pa.table(columns, names=table.column_names)


def _keys(table: pa.Table, weight: int) -> pa.Table:
    """The columns in a form that groups exactly, and how much each row counts."""
    columns = [_key(_one_chunk(column)) for column in table.columns]
    columns.append(pa.repeat(pa.scalar(weight, pa.int64()), table.num_rows))
    return pa.table(columns, names=[*table.column_names, COUNT])


def _key(array: pa.Array) -> pa.Array:
    exact = arrays.at_leaves(array, _bits)
    if pa.types.is_nested(exact.type):
        return pa.array([None if value is None else repr(value) for value in exact.to_pylist()], pa.string())
    return exact


def _bits(array: pa.Array) -> pa.Array:
    """Floats as their bits: NaN equals itself, and -0.0 is not 0.0."""
    if array.type == pa.float32():
        return array.view(pa.int32())
    if array.type == pa.float64():
        return array.view(pa.int64())
    return array


def _one_chunk(column: pa.ChunkedArray) -> pa.Array:
    chunk = column.combine_chunks()
    return chunk if isinstance(chunk, pa.Array) else pa.concat_arrays(chunk.chunks)


def _without_nullability(kind):
    """A Delta type without what it says of nulls and metadata inside."""
    if not isinstance(kind, dict):
        return kind
    left_out = ("nullable", "metadata", "containsNull", "valueContainsNull")
    inner = {key: _without_nullability(value) for key, value in kind.items() if key not in left_out}
    if "fields" in inner:
        inner["fields"] = [_without_nullability(field) for field in inner["fields"]]
    return inner


def count(directory: Path) -> dict:
    """The rows of a table, and its versions."""
    table = deltalake.DeltaTable(directory)
    return {"rows": table.to_pyarrow_dataset().count_rows(), "versions": table.version() + 1}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    comparing = commands.add_parser("compare")
    comparing.add_argument("source", type=Path)
    comparing.add_argument("table", type=Path)
    comparing.add_argument("--times", type=int, default=1)
    counting = commands.add_parser("count")
    counting.add_argument("table", type=Path)
    asked = parser.parse_args()
    if asked.command == "count":
        print(json.dumps(count(asked.table)))
        return 0
    verdict = compare(asked.source, asked.table, asked.times)
    print(json.dumps(verdict))
    for difference in verdict["differences"]:
        print(difference, file=sys.stderr)
    return 0 if verdict["equal"] else 1


if __name__ == "__main__":
    sys.exit(main())
