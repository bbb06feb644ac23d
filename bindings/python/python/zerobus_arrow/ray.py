"""Ray Datasets into Delta tables.

::

    from zerobus_arrow.ray import ZerobusDatasink

    sink = ZerobusDatasink("main.default.flights", environment=True)
    ds.write_datasink(sink)
    print(sink.report)

Each task sends its blocks with a client of its own and waits until every row is durable or rejected. A
task that fails is tried again by Ray from its first row: no row is lost, and rows may be stored twice. The
report counts them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from ray.data.block import Block, BlockAccessor
from ray.data.datasource.datasink import Datasink, WriteResult

from . import _engines, _journal, _options, _report
from ._report import Report, Task, TaskReport

if TYPE_CHECKING:
    from ray.data._internal.execution.interfaces import TaskContext

__all__ = ["Report", "ZerobusDatasink"]

_logger = logging.getLogger("zerobus_arrow.ray")


class ZerobusDatasink(Datasink[TaskReport]):
    """Appends to ``table``. Keywords are those of :class:`zerobus_arrow.Client`, and ``report``,
    ``journal``, ``run_id``, ``fail_on_rejected``, ``check_table`` and ``stamp_rows`` as
    ``docs/guides/ray.md`` has them.

    One object is for one write.
    """

    def __init__(self, table: str, **options: Any) -> None:
        self._settings = _options.read({"table": table, **options})
        self._run = self._settings.run_id or _engines.new_run()
        self._report: Report | None = None

    @property
    def report(self) -> Report:
        """What became of the rows, after the write."""
        if self._report is None:
            raise RuntimeError("there is no report before the write has ended")
        return self._report

    def on_write_start(self, schema: pa.Schema | None = None) -> None:
        """Looks for the table before any task runs."""
        _engines.check_table(self._settings)

    def write(self, blocks: Iterable[Block], ctx: TaskContext) -> TaskReport:
        """Sends the blocks of one task."""
        task = Task(self._run, ctx.task_idx, _attempt())
        return _engines.deliver(self._settings, task, _batches(blocks))

    def on_write_complete(self, write_result: WriteResult[TaskReport]) -> None:
        """Gathers what the tasks tell."""
        self._report = Report.of(
            self._settings.table,
            self._run,
            write_result.write_returns,
            replayed=_report.is_told_of(self._settings, self._run),
        )
        _logger.info("%s", self._report)
        _report.write(self._settings, self._report)
        self._forget()
        if self._settings.fail_on_rejected:
            self._report.raise_for_rejected()

    def on_write_failed(self, error: Exception) -> None:
        """What Ray does not hand over cannot be told: the report has no task in it."""
        if self._report is None:
            self._report = Report.of(self._settings.table, self._run, [], complete=False)
            _logger.warning("%s", self._report)
            _report.write(self._settings, self._report)
            self._forget()

    def _forget(self) -> None:
        # Nobody can write under a random name again.
        if self._settings.run_id is None:
            _journal.forget(self._settings.journal, self._run)

    def get_name(self) -> str:
        """The name of the tasks."""
        return "Zerobus"


def _batches(blocks: Iterable[Block]) -> Iterator[pa.RecordBatch]:
    for block in blocks:
        yield from BlockAccessor.for_block(block).to_arrow().to_batches()


def _attempt() -> int | None:
    """How many attempts at this task there were before, or ``None`` where Ray does not tell."""
    try:
        from ray._private.worker import global_worker

        # The attribute comes with the connection.
        worker: Any = global_worker
        return int(worker.core_worker.get_current_task_attempt_number())
    except (ImportError, AttributeError):
        return None
