"""What the engines share: a task that sends its rows."""

from __future__ import annotations

import dataclasses
import itertools
import logging
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from . import errors
from ._client import Client
from ._journal import Attempt
from ._options import Settings
from ._report import Task, TaskReport

_logger = logging.getLogger("zerobus_arrow.engines")


def new_run() -> str:
    """A name for a write that has none."""
    return uuid.uuid4().hex


def check_table(settings: Settings) -> None:
    """Raises :class:`~zerobus_arrow.errors.TableNotFoundError` if the catalog says that the table is not
    there. That the catalog says nothing is no error: the tasks will see."""
    if not settings.check_table:
        return
    with Client(**settings.connection()) as client:
        try:
            client.describe_table(settings.table)
        except errors.TableNotFoundError:
            raise
        except errors.ZerobusError as error:
            _logger.warning("the table was not looked up: %s", error)


def deliver(settings: Settings, task: Task, batches: Iterable[pa.RecordBatch]) -> TaskReport:
    """Sends the rows of a task, and waits until the fate of every row is known.

    Raises if a row could not be delivered; the engine then tries the task again, from its first row.
    """
    filled = (batch for batch in batches if batch.num_rows)
    first = next(filled, None)
    if first is None:
        return TaskReport(**dataclasses.asdict(task))
    rows: Iterator[pa.RecordBatch] = itertools.chain([first], filled)
    if settings.stamp_rows:
        rows = stamped(rows, task)
    attempt = Attempt(settings.journal, task)
    with Client(**settings.for_task(task.place)) as client:
        receipt = client.send(settings.table, rows)
        files = client.quarantine_files()
    # Asked at the end, it also knows of attempts that ran at the same time.
    report = TaskReport.of(task, receipt, files, alone=attempt.is_alone())
    _logger.info("part %d, attempt %s: %r", task.part, task.attempt, receipt)
    return report


def stamped(batches: Iterable[pa.RecordBatch], task: Task) -> Iterator[pa.RecordBatch]:
    """The batches with three columns more: the write, the part, and the place of the row in the part.
    Another attempt at the same rows in the same order gives the same."""
    seq = 0
    for batch in batches:
        rows = batch.num_rows
        # The stubs of pyarrow want keys that may be text, too.
        metadata: Any = batch.schema.metadata
        run = pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int8()), rows), pa.array([task.run]))
        columns = {
            "_zb_run": run,
            "_zb_part": pa.repeat(pa.scalar(task.part, pa.int32()), rows),
            "_zb_seq": pa.array(range(seq, seq + rows), pa.int64()),
        }
        for name in columns:
            if name in batch.schema.names:
                raise errors.SchemaError(f"the rows have a column {name} already; do not stamp them")
        yield pa.RecordBatch.from_arrays(
            [*batch.columns, *columns.values()],
            schema=pa.schema(
                [*batch.schema, *(pa.field(name, column.type) for name, column in columns.items())],
                metadata=metadata,
            ),
        )
        seq += rows
