"""Types of pyarrow against the type table, by the Delta reader as the judge."""

from __future__ import annotations

import datetime
import tempfile
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute
from conftest import TABLE, landed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import zerobus_arrow as za

T = TypeVar("T", datetime.datetime, datetime.time)
INT32 = pa.int32()
# Nanoseconds reach no farther.
SHORT_TIMES = st.datetimes(datetime.datetime(1700, 1, 1), datetime.datetime(2200, 1, 1))
TIMES = st.datetimes(datetime.datetime(1600, 1, 1), datetime.datetime(2500, 1, 1))


def integers(bits: int, signed: bool = True) -> st.SearchStrategy[int]:
    low = -(1 << (bits - 1)) if signed else 0
    return st.integers(low, (1 << (bits - signed)) - 1)


def microseconds(value: datetime.time | datetime.timedelta | None) -> int | None:
    """A time of day, or a span, as the table has it."""
    if value is None:
        return None
    if isinstance(value, datetime.time):
        value = datetime.datetime.combine(datetime.date.min, value) - datetime.datetime.min
    return value // datetime.timedelta(microseconds=1)


def whole_seconds(times: st.SearchStrategy[datetime.time]) -> st.SearchStrategy[datetime.time]:
    return times.map(lambda time: time.replace(microsecond=0))


def whole_milliseconds(times: st.SearchStrategy[T]) -> st.SearchStrategy[T]:
    return times.map(lambda time: time.replace(microsecond=time.microsecond // 1000 * 1000))


DECIMALS = st.decimals(-999_999_999, 999_999_999, places=3)
SPANS = st.timedeltas(datetime.timedelta(days=-9_999), datetime.timedelta(days=9_999))

# What is sent, and what the table has.
LEAVES: list[tuple[pa.DataType, st.SearchStrategy[Any], pa.DataType]] = [
    (pa.bool_(), st.booleans(), pa.bool_()),
    (pa.int8(), integers(8), pa.int8()),
    (pa.int16(), integers(16), pa.int16()),
    (pa.int32(), integers(32), pa.int32()),
    (pa.int64(), integers(64), pa.int64()),
    (pa.uint8(), integers(8, signed=False), pa.int16()),
    (pa.uint16(), integers(16, signed=False), pa.int32()),
    (pa.uint32(), integers(32, signed=False), pa.int64()),
    (pa.uint64(), integers(63, signed=False), pa.int64()),
    (pa.float16(), st.floats(width=16, allow_nan=False), pa.float32()),
    (pa.float32(), st.floats(width=32, allow_nan=False), pa.float32()),
    (pa.float64(), st.floats(allow_nan=False), pa.float64()),
    (pa.string(), st.text(), pa.string()),
    (pa.large_string(), st.text(), pa.string()),
    (pa.string_view(), st.text(), pa.string()),
    (pa.binary(), st.binary(), pa.binary()),
    (pa.large_binary(), st.binary(), pa.binary()),
    (pa.binary_view(), st.binary(), pa.binary()),
    (pa.binary(4), st.binary(min_size=4, max_size=4), pa.binary()),
    (pa.date32(), st.dates(), pa.date32()),
    (pa.date64(), st.dates(), pa.date32()),
    (pa.timestamp("us", "UTC"), TIMES, pa.timestamp("us", "UTC")),
    (pa.timestamp("ns", "UTC"), SHORT_TIMES, pa.timestamp("us", "UTC")),
    (pa.timestamp("ms", "Europe/Berlin"), whole_milliseconds(TIMES), pa.timestamp("us", "UTC")),
    (pa.timestamp("us"), TIMES, pa.timestamp("us")),
    (pa.time32("s"), whole_seconds(st.times()), pa.int64()),
    (pa.time32("ms"), whole_milliseconds(st.times()), pa.int64()),
    (pa.time64("us"), st.times(), pa.int64()),
    (pa.duration("us"), SPANS, pa.int64()),
    (pa.decimal128(12, 3), DECIMALS, pa.decimal128(12, 3)),
    (pa.decimal256(12, 3), DECIMALS, pa.decimal128(12, 3)),
]

SHAPES = ("plain", "dictionary", "run ends", "struct", "list", "large list", "list of one", "map")


@st.composite
def tables(draw: st.DrawFn) -> tuple[pa.Table, pa.Table]:
    """A table, and what the lake has of it."""
    rows = draw(st.integers(1, 12))
    sent: dict[str, pa.Array] = {}
    stored: dict[str, pa.Array] = {}
    for number in range(draw(st.integers(1, 5))):
        of_type, values, becomes = draw(st.sampled_from(LEAVES))
        column = draw(st.lists(st.none() | values, min_size=rows, max_size=rows))
        if pa.types.is_timestamp(of_type) and of_type.tz:
            column = [value and value.replace(tzinfo=datetime.timezone.utc) for value in column]
        array = pa.array(column, of_type)
        if pa.types.is_time(of_type) or pa.types.is_duration(of_type):
            column = [microseconds(value) for value in column]
        array, expected = shaped(draw(st.sampled_from(SHAPES)), array, pa.array(column, becomes))
        sent[f"c{number}"], stored[f"c{number}"] = array, expected
    return pa.table(sent), pa.table(stored)


def shaped(shape: str, sent: pa.Array, stored: pa.Array) -> tuple[pa.Array, pa.Array]:
    """The column in another form, and what the table has of that."""
    kind = sent.type
    match shape:
        case "dictionary" if pa.types.is_integer(kind) or pa.types.is_string(kind):
            return sent.dictionary_encode(), stored
        case "run ends" if pa.types.is_integer(kind) or (pa.types.is_floating(kind) and kind.bit_width > 16):
            return pa.compute.run_end_encode(sent), stored
        case "struct":
            inner = [pa.StructArray.from_arrays([array], ["inner"]) for array in (sent, stored)]
            return inner[0], inner[1]
        case "list":
            return listed(sent), listed(stored)
        case "large list":
            return listed(sent, pa.LargeListArray, pa.int64()), listed(stored)
        case "list of one":
            whole = present(sent)
            if len(whole) == len(sent):
                return pa.FixedSizeListArray.from_arrays(whole, 1), listed(stored)
        case "map":
            return mapped(sent), mapped(stored)
    return sent, stored


def mapped(array: pa.Array) -> pa.Array:
    """Each value that is not null in a map of its own, others as empty maps."""
    values = present(array)
    keys = pa.array(["key"] * len(values), pa.string())
    return pa.MapArray.from_arrays(offsets(array, pa.int32()), keys, values)


def present(array: pa.Array) -> pa.Array:
    """The values that are not null. pyarrow itself has no filter for every type."""
    return pa.array([value.as_py() for value in array if value.is_valid], array.type)


def offsets(array: pa.Array, kind: pa.DataType) -> pa.Array:
    starts, at = [0], 0
    for value in array:
        at += value.is_valid
        starts.append(at)
    return pa.array(starts, kind)


def listed(array: pa.Array, of: Any = pa.ListArray, kind: pa.DataType = INT32) -> pa.Array:
    """Each value that is not null in a list of its own, others as empty lists."""
    return of.from_arrays(offsets(array, kind), present(array))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(tables())
def test_values_of_every_type_arrive_as_the_table_of_types_says(
    tables: tuple[pa.Table, pa.Table],
) -> None:
    sent, stored = tables
    with tempfile.TemporaryDirectory() as lake:
        with za.Client.local(lake) as client:
            receipt = client.send(TABLE, sent)
            assert receipt.raise_for_rejected().durable == sent.num_rows
        found = landed(Path(lake))
        for name in sent.column_names:
            column = found.column(name).combine_chunks()
            assert column.to_pylist() == stored.column(name).combine_chunks().to_pylist(), name
