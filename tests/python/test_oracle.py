"""The oracle must see what is wrong. Each test damages a table in one way."""

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

import fixtures
import oracle

SAMPLE = Path(__file__).parent.parent / "data" / "flights-sample.parquet"
ROWS = 500


@pytest.fixture
def flights() -> pa.Table:
    """The first rows of the sample, the instant in microseconds as Delta keeps it."""
    table = pq.read_table(SAMPLE).slice(0, ROWS)
    index = table.schema.get_field_index("time_hour")
    return table.set_column(index, "time_hour", table["time_hour"].cast(pa.timestamp("us", "UTC")))


def judge(tmp_path: Path, source: pa.Table, stored: pa.Table, times: int = 1) -> dict:
    pq.write_table(source, tmp_path / "source.parquet")
    write_deltalake(tmp_path / "table", stored)
    return oracle.compare(tmp_path / "source.parquet", tmp_path / "table", times)


def with_value(table: pa.Table, column: str, row: int, value) -> pa.Table:
    values = table[column].to_pylist()
    values[row] = value
    changed = pa.array(values, table[column].type)
    return table.set_column(table.schema.get_field_index(column), table.schema.field(column), changed)


def test_the_same_rows_are_equal(tmp_path, flights):
    verdict = judge(tmp_path, flights, flights)
    assert verdict["equal"] and verdict["rows"] == ROWS
    assert verdict["types"]["time_hour"] == "timestamp" and verdict["types"]["carrier"] == "string"
    assert verdict["duckdb"] == {"rows": ROWS, "columns": 19, "missing": 0, "extra": 0}


def test_the_order_of_rows_does_not_matter(tmp_path, flights):
    assert judge(tmp_path, flights, flights.take(list(reversed(range(ROWS)))))["equal"]


def test_milliseconds_in_the_source_are_the_same_instant(tmp_path, flights):
    source = pq.read_table(SAMPLE).slice(0, ROWS)
    assert judge(tmp_path, source, flights)["equal"]


def test_every_row_twice(tmp_path, flights):
    twice = pa.concat_tables([flights, flights])
    assert judge(tmp_path, flights, twice, times=2)["equal"]


def test_once_is_not_twice(tmp_path, flights):
    assert not judge(tmp_path, flights, flights, times=2)["equal"]


def test_a_missing_row(tmp_path, flights):
    verdict = judge(tmp_path, flights, flights.slice(1))
    assert not verdict["equal"]
    assert verdict["differences"][0] == "1 rows missing, 1 of them distinct"
    assert verdict["duckdb"]["missing"] == 1


def test_a_duplicated_row(tmp_path, flights):
    verdict = judge(tmp_path, flights, pa.concat_tables([flights, flights.slice(7, 1)]))
    assert not verdict["equal"]
    assert verdict["differences"][0] == "1 rows too many, 1 of them distinct"
    assert verdict["duckdb"]["extra"] == 1


def test_a_missing_and_a_duplicated_row_do_not_even_out(tmp_path, flights):
    stored = pa.concat_tables([flights.slice(1), flights.slice(7, 1)])
    assert not judge(tmp_path, flights, stored)["equal"]


def test_a_changed_value(tmp_path, flights):
    verdict = judge(tmp_path, flights, with_value(flights, "tailnum", 3, "N00000"))
    assert not verdict["equal"]
    assert "tailnum" in verdict["differences"][-2] and "N00000" in verdict["differences"][-2]


def test_a_null_that_became_zero(tmp_path, flights):
    row = flights["dep_time"].to_pylist().index(None)
    assert not judge(tmp_path, flights, with_value(flights, "dep_time", row, 0))["equal"]


def test_a_null_that_became_empty_text(tmp_path, flights):
    flights = with_value(flights, "tailnum", 5, None)
    assert not judge(tmp_path, flights, with_value(flights, "tailnum", 5, ""))["equal"]


def test_a_timestamp_shifted_by_an_hour(tmp_path, flights):
    shifted = flights["time_hour"][9].as_py() + timedelta(hours=1)
    assert not judge(tmp_path, flights, with_value(flights, "time_hour", 9, shifted))["equal"]


def test_a_timestamp_that_lost_its_zone(tmp_path, flights):
    index = flights.schema.get_field_index("time_hour")
    naive = flights.set_column(index, "time_hour", flights["time_hour"].cast(pa.timestamp("us")))
    verdict = judge(tmp_path, flights, naive)
    assert not verdict["equal"] and "timestamp_ntz" in verdict["differences"][0]


def test_a_wrong_type(tmp_path, flights):
    index = flights.schema.get_field_index("flight")
    narrow = flights.set_column(index, "flight", flights["flight"].cast(pa.int32()))
    verdict = judge(tmp_path, flights, narrow)
    assert verdict["differences"] == ["column 'flight': int64 must be long, is integer"]


def test_columns_in_another_order(tmp_path, flights):
    swapped = flights.select(["month", "year", *flights.column_names[2:]])
    assert not judge(tmp_path, flights, swapped)["equal"]


@pytest.mark.parametrize("value", [0.0, float("nan"), None, -1.0])
def test_minus_zero_is_itself_alone(tmp_path, value):
    source = pa.table({"x": pa.array([-0.0], pa.float64())})
    assert not judge(tmp_path, source, pa.table({"x": pa.array([value], pa.float64())}))["equal"]


def test_not_a_number_equals_itself(tmp_path):
    source = pa.table({"x": pa.array([float("nan"), float("inf")], pa.float64())})
    assert judge(tmp_path, source, source)["equal"]


def as_delta_holds(table: pa.Table) -> pa.Table:
    return oracle._as_stored(table)


def test_every_type_is_known(tmp_path):
    source = fixtures.all_types()
    verdict = judge(tmp_path, source, as_delta_holds(source))
    assert verdict["equal"], verdict["differences"]
    assert verdict["types"]["u32"] == "long" and verdict["types"]["money"] == "decimal(10,2)"


@pytest.mark.parametrize("column", ["point", "list", "points", "map"])
def test_a_change_inside_a_nested_value(tmp_path, column):
    source = fixtures.all_types()
    stored = as_delta_holds(source)
    reordered = stored[column].take([1, 0, 2, 3])
    stored = stored.set_column(stored.schema.get_field_index(column), column, reordered)
    assert not judge(tmp_path, source, stored)["equal"]


def test_grown_files_have_no_two_equal_rows(tmp_path):
    fixtures.grow(str(SAMPLE), str(tmp_path / "grown.parquet"), "3")
    grown = pq.read_table(tmp_path / "grown.parquet")
    assert grown.num_rows == 3 * pq.read_metadata(SAMPLE).num_rows
    assert grown.group_by(grown.column_names).aggregate([]).num_rows == grown.num_rows
    assert grown.schema.equals(pq.read_schema(SAMPLE))


def test_the_source_may_be_arrow(tmp_path):
    folder = SAMPLE.parent
    for name in ("flights-500.arrow", "flights-500.arrows"):
        write_deltalake(tmp_path / name, pq.read_table(SAMPLE).slice(0, 500))
        assert oracle.compare(folder / name, tmp_path / name)["equal"]
