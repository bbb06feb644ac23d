"""Whatever speaks Arrow lands as equal rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import arro3.core
import duckdb
import nanoarrow
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pytest
from conftest import TABLE, assert_landed, landed

import zerobus_arrow as za

ROWS = pa.table(
    {
        "id": pa.array(range(1_000), pa.int64()),
        "name": pa.array([None if i % 7 == 0 else f"n{i}" for i in range(1_000)], pa.string()),
        "size": pa.array([i / 3 for i in range(1_000)], pa.float64()),
    }
)


def capsule() -> object:
    return ROWS.__arrow_c_stream__()


def generator() -> Iterator[pa.RecordBatch]:
    yield from ROWS.to_batches(max_chunksize=100)


class OnlyAnArray:
    """Of an object, the one thing that is needed."""

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        return ROWS.combine_chunks().to_batches()[0].__arrow_c_array__(requested_schema)


INPUTS = {
    "pyarrow table": lambda: ROWS,
    "pyarrow batch": lambda: ROWS.combine_chunks().to_batches()[0],
    "pyarrow reader": lambda: pa.RecordBatchReader.from_batches(ROWS.schema, generator()),
    "pyarrow dataset": lambda: pyarrow.dataset.dataset(ROWS),
    "pyarrow scanner": lambda: pyarrow.dataset.dataset(ROWS).scanner(batch_size=64),
    "polars frame": lambda: pl.from_arrow(ROWS),
    "polars lazy frame": lambda: pl.from_arrow(ROWS).lazy().filter(pl.col("id") >= 0),
    "pandas frame": lambda: ROWS.to_pandas(types_mapper=pd.ArrowDtype),
    "duckdb relation": lambda: duckdb.sql("SELECT * FROM ROWS"),
    "arro3 table": lambda: arro3.core.Table.from_arrow(ROWS),
    "nanoarrow stream": lambda: nanoarrow.ArrayStream(ROWS),
    "capsule": capsule,
    "only an array": OnlyAnArray,
    "list of batches": lambda: ROWS.to_batches(max_chunksize=300),
    "list of frames": lambda: [pl.from_arrow(ROWS.slice(0, 400)), pl.from_arrow(ROWS.slice(400))],
    "generator": generator,
}


@pytest.mark.parametrize("kind", INPUTS)
def test_every_input_lands_as_equal_rows(kind: str, client: za.Client, lake: Path) -> None:
    receipt = client.send(TABLE, INPUTS[kind]())
    assert (receipt.rows, receipt.durable) == (1_000, 1_000)
    assert receipt.ranges("durable") == ((0, 1_000),)
    assert_landed(lake, ROWS)


def test_an_index_with_a_name_is_a_column_and_one_without_is_none(client: za.Client, lake: Path) -> None:
    frame = pd.DataFrame({"x": [1, 2, 3]}, index=[7, 8, 9])
    client.send("main.default.unnamed", frame)
    assert landed(lake, "main.default.unnamed").column_names == ["x"]
    client.send("main.default.named", frame.rename_axis("day"))
    assert sorted(landed(lake, "main.default.named").column_names) == ["day", "x"]
    odd = frame.set_index(pd.Index([1, 2, 3], name="a"), append=True)
    with pytest.raises(ValueError, match="name all of them or none"):
        client.send("main.default.odd", odd)


def test_a_stream_is_read_batch_by_batch(client: za.Client, lake: Path) -> None:
    seen: list[int] = []

    def slowly() -> Iterator[pa.RecordBatch]:
        for batch in ROWS.to_batches(max_chunksize=10):
            seen.append(client.stats()["submitted_rows"])
            yield batch

    assert client.send(TABLE, slowly()).durable == 1_000
    # Each batch is asked for when those before it were handed in, and not sooner.
    assert seen == list(range(0, 1_000, 10))


def test_no_rows_are_no_error(client: za.Client) -> None:
    receipt = client.send(TABLE, ROWS.slice(0, 0))
    assert (receipt.rows, receipt.is_all_durable, receipt.rejected.num_rows) == (0, True, 0)
    assert client.send(TABLE, iter([])).rows == 0


@pytest.mark.parametrize("data", [42, "text", {"a": [1]}, [{"a": 1}], [ROWS, 3], [[ROWS]], None])
def test_what_is_no_arrow_is_a_type_error_with_a_way_out(data: object, client: za.Client) -> None:
    with pytest.raises(TypeError, match=r"is not Arrow data.*from_pylist"):
        client.send(TABLE, data)


def test_an_iterator_that_fails_is_the_error_and_what_was_sent_is_in_a_note(
    client: za.Client, lake: Path
) -> None:
    def failing() -> Iterator[pa.Table]:
        yield ROWS.slice(0, 10)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone") as caught:
        client.send(TABLE, failing())
    assert "10 of 10 rows durable" in caught.value.__notes__[0]
    assert_landed(lake, ROWS.slice(0, 10))


def test_an_object_whose_capsule_fails_raises_what_it_raises(client: za.Client) -> None:
    class Broken:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            raise RuntimeError("not today")

    with pytest.raises(RuntimeError, match="not today"):
        client.send(TABLE, Broken())

    class Lying:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return 5

    with pytest.raises((TypeError, ValueError)):
        client.send(TABLE, Lying())


def test_a_capsule_can_be_sent_once(client: za.Client) -> None:
    stream = capsule()
    assert client.send(TABLE, stream).durable == 1_000
    with pytest.raises(Exception) as caught:
        client.send(TABLE, stream)
    assert not isinstance(caught.value, SystemError)


def test_columns_may_change_from_batch_to_batch(client: za.Client, lake: Path) -> None:
    client.send(TABLE, ROWS.slice(0, 1))
    parts = [ROWS.slice(1, 9), ROWS.slice(10, 10).select(["size", "id"]), ROWS.slice(20, 10)]
    assert client.send(TABLE, parts).durable == 29
    found = landed(lake).sort_by("id")
    assert found.column("id").to_pylist() == list(range(30))
    assert found.column("name").to_pylist()[10:20] == [None] * 10


def test_columns_are_made_to_fit_the_table(client: za.Client, lake: Path) -> None:
    """Unity Catalog says what the table has; other orders, widths and units are converted."""
    made = pa.schema([("id", pa.int64()), ("price", pa.decimal128(9, 2)), ("at", pa.timestamp("us", "UTC"))])
    client.send(TABLE, pa.Table.from_pylist([], schema=made))
    at = pa.array([1_000, 2_000], pa.timestamp("ms", "Europe/Berlin"))
    other = pa.table({"at": at, "id": pa.array([1, 2], pa.int16())})
    assert client.send(TABLE, other).durable == 2
    found = landed(lake).sort_by("id")
    assert found.column("id").to_pylist() == [1, 2]
    assert [value.timestamp() for value in found.column("at").to_pylist()] == [1.0, 2.0]
    with pytest.raises(za.SchemaError) as caught:
        client.send(TABLE, pa.table({"id": ["one"], "price": [1.5], "more": [1]}))
    assert {column for column, _ in caught.value.problems} == {"id", "price", "more"}
    with pytest.raises(za.ConfigurationError, match="fit is"):
        za.Client.dry_run(fit="never")
