"""Writes from a real Spark, with executors of their own, to an endpoint of another process."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import deltalake
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from endpoint import Endpoint, create, numbered, served

pyspark = pytest.importorskip("pyspark", reason="pyspark is not installed: see engines.txt")
if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
    pytest.skip("there is no Java, which Spark needs", allow_module_level=True)

from pyspark.sql import DataFrame, SparkSession  # noqa: E402

import zerobus_arrow.spark  # noqa: E402
from zerobus_arrow import _options  # noqa: E402

pytestmark = pytest.mark.timeout(300)

PACKAGE = Path(zerobus_arrow.__file__).parents[1]
DOCS = Path(__file__).parents[3] / "docs"

TYPES = (
    "id BIGINT, flag BOOLEAN, small INT, real DOUBLE, price DECIMAL(12,2), day DATE, at TIMESTAMP, "
    "text STRING, raw BINARY, list ARRAY<INT>, pairs MAP<STRING, INT>, part STRUCT<a: INT, b: STRING>"
)


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    """Two executors of one core each, which are processes of their own and can be killed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_HOME", str(Path(pyspark.__file__).parent))
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        settings = {
            "spark.ui.enabled": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.executorEnv.PYTHONPATH": os.pathsep.join([str(PACKAGE), str(Path(__file__).parent)]),
            "spark.executorEnv.OWN_EXECUTORS": "yes",
            "spark.python.authenticate.socketTimeout": "120s",
            "spark.sql.execution.arrow.maxRecordsPerBatch": "2000",
            "spark.sql.files.maxPartitionBytes": "1m",
            "spark.sql.session.timeZone": "UTC",
        }
        patch.setenv("PYTHONPATH", settings["spark.executorEnv.PYTHONPATH"])
        builder = SparkSession.builder.master("local-cluster[2,1,1024]").appName("zerobus")
        for name, value in settings.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        zerobus_arrow.spark.register(session)
        yield session
        session.stop()


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory, flights: pa.Table) -> Path:
    """Files of numbered flights, each of which is a partition."""
    directory = tmp_path_factory.mktemp("flights")
    rows = numbered(flights, 8)
    quarter = rows.num_rows // 4
    for part in range(4):
        length = quarter if part < 3 else None
        pq.write_table(rows.slice(part * quarter, length), directory / f"{part}.parquet")
    return directory


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory, big: Path) -> Iterator[Endpoint]:
    directory = tmp_path_factory.mktemp("endpoint")
    stamps = "_zb_run STRING, _zb_part INT, _zb_seq BIGINT"
    tables = {
        "main.default.flights": big / "0.parquet",
        "main.default.types": create(directory, "types", TYPES),
        "main.default.texts": create(directory, "texts", "id BIGINT, text STRING"),
        "main.default.streamed": create(directory, "streamed", f"id BIGINT, {stamps}"),
    }
    with served(directory, tables) as endpoint:
        yield endpoint


def write(frame: DataFrame, endpoint: Endpoint, table: str, **options: Any) -> None:
    """Appends, with the options spelt as people of Spark do."""
    writer = frame.write.format("zerobus").mode("append").option("table", table)
    for name, value in {**endpoint.connection, **options}.items():
        first, *others = name.split("_")
        writer = writer.option(first + "".join(other.title() for other in others), value)
    writer.save()


def report(path: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(path.read_text())
    return facts


def test_types_of_spark_arrive_as_they_are(spark: SparkSession, endpoint: Endpoint, tmp_path: Path) -> None:
    frame = spark.sql(
        """SELECT id, id % 2 = 0 flag, CAST(id AS INT) small, id / 4 real,
           CAST(id * 1.25 AS DECIMAL(12, 2)) price, date_add(DATE'1969-12-25', CAST(id AS INT)) day,
           TIMESTAMP'1960-01-01 00:00:00.000001Z' + make_interval(0, 0, 0, CAST(id AS INT) * 1000) at,
           concat('ä', id) text, encode(concat('x', id), 'UTF-8') raw, array(1, CAST(id AS INT)) list,
           map('k', CAST(id AS INT)) pairs, named_struct('a', CAST(id AS INT), 'b', 'z') part
           FROM range(0, 1000, 1, 3)"""
    )
    write(frame, endpoint, "main.default.types", report=tmp_path / "report.json")
    found = endpoint.rows("main.default.types").sort_by("id")
    expected = frame.toArrow().sort_by("id")
    assert found.column_names == expected.column_names
    assert found.to_pylist() == expected.cast(found.schema).to_pylist()
    facts = report(tmp_path / "report.json")
    assert (facts["rows"], facts["durable"], facts["possibly_duplicated"]) == (1000, 1000, 0)
    assert facts["complete"] and facts["tasks"] == 3 and facts["retried_tasks"] == 0


def kill_once(part: int, lake: str) -> Any:
    """Rows as they are; in the first attempt at one part, the executor is killed once rows of it are in the
    table."""

    def rows(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from pyspark import TaskContext

        context = TaskContext.get()
        assert context is not None
        dies = context.partitionId() == part and context.attemptNumber() == 0
        first = None
        for number, batch in enumerate(batches):
            yield batch
            first = batch.column("id")[0].as_py() if first is None else first
            if dies and number == 10:
                until = time.monotonic() + 60
                while time.monotonic() < until:
                    found = deltalake.DeltaTable(lake).to_pyarrow_table(columns=["id"])
                    if first in found.column("id").to_pylist():
                        os.kill(executor(), signal.SIGKILL)
                    time.sleep(0.2)
                raise AssertionError("no row of this task has come to the table")

    return rows


def executor() -> int:
    """The process that has started the one that has started this one: the JVM of a worker."""
    assert os.environ["OWN_EXECUTORS"] == "yes"
    daemon = os.getppid()
    jvm = int(Path(f"/proc/{daemon}/stat").read_text().rsplit(")", 1)[1].split()[1])
    assert b"CoarseGrainedExecutorBackend" in Path(f"/proc/{jvm}/cmdline").read_bytes()
    return jvm


def test_an_executor_that_is_killed_in_mid_write_loses_no_row_and_its_duplicates_are_counted(
    spark: SparkSession, endpoint: Endpoint, big: Path, tmp_path: Path
) -> None:
    table = "main.default.flights"
    frame = spark.read.parquet(str(big))
    kill = kill_once(1, str(endpoint.lake / "main/default/flights"))
    written = frame.mapInArrow(kill, frame.schema)
    write(written, endpoint, table, report=tmp_path / "reports", run_id="killed")
    facts = report(tmp_path / "reports/killed.json")
    times = endpoint.times(table)
    rows = pq.read_table(big).num_rows
    assert set(times) == set(range(rows))
    assert facts["rows"] == facts["durable"] == rows
    assert facts["retried_tasks"] == len(facts["retried_parts"]) >= 1 and facts["complete"]
    extra = times.total() - rows
    # Rows of the task were in the table when it was killed.
    assert 0 < extra <= facts["possibly_duplicated"] == facts["redelivered"] < rows


def test_rejected_rows_are_counted_and_quarantined_and_fail_nothing(
    spark: SparkSession, endpoint: Endpoint, tmp_path: Path
) -> None:
    frame = spark.sql(
        "SELECT id, repeat('x', CASE WHEN id = 7 THEN 11000000 ELSE 3 END) text FROM range(0, 20, 1, 2)"
    )
    options = {"quarantine": tmp_path / "kept", "report": tmp_path / "reports", "run_id": "first"}
    write(frame, endpoint, "main.default.texts", **options)
    facts = report(tmp_path / "reports/first.json")
    assert (facts["rows"], facts["durable"], facts["rejected"]) == (20, 19, 1)
    (reason,) = facts["rejected_rows"]
    assert (reason["part"], reason["row"]) == (0, 7)
    (file,) = facts["quarantine_files"]
    assert Path(file).is_relative_to(tmp_path / "kept/first/part-00000-attempt-0")
    with pa.OSFile(file) as source:
        assert pa.ipc.open_stream(source).read_all().column("id").to_pylist() == [7]

    # The rows are sent once all the same, not once for each attempt of Spark at a task.
    before = endpoint.times("main.default.texts")
    assert before == dict.fromkeys(set(range(20)) - {7}, 1)
    with pytest.raises(Exception, match="1 of 20 rows were rejected"):
        write(
            frame,
            endpoint,
            "main.default.texts",
            fail_on_rejected="true",
            report=tmp_path / "reports",
            run_id="second",
        )
    assert endpoint.times("main.default.texts") == dict.fromkeys(set(range(20)) - {7}, 2)
    facts = report(tmp_path / "reports/second.json")
    assert (facts["durable"], facts["rejected"], facts["redelivered"]) == (19, 1, 0)


def test_what_is_wrong_is_told_before_anything_is_sent(spark: SparkSession, endpoint: Endpoint) -> None:
    frame = spark.range(3)
    with pytest.raises(Exception, match="there is no option 'maxinflight'") as caught:
        write(frame, endpoint, "main.default.texts", maxinflight=5)
    assert "did you mean 'maxInFlightBytes'" in str(caught.value)
    assert endpoint.connection["client_secret"] not in str(caught.value)
    with pytest.raises(Exception, match="TableNotFoundError"):
        write(frame, endpoint, "main.default.nowhere")
    # The same from the tasks, where the catalog was not asked.
    with pytest.raises(Exception, match="TableNotFoundError") as caught:
        write(frame, endpoint, "main.default.nowhere", check_table="false", max_attempts=2)
    assert endpoint.connection["client_secret"] not in str(caught.value)
    with pytest.raises(Exception, match="only appends"):
        frame.write.format("zerobus").mode("overwrite").option("table", "a.b.c").save()


def test_a_micro_batch_that_is_replayed_is_told_of_and_has_the_same_stamps(
    spark: SparkSession, endpoint: Endpoint, tmp_path: Path
) -> None:
    table, source, checkpoint = "main.default.streamed", tmp_path / "in", tmp_path / "checkpoint"
    reports, journal = tmp_path / "reports", tmp_path / "journal"
    source.mkdir()

    def run() -> str:
        stream = spark.readStream.schema("id BIGINT").parquet(str(source)).writeStream
        query = (
            stream.format("zerobus")
            .options(**endpoint.connection, table=table, stampRows="true", report=str(reports))
            .option("journal", str(journal))
            .option("checkpointLocation", str(checkpoint))
            .trigger(availableNow=True)
            .start()
        )
        assert query.awaitTermination(100)
        assert query.exception() is None
        return str(query.id)

    def arrive(first: int) -> None:
        ids = pa.table({"id": pa.array(range(first, first + 5_000), pa.int64())})
        pq.write_table(ids, source / f"{first}.parquet")

    arrive(0)
    query = run()
    arrive(5_000)
    assert run() == query
    second = report(reports / f"{query}.1.json")
    assert (second["batch_id"], second["durable"], second["possibly_duplicated"]) == (1, 5_000, 0)
    assert endpoint.times(table) == dict.fromkeys(range(10_000), 1)

    assert [path.name for path in journal.iterdir()] == [f"{query}.1"]

    # As if the driver had died when the rows were durable and Spark had not noted it yet. The report knows
    # it alone, and then the journal alone.
    for deaths, forgotten in enumerate([journal / f"{query}.1", reports / f"{query}.1.json"], 1):
        for path in (checkpoint / "commits").glob("*1*"):
            path.unlink()
        shutil.rmtree(forgotten) if forgotten.is_dir() else forgotten.unlink()
        assert run() == query
        again = report(reports / f"{query}.1.json")
        assert (again["durable"], again["redelivered"]) == (5_000, 5_000)
        assert endpoint.rows(table).num_rows == 10_000 + deaths * 5_000
    rows = endpoint.rows(table)
    assert set(rows.column("_zb_run").to_pylist()) == {f"{query}.0", f"{query}.1"}

    # The statement of the guide leaves one of each, however often it is run.
    merge = guide("MERGE INTO").replace("main.raw.flights", "rows").replace("main.clean.flights", "clean")
    with duckdb.connect() as base:
        base.execute("CREATE TABLE clean AS SELECT * FROM rows LIMIT 0")
        for _ in range(2):
            base.execute(merge)
            clean = base.execute("SELECT id FROM clean ORDER BY id").fetchall()
            assert clean == [(i,) for i in range(10_000)]


def guide(start: str) -> str:
    """The SQL of the guide that starts like this."""
    blocks = (DOCS / "guides/spark.md").read_text().split("```sql\n")[1:]
    (found,) = (block.split("```")[0] for block in blocks if block.startswith(start))
    return found


def test_the_sql_of_the_guide_is_sql_of_spark(spark: SparkSession) -> None:
    parser: Any = spark._jsparkSession.sessionState().sqlParser()
    for start in ("ALTER TABLE", "MERGE INTO"):
        parser.parsePlan(guide(start))


def test_plans_and_the_history_of_queries_show_no_secret(spark: SparkSession, endpoint: Endpoint) -> None:
    write(spark.range(0), endpoint, "main.default.texts")
    store: Any = spark._jsparkSession.sharedState().statusStore()
    history = store.executionsList().mkString() + "".join(
        store.execution(number).get().physicalPlanDescription()
        for number in range(store.executionsCount())
        if store.execution(number).isDefined()
    )
    assert "AppendData zerobus" in history
    assert endpoint.connection["client_secret"] not in history


def test_speculation_is_warned_of() -> None:
    registered: list[type] = []
    session: Any = types.SimpleNamespace(
        conf=types.SimpleNamespace(get=lambda name, default: "true"),
        dataSource=types.SimpleNamespace(register=registered.append),
    )
    with pytest.warns(UserWarning, match=r"spark\.speculation is on"):
        zerobus_arrow.spark.register(session)
    assert registered == [zerobus_arrow.spark.ZerobusDataSource]


def test_every_option_is_in_the_guide() -> None:
    text = (DOCS / "guides/spark.md").read_text()
    for name in _options._HINTS:
        assert f"`{_options._spell(name, camel=True)}`" in text, name
