"""Spark DataFrames and streams into Delta tables: ``df.write.format("zerobus")``.

::

    import zerobus_arrow.spark
    zerobus_arrow.spark.register(spark)

    (df.write.format("zerobus").mode("append")
       .option("table", "main.default.flights")
       .option("environment", "true")          # or endpoint, host, clientId, clientSecret
       .option("report", "/tmp/flights.json")
       .save())

    (df.writeStream.format("zerobus")
       .option("table", "main.default.flights")
       .option("environment", "true")
       .option("report", "/tmp/flights")
       .option("checkpointLocation", "/checkpoints/flights")
       .start())

Each task sends its partition with a client of its own and waits until every row is durable or rejected.
A task that fails is tried again by Spark from its first row: no row is lost, and rows may be stored twice.
The report counts them. Options are those of :class:`zerobus_arrow.Client` and those of
``docs/guides/spark.md``, as ``maxInFlightBytes`` or ``max_in_flight_bytes``, with texts for values.
"""

from __future__ import annotations

import dataclasses
import logging
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pyspark import TaskContext
from pyspark.errors import PySparkException
from pyspark.sql.datasource import (
    DataSource,
    DataSourceArrowWriter,
    DataSourceStreamArrowWriter,
    WriterCommitMessage,
)

from . import _engines, _journal, _options, _report, errors
from ._report import Report, Task, TaskReport

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession
    from pyspark.sql.types import StructType

__all__ = ["ZerobusDataSource", "register"]

_logger = logging.getLogger("zerobus_arrow.spark")

#: Options that Spark hands to every sink, and that are not for it.
_OF_SPARK = {"checkpointlocation"}

_QUERY = "sql.streaming.queryId"
_BATCH = "streaming.sql.batchId"


def register(spark: SparkSession) -> None:
    """Makes the format ``zerobus`` known to a session. The package must be installed where the executors
    are, too."""
    if _speculates(spark):
        warnings.warn(
            "spark.speculation is on: a copy of a task that loses the race may have delivered its rows; "
            "turn it off for writes to zerobus, or no report counts them without the option journal",
            stacklevel=2,
        )
    spark.dataSource.register(ZerobusDataSource)


def _speculates(spark: SparkSession) -> bool:
    try:
        return spark.conf.get("spark.speculation", "false") == "true"
    except PySparkException:
        # Not every platform lets it be read.
        return False


class ZerobusDataSource(DataSource):
    """The format ``zerobus``: appends to one table."""

    @classmethod
    def name(cls) -> str:
        """The name of the format."""
        return "zerobus"

    def writer(self, schema: StructType, overwrite: bool) -> DataSourceArrowWriter:
        """The writer of a batch. Options are checked here, and whether there is such a table."""
        settings = self._settings(overwrite)
        _engines.check_table(settings)
        return _BatchWriter(settings)

    def streamWriter(self, schema: StructType, overwrite: bool) -> DataSourceStreamArrowWriter:
        """The writer of a stream. Spark asks for one at each commit, so the catalog is not asked."""
        settings = self._settings(overwrite)
        if settings.report is not None and settings.report.endswith(".json"):
            raise errors.ConfigurationError(
                "report is a directory for a stream, which has a report for each micro-batch"
            )
        return _StreamWriter(settings)

    def _settings(self, overwrite: bool) -> _options.Settings:
        if overwrite:
            raise errors.ConfigurationError(
                'zerobus only appends: use mode("append"), or outputMode("append") for a stream'
            )
        given = {name: value for name, value in self.options.items() if name not in _OF_SPARK}
        if "path" in given:
            raise errors.ConfigurationError(
                'zerobus writes to a table and not to a path: use option("table", …) and save() or start()'
            )
        return _options.read(given, camel=True)


@dataclasses.dataclass
class _Message(WriterCommitMessage):
    """What a task tells the driver."""

    report: TaskReport


class _BatchWriter(DataSourceArrowWriter):
    def __init__(self, settings: _options.Settings) -> None:
        self._settings = settings
        # Made here, on the driver, it is the same for every attempt.
        self._run = settings.run_id or _engines.new_run()

    # Arrow writers are given batches; the type of their base class says rows.
    def write(self, iterator: Iterator[pa.RecordBatch]) -> WriterCommitMessage:  # type: ignore[override]
        context = _context()
        task = Task(self._run, context.partitionId(), context.attemptNumber())
        return _Message(_engines.deliver(self._settings, task, iterator))

    def commit(self, messages: Sequence[WriterCommitMessage | None]) -> None:
        _tell(self._settings, _sum(self._settings, self._run, messages))
        self._forget()

    def abort(self, messages: Sequence[WriterCommitMessage | None]) -> None:
        _tell_of_abort(self._settings, _sum(self._settings, self._run, messages))
        self._forget()

    def _forget(self) -> None:
        # Nobody can write under a random name again.
        if self._settings.run_id is None:
            _journal.forget(self._settings.journal, self._run)


class _StreamWriter(DataSourceStreamArrowWriter):
    def __init__(self, settings: _options.Settings) -> None:
        self._settings = settings

    # Arrow writers are given batches; the type of their base class says rows.
    def write(self, iterator: Iterator[pa.RecordBatch]) -> WriterCommitMessage:  # type: ignore[override]
        context = _context()
        batch = context.getLocalProperty(_BATCH)
        query = self._settings.run_id or context.getLocalProperty(_QUERY)
        if batch is None or query is None:
            raise errors.InternalError("this Spark does not tell its tasks of the query and the batch")
        task = Task(f"{query}.{batch}", context.partitionId(), context.attemptNumber())
        return _Message(_engines.deliver(self._settings, task, iterator))

    def commit(self, messages: Sequence[WriterCommitMessage | None], batchId: int) -> None:
        report = self._sum(messages, batchId)
        _tell(self._settings, report)
        # Spark may have to do this batch again, and none before it.
        query = report.run_id.removesuffix(f".{batchId}")
        _journal.forget(self._settings.journal, f"{query}.{batchId - 1}")

    def abort(self, messages: Sequence[WriterCommitMessage | None], batchId: int) -> None:
        _tell_of_abort(self._settings, self._sum(messages, batchId))

    def _sum(self, messages: Sequence[WriterCommitMessage | None], batch: int) -> Report:
        # The tasks know the query; a batch without any is told of under the name that was given.
        known = (message.report.run for message in messages if isinstance(message, _Message))
        run = next(known, f"{self._settings.run_id or 'stream'}.{batch}")
        return _sum(self._settings, run, messages, batch)


def _context() -> TaskContext:
    context = TaskContext.get()
    if context is None:
        raise errors.InternalError("Spark has not told which task this is")
    return context


def _sum(
    settings: _options.Settings,
    run: str,
    messages: Sequence[WriterCommitMessage | None],
    batch: int | None = None,
) -> Report:
    reports = [message.report if isinstance(message, _Message) else None for message in messages]
    return Report.of(
        settings.table,
        run,
        reports,
        complete=None not in reports,
        batch_id=batch,
        replayed=_report.is_told_of(settings, run),
    )


def _tell(settings: _options.Settings, report: Report) -> None:
    """At a commit. One that raises is followed by an abort, which writes the report."""
    if settings.fail_on_rejected:
        report.raise_for_rejected()
    _log(logging.INFO, report)
    _report.write(settings, report)


def _tell_of_abort(settings: _options.Settings, report: Report) -> None:
    _log(logging.WARNING, report)
    _report.write(settings, report)


def _log(level: int, report: Report) -> None:
    """Into the log of the driver: the process that commits has no other way there than its standard error,
    unless Spark has set up its own (``spark.sql.pyspark.worker.logging.enabled``)."""
    if not logging.getLogger().handlers and not _logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        _logger.addHandler(handler)
        _logger.setLevel(logging.INFO)
    _logger.log(level, "%s", report)
