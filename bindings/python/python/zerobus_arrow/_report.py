"""What became of the rows of a distributed write: what a task tells the driver, and their sum."""

from __future__ import annotations

import dataclasses
import itertools
import json
import logging
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from . import errors
from ._options import Settings
from ._receipt import Ranges

if TYPE_CHECKING:
    from ._receipt import Receipt

_logger = logging.getLogger("zerobus_arrow.engines")

#: How many pairs of row numbers of each fate come to the driver from one task.
_PAIRS = 1_000
#: How many bytes of rejected rows do; if there are more, their reasons come alone.
_REJECTED_BYTES = 1 << 20
#: How many rejected rows, and how many names of files, a report of all tasks holds.
_REPORTED = 1_000

_REASONS = ("_zb_error_row", "_zb_error_column", "_zb_error_kind", "_zb_error_message")


@dataclasses.dataclass(frozen=True)
class Task:
    """One attempt at one part of a write."""

    #: The write: the same for all its tasks and attempts.
    run: str
    #: The number of the part.
    part: int
    #: How many attempts there were before; ``None`` where the engine does not tell.
    attempt: int | None = 0

    @property
    def place(self) -> str:
        """Where its files go, below the directory that was asked for."""
        attempt = "unknown" if self.attempt is None else f"{self.attempt}"
        return os.path.join(self.run, f"part-{self.part:05}-attempt-{attempt}")


@dataclasses.dataclass(frozen=True)
class TaskReport:
    """What became of the rows of one task, in bounded size."""

    run: str
    part: int
    #: How many attempts there were before; ``None`` where the engine does not tell.
    attempt: int | None
    #: Whether there was another attempt at it, as far as is known.
    retried: bool = False
    rows: int = 0
    durable: int = 0
    #: Of the durable rows, those that may be stored more than once.
    possibly_duplicated: int = 0
    #: Of the durable rows, those that an earlier attempt of the task may have delivered: all of them, if
    #: there was one, since nobody knows how far it came.
    redelivered: int = 0
    #: How many rows were rejected, by kind.
    rejections: dict[str, int] = dataclasses.field(default_factory=dict)
    #: Seconds.
    elapsed: float = 0.0
    bytes: int = 0
    null_lists: int = 0
    #: Row numbers of the task by fate, the first thousand pairs of each.
    ranges: dict[str, Ranges] = dataclasses.field(default_factory=dict)
    ranges_are_whole: bool = True
    #: Rejected rows with their reasons, or the reasons alone where the rows are large.
    rejected: pa.Table | None = None
    rejected_not_kept: int = 0
    quarantine_files: tuple[str, ...] = ()
    quarantine_error: str | None = None

    @classmethod
    def of(cls, task: Task, receipt: Receipt, files: Iterable[str] = (), *, alone: bool = True) -> TaskReport:
        """The report of a task. It is ``alone`` if the journal knows of no other attempt."""
        ranges = {fate: receipt.ranges(fate) for fate in ("durable", "possibly_duplicated")}
        # An attempt whose number is not told may be a later one.
        retried = task.attempt != 0 or not alone
        redelivered = receipt.durable if retried else 0
        rejected = receipt.rejected if receipt.rejected_rows else None
        if rejected is not None and rejected.nbytes > _REJECTED_BYTES:
            rejected = rejected.select(list(_REASONS))
        return cls(
            **dataclasses.asdict(task),
            retried=retried,
            rows=receipt.rows,
            durable=receipt.durable,
            possibly_duplicated=redelivered or receipt.possibly_duplicated,
            redelivered=redelivered,
            rejections=dict(receipt.rejections),
            elapsed=receipt.elapsed,
            bytes=receipt.bytes,
            null_lists=receipt.null_lists,
            ranges={fate: pairs[:_PAIRS] for fate, pairs in ranges.items()},
            ranges_are_whole=all(len(pairs) <= _PAIRS for pairs in ranges.values()),
            rejected=rejected,
            rejected_not_kept=receipt.rejected_not_kept,
            quarantine_files=tuple(itertools.islice(files, _REPORTED)),
            quarantine_error=receipt.quarantine_error,
        )


@dataclasses.dataclass(frozen=True)
class Report:
    """What became of the rows of a write, over all its tasks.

    It is about the attempts that succeeded. What attempts delivered that failed is in the table as well,
    and counted in :attr:`redelivered` once their task has succeeded.
    """

    #: The table that was written to.
    table: str
    #: The name of the write.
    run_id: str
    #: Whether every task succeeded. If not, the rows of those that did are in the table all the same.
    complete: bool
    #: How many tasks there were, as far as the engine tells.
    tasks: int
    #: How many succeeded after another attempt, or beside one.
    retried_tasks: int
    #: How many rows were handed in.
    rows: int
    #: How many rows the service has acknowledged as durable.
    durable: int
    #: How many rows were refused, by kind.
    rejections: dict[str, int]
    #: Of the durable rows, how many may be stored more than once.
    possibly_duplicated: int
    #: Of those, how many because an earlier attempt, or an earlier run of the micro-batch, may have
    #: delivered them. They may be stored once for each attempt.
    redelivered: int
    #: How many bytes of records were handed to the transport.
    bytes: int
    #: How many null lists and maps were sent as empty ones.
    null_lists: int
    #: The files with rejected rows, where they were written; the first thousand.
    quarantine_files: tuple[str, ...]
    #: Why rejected rows are not in the quarantine, though there is one.
    quarantine_error: str | None
    #: The reports of the tasks that succeeded.
    task_reports: tuple[TaskReport, ...] = dataclasses.field(repr=False)
    #: The micro-batch, in a stream.
    batch_id: int | None = None

    @classmethod
    def of(
        cls,
        table: str,
        run: str,
        reports: Iterable[TaskReport | None],
        *,
        complete: bool = True,
        batch_id: int | None = None,
        replayed: bool = False,
    ) -> Report:
        """The sum of ``reports``; ``None`` stands for a task without one. ``replayed`` rows were delivered
        before, all of them."""
        all_reports = list(reports)
        known = tuple(report for report in all_reports if report is not None)
        rejections: dict[str, int] = {}
        for report in known:
            for kind, count in report.rejections.items():
                rejections[kind] = rejections.get(kind, 0) + count
        durable = sum(report.durable for report in known)
        doubtful = durable if replayed else sum(report.possibly_duplicated for report in known)
        again = durable if replayed else sum(report.redelivered for report in known)
        files = itertools.chain.from_iterable(report.quarantine_files for report in known)
        failures = (report.quarantine_error for report in known if report.quarantine_error)
        return cls(
            table=table,
            run_id=run,
            complete=complete,
            tasks=len(all_reports),
            retried_tasks=sum(report.retried for report in known),
            rows=sum(report.rows for report in known),
            durable=durable,
            rejections=rejections,
            possibly_duplicated=doubtful,
            redelivered=again,
            bytes=sum(report.bytes for report in known),
            null_lists=sum(report.null_lists for report in known),
            quarantine_files=tuple(itertools.islice(files, _REPORTED)),
            quarantine_error=next(failures, None),
            task_reports=known,
            batch_id=batch_id,
        )

    @property
    def rejected_rows(self) -> int:
        """How many rows were refused."""
        return sum(self.rejections.values())

    @property
    def rejected(self) -> pa.Table:
        """Rejected rows with their reasons and the part that they were in (``_zb_part_of_row``): the first
        thousand. ``_zb_error_row`` counts from 0 in each part."""
        tables = []
        room = _REPORTED
        for report in self.task_reports:
            if report.rejected is not None and room > 0:
                rows = report.rejected.slice(0, room)
                room -= rows.num_rows
                parts = pa.array([report.part] * rows.num_rows, pa.int64())
                tables.append(rows.append_column("_zb_part_of_row", parts))
        return pa.concat_tables(tables, promote_options="permissive") if tables else pa.table({})

    def to_dict(self) -> dict[str, Any]:
        """The same for JSON. It says where rejected rows are and of which kind the reason is; messages have
        values in them and are left out."""
        facts = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name not in ("rejections", "quarantine_files", "task_reports")
        }
        retried = (report.part for report in self.task_reports if report.retried)
        reasons = self.rejected
        if reasons.num_rows:
            reasons = reasons.select(["_zb_part_of_row", *_REASONS[:3]])
            reasons = reasons.rename_columns(["part", "row", "column", "kind"])
        return facts | {
            "retried_parts": list(itertools.islice(retried, _REPORTED)),
            "rejected": self.rejected_rows,
            "rejections": [{"kind": k, "count": n} for k, n in self.rejections.items()],
            "rejected_rows": reasons.to_pylist(),
            "quarantine_files": list(self.quarantine_files),
        }

    def raise_for_rejected(self) -> Report:
        """Raises :class:`~zerobus_arrow.errors.RejectedRowsError` if a row was refused."""
        if self.rejected_rows:
            kinds = ", ".join(f"{count} {kind}" for kind, count in self.rejections.items())
            raise errors.RejectedRowsError(
                f"{self.table}: {self.rejected_rows} of {self.rows} rows were rejected ({kinds}); "
                f"the other {self.durable} are in the table, so the same write would store them again",
                table=self.table,
            )
        return self

    def __str__(self) -> str:
        parts = [f"{self.durable} of {self.rows} rows durable"]
        if self.rejected_rows:
            parts.append(f"{self.rejected_rows} rejected")
        if self.possibly_duplicated:
            parts.append(f"{self.possibly_duplicated} possibly duplicated")
        if self.retried_tasks:
            parts.append(f"{self.retried_tasks} of {self.tasks} tasks retried")
        if not self.complete:
            parts.append("the write failed, and what is durable stays in the table")
        batch = "" if self.batch_id is None else f", batch {self.batch_id}"
        return f"{self.table} ({self.run_id}{batch}): {', '.join(parts)}"


def is_told_of(settings: Settings, run: str) -> bool:
    """Whether there is a report of this write already, so that its rows may have been delivered before."""
    place = _place(settings, run)
    if place is None:
        return False
    try:
        return bool(json.loads(place.read_text()).get("run_id") == run)
    except (OSError, ValueError, AttributeError):
        return False


def write(settings: Settings, report: Report) -> None:
    """Writes the report where one was asked for."""
    place = _place(settings, report.run_id)
    if place is None:
        return
    try:
        _write_json(place, report.to_dict())
    except OSError as error:
        # The rows are durable: to fail now would only send them again.
        _logger.error("the report cannot be written to %s: %s", place, error)


def _place(settings: Settings, run: str) -> Path | None:
    if settings.report is None:
        return None
    place = Path(settings.report)
    return place if place.suffix == ".json" else place / f"{run}.json"


def _write_json(path: Path, facts: dict[str, Any]) -> None:
    """Writes a file whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            json.dump(facts, file, indent=2)
            file.write("\n")
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
