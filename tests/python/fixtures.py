"""Makes the Parquet files that tests need out of the sample.

    python fixtures.py grow SOURCE DEST COPIES     the rows COPIES times, no two equal: the year goes up by one a copy
    python fixtures.py drop SOURCE DEST COLUMN     without a column
    python fixtures.py retype SOURCE DEST COLUMN   with an integer column as text
    python fixtures.py empty SOURCE DEST           the schema alone, no rows
    python fixtures.py types DEST                  every type of the design's table that a file can hold, nulls included
"""

import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

YEAR = "year"


def grow(source: str, dest: str, copies: str) -> None:
    """Writes one copy at a time, so that the size of the result is not bounded by memory."""
    table = pq.read_table(source)
    index = table.schema.get_field_index(YEAR)
    with pq.ParquetWriter(dest, table.schema, compression="zstd") as writer:
        for copy in range(int(copies)):
            year = pc.add(table[YEAR], copy)
            writer.write_table(table.set_column(index, table.schema.field(index), year), row_group_size=16_384)


def drop(source: str, dest: str, column: str) -> None:
    """A file whose rows lack a column that the table has."""
    pq.write_table(pq.read_table(source).drop_columns([column]), dest)


def retype(source: str, dest: str, column: str) -> None:
    """A file in which a column has another type than in the table."""
    table = pq.read_table(source)
    index = table.schema.get_field_index(column)
    pq.write_table(table.set_column(index, column, table[column].cast(pa.string())), dest)


def empty(source: str, dest: str) -> None:
    """A sound file with nothing in it."""
    pq.write_table(pq.read_schema(source).empty_table(), dest)


def types(dest: str) -> None:
    """One column per type: an ordinary value, the extremes, a null."""
    pq.write_table(all_types(), dest)


def all_types() -> pa.Table:
    """Flat types, structs, lists and maps, with the values that are easily got wrong."""
    nan, inf = float("nan"), float("inf")
    point = pa.struct([("x", pa.float64()), ("label", pa.string())])
    columns = {
        "bool": pa.array([True, False, None, True]),
        "i8": pa.array([1, -(2**7), None, 2**7 - 1], pa.int8()),
        "i16": pa.array([1, -(2**15), None, 2**15 - 1], pa.int16()),
        "i32": pa.array([1, -(2**31), None, 2**31 - 1], pa.int32()),
        "i64": pa.array([1, -(2**63), None, 2**63 - 1], pa.int64()),
        "u8": pa.array([1, 0, None, 2**8 - 1], pa.uint8()),
        "u16": pa.array([1, 0, None, 2**16 - 1], pa.uint16()),
        "u32": pa.array([1, 0, None, 2**32 - 1], pa.uint32()),
        "u64": pa.array([1, 0, None, 2**63 - 1], pa.uint64()),
        "f32": pa.array([1.5, -0.0, None, nan], pa.float32()),
        "f64": pa.array([inf, -inf, None, nan], pa.float64()),
        "text": pa.array(["plain", "", None, "żółć 🛩 \u0000"]),
        "large_text": pa.array(["plain", "", None, "x" * 1000], pa.large_string()),
        "bytes": pa.array([b"plain", b"", None, b"\x00\xff"]),
        "fixed": pa.array([b"abcd", b"\x00" * 4, None, b"\xff" * 4], pa.binary(4)),
        "day": pa.array([date(1970, 1, 1), date(1, 1, 1), None, date(9999, 12, 31)]),
        "instant_s": pa.array([0, -1, None, 253402300799], pa.timestamp("s", "America/New_York")),
        "instant_ms": pa.array([0, -1, None, 253402300799999], pa.timestamp("ms", "UTC")),
        "instant_us": pa.array([0, -1, None, 253402300799999999], pa.timestamp("us", "+05:30")),
        "instant_ns": pa.array([0, -1000, None, 2**62 // 1000 * 1000], pa.timestamp("ns", "UTC")),
        "wall_clock": pa.array([0, -1, None, 253402300799999999], pa.timestamp("us")),
        "money": pa.array([Decimal("1.10"), Decimal("-0.01"), None, Decimal("99999999.99")], pa.decimal128(10, 2)),
        "money38": pa.array([Decimal(1), Decimal(-1), None, Decimal(10**38 - 1)], pa.decimal128(38, 0)),
        "time": pa.array([0, 1, None, 86_399_999_999], pa.time64("us")),
        "point": pa.array([{"x": 1.0, "label": "a"}, {"x": None, "label": None}, None, {"x": nan, "label": ""}], point),
        "list": pa.array([[1, 2], [], None, [3]], pa.list_(pa.int32())),
        "points": pa.array([[{"x": 1.0, "label": None}], [], None, [{"x": -0.0, "label": "z"}]], pa.list_(point)),
        "map": pa.array([[("a", 1)], [], None, [("b", 2), ("c", 3)]], pa.map_(pa.string(), pa.int64())),
        "word": pa.array(["a", "b", None, "a"]).dictionary_encode(),
    }
    return pa.table(columns)


COMMANDS = {"grow": grow, "drop": drop, "retype": retype, "empty": empty, "types": types}

if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    Path(sys.argv[3] if sys.argv[1] != "types" else sys.argv[2]).parent.mkdir(parents=True, exist_ok=True)
    COMMANDS[sys.argv[1]](*sys.argv[2:])
