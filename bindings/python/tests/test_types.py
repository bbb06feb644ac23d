"""Types of pyarrow against the type table, by the Delta reader as the judge."""

from __future__ import annotations

import datetime
import decimal
import tempfile
from pathlib import Path

import pyarrow as pa
from conftest import TABLE, landed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import zerobus_arrow as za

EPOCH = datetime.datetime(1970, 1, 1)
TIMES = st.datetimes(datetime.datetime(1600, 1, 1), datetime.datetime(2500, 1, 1))


def integers(bits: int, signed: bool = True) -> st.SearchStrategy[int]:
    low = -(1 << (bits - 1)) if signed else 0
    return st.integers(low, (1 << (bits - signed)) - 1)


# What is sent, and what the table has.
LEAVES: list[tuple[pa.DataType, st.SearchStrategy[object], pa.DataType]] = [
    (pa.bool_(), st.booleans(), pa.bool_()),
    (pa.int8(), integers(8), pa.int8()),
    (pa.int16(), integers(16), pa.int16()),
    (pa.int32(), integers(32), pa.int32()),
    (pa.int64(), integers(64), pa.int64()),
    (pa.uint8(), integers(8, signed=False), pa.int16()),
    (pa.uint16(), integers(16, signed=False), pa.int32()),
    (pa.uint32(), integers(32, signed=False), pa.int64()),
    (pa.uint64(), integers(63, signed=False), pa.int64()),
    (pa.float32(), st.floats(width=32, allow_nan=False), pa.float32()),
    (pa.float64(), st.floats(allow_nan=False), pa.float64()),
    (pa.string(), st.text(), pa.string()),
    (pa.large_string(), st.text(), pa.string()),
    (pa.string_view(), st.text(), pa.string()),
    (pa.binary(), st.binary(), pa.binary()),
    (pa.large_binary(), st.binary(), pa.binary()),
    (pa.binary(4), st.binary(min_size=4, max_size=4), pa.binary()),
    (pa.date32(), st.dates(), pa.date32()),
    (pa.timestamp("us", "UTC"), TIMES, pa.timestamp("us", "UTC")),
    (pa.timestamp("ms", "Europe/Berlin"), TIMES, pa.timestamp("us", "UTC")),
    (pa.timestamp("us"), TIMES, pa.timestamp("us")),
    (
        pa.decimal128(12, 3),
        st.decimals(-999_999_999, 999_999_999, places=3),
        pa.decimal128(12, 3),
    ),
]


@st.composite
def tables(draw: st.DrawFn) -> tuple[pa.Table, pa.Table]:
    """A table, and what the lake has of it."""
    rows = draw(st.integers(1, 12))
    sent: dict[str, pa.Array] = {}
    stored: dict[str, pa.Array] = {}
    for number in range(draw(st.integers(1, 5))):
        of_type, values, becomes = draw(st.sampled_from(LEAVES))
        column = draw(st.lists(st.none() | values, min_size=rows, max_size=rows))
        name = f"c{number}"
        if pa.types.is_timestamp(of_type) and of_type.unit == "ms":
            column = [v and v.replace(microsecond=v.microsecond // 1000 * 1000) for v in column]
        if pa.types.is_timestamp(of_type) and of_type.tz:
            utc = datetime.timezone.utc
            column = [v and v.replace(tzinfo=utc) for v in column]
        shape = draw(st.sampled_from(["plain", "dictionary", "struct", "list"]))
        array = pa.array(column, of_type)
        if pa.types.is_decimal(of_type):
            column = [v if v is None else decimal.Decimal(v) for v in column]
        expected = pa.array(column, becomes)
        can_be_coded = not pa.types.is_string_view(of_type) and not pa.types.is_boolean(of_type)
        if shape == "dictionary" and can_be_coded and not pa.types.is_decimal(of_type):
            array = array.dictionary_encode()
        elif shape == "struct":
            array = pa.StructArray.from_arrays([array], ["inner"])
            expected = pa.StructArray.from_arrays([expected], ["inner"])
        elif shape == "list":
            array, expected = (listed(leaf) for leaf in (array, expected))
        sent[name], stored[name] = array, expected
    return pa.table(sent), pa.table(stored)


def listed(array: pa.Array) -> pa.Array:
    """Each value that is not null in a list of its own, others as empty lists."""
    values = array.drop_null()
    offsets, at = [0], 0
    for value in array:
        at += value.is_valid
        offsets.append(at)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
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
