"""What became of the rows that were sent."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from . import errors

if TYPE_CHECKING:
    import pyarrow

    from . import _native

__all__ = ["Receipt"]

#: Row numbers from the first to before the second.
Ranges = tuple[tuple[int, int], ...]


def _count(ranges: Ranges) -> int:
    return sum(end - start for start, end in ranges)


@dataclasses.dataclass(frozen=True, repr=False)
class Receipt:
    """What became of the rows of one call, row by row.

    Every row is in exactly one of :attr:`durable`, :attr:`rejected_rows`, :attr:`not_sent` and
    :attr:`unknown`. Rows are numbered through all batches of the call, from 0.

    >>> import pyarrow as pa, tempfile, zerobus_arrow as za
    >>> with za.Client.local(tempfile.mkdtemp()) as client:
    ...     receipt = client.send("main.default.numbers", pa.table({"n": [1, 2, 3]}))
    >>> receipt.durable, receipt.is_all_durable
    (3, True)
    >>> receipt.ranges("durable")
    ((0, 3),)
    """

    #: The table that was sent to.
    table: str
    #: How many rows were handed in.
    rows: int
    #: How many rows were refused, by kind.
    rejections: dict[str, int]
    #: How many bytes of records were handed to the transport, resends not.
    bytes: int
    #: How often rows were sent at most: 1 when nothing went wrong, 0 when there was no batch.
    attempts: int
    #: Seconds from handing in the first row until the last one was settled.
    elapsed: float
    #: How many null lists and maps were sent as empty ones, since Protobuf has no null list.
    null_lists: int
    #: Seconds for which handing in was held up, because too much had gone wrong of late.
    slowed: float
    #: Why refused rows are not in the quarantine, though there is one. They are in :attr:`rejected`.
    quarantine_error: str | None
    #: How many refused rows are not in :attr:`rejected`, since it holds no more than ``keep_rejected``.
    rejected_not_kept: int
    #: Why rows are unknown or not sent. Calls raise it; here it is for those who catch it.
    error: BaseException | None
    _ranges: dict[str, Ranges]
    _rejected: tuple[_native.Rows, ...]

    @classmethod
    def _of(cls, facts: dict[str, Any]) -> Receipt:
        ranges = {
            name: tuple(facts.pop(name)) for name in ("durable", "not_sent", "unknown", "possibly_duplicated")
        }
        return cls(_ranges=ranges, _rejected=tuple(facts.pop("rejected")), **facts)

    @property
    def durable(self) -> int:
        """How many rows the service has acknowledged as durable."""
        return _count(self._ranges["durable"])

    @property
    def not_sent(self) -> int:
        """How many rows never left: sending them again duplicates nothing."""
        return _count(self._ranges["not_sent"])

    @property
    def unknown(self) -> int:
        """How many rows were sent and not acknowledged: they may be stored."""
        return _count(self._ranges["unknown"])

    @property
    def possibly_duplicated(self) -> int:
        """Of the durable rows, how many may be stored twice: a connection was lost under them."""
        return _count(self._ranges["possibly_duplicated"])

    @property
    def rejected_rows(self) -> int:
        """How many rows were refused."""
        return sum(self.rejections.values())

    @property
    def is_all_durable(self) -> bool:
        """Whether every row is durable."""
        return self.durable == self.rows

    @property
    def rejected(self) -> pyarrow.Table:
        """The refused rows as they were handed in, with four columns more: ``_zb_error_row``,
        ``_zb_error_column``, ``_zb_error_kind`` and ``_zb_error_message``.

        Needs pyarrow; :meth:`rejected_streams` does not.
        """
        try:
            import pyarrow as pa
        except ImportError as error:
            raise ImportError(
                "Receipt.rejected gives a pyarrow.Table: pip install pyarrow, "
                "or read Receipt.rejected_streams() with another library"
            ) from error
        tables = [pa.table(rows) for rows in self._rejected]
        if not tables:
            return pa.table({})
        if len(tables) == 1:
            return tables[0]
        return pa.concat_tables(tables, promote_options="permissive")

    def rejected_streams(self) -> tuple[_native.Rows, ...]:
        """The refused rows for any library that speaks the Arrow C stream interface: one object for each
        set of columns."""
        return self._rejected

    def ranges(self, fate: str) -> Ranges:
        """The rows of a fate (``durable``, ``not_sent``, ``unknown`` or ``possibly_duplicated``), as pairs
        of the first row and the one after the last."""
        try:
            return self._ranges[fate]
        except KeyError:
            known = ", ".join(self._ranges)
            raise ValueError(f"{fate!r} is none of {known}") from None

    def raise_for_rejected(self) -> Receipt:
        """Raises :class:`RejectedRowsError` if a row was refused; gives the receipt back otherwise."""
        if self.rejected_rows:
            raise errors.RejectedRowsError(
                f"{self.table}: {self.rejected_rows} of {self.rows} rows were rejected "
                f"({self._kinds}); "
                "they are in receipt.rejected",
                table=self.table,
                receipt=self,
            )
        return self

    def to_dict(self) -> dict[str, Any]:
        """The counts under the names that ``zb send --output json`` has."""
        return {
            "table": self.table,
            "rows": self.rows,
            "durable": self.durable,
            "rejected": self.rejected_rows,
            "not_sent": self.not_sent,
            "unknown": self.unknown,
            "possibly_duplicated": self.possibly_duplicated,
            "bytes": self.bytes,
            "attempts": self.attempts,
            "elapsed_ms": round(self.elapsed * 1000),
            "rejections": [{"kind": kind, "count": count} for kind, count in self.rejections.items()],
        }

    def _raise_for_error(self) -> Receipt:
        """Raises why rows were not delivered, if they were not."""
        if self.error is None:
            return self
        if isinstance(self.error, errors.ZerobusError):
            self.error.receipt = self
            self.error.table = self.error.table or self.table
        else:
            self.error.add_note(f"{self!r} was sent before")
        raise self.error

    @property
    def _kinds(self) -> str:
        return ", ".join(f"{count} {kind}" for kind, count in self.rejections.items())

    def __repr__(self) -> str:
        parts = [f"{self.durable} of {self.rows} rows durable"]
        for count, what in (
            (self.rejected_rows, f"rejected ({self._kinds})"),
            (self.not_sent, "not sent"),
            (self.unknown, "unknown"),
            (self.possibly_duplicated, "possibly duplicated"),
        ):
            if count:
                parts.append(f"{count} {what}")
        return f"<Receipt {self.table}: {', '.join(parts)}, {self.elapsed:.2f} s>"
