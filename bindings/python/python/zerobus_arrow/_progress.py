"""How far a send has come, for whoever wants to see it."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from . import _native, _trace


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far a send has come."""

    #: Rows taken in so far.
    handed_in: int
    #: Rows whose fate is known.
    settled: int
    #: Rows known to be durable.
    durable: int
    #: Rows refused.
    rejected: int
    #: Bytes of records handed to the transport, of settled rows.
    bytes: int
    #: All rows there will be, where the data says so.
    total: int | None


class Bar(Protocol):
    """Something like a bar of tqdm."""

    def update(self, n: int, /) -> object: ...


#: ``True`` for a bar of tqdm, a function that is told, or a bar with ``update(rows)``.
ProgressOption: TypeAlias = "bool | Callable[[Progress], object] | Bar | None"


class Watch:
    """Looks at one call now and then, and tells."""

    def __init__(self, progress: ProgressOption, data: object, table: str, keep_rejected: int) -> None:
        self.call = _native.Call(keep_rejected, _trace.context())
        self._total = _rows_of(data)
        self._told = 0
        self._own_bar: Any = None
        self._update: Callable[[int], object] | None = None
        self._call: Callable[[Progress], object] | None = None
        if progress is True:
            self._own_bar = _bar(self._total, table)
            self._update = getattr(self._own_bar, "update", None)
        elif progress is not None and progress is not False:
            update = getattr(progress, "update", None)
            if update is not None:
                self._update = update
            elif callable(progress):
                self._call = progress
            else:
                raise TypeError(
                    f"progress is True, a function, or a bar with update(rows), not {type(progress).__name__}"
                )

    @property
    def is_wanted(self) -> bool:
        return self._update is not None or self._call is not None

    def tell(self) -> None:
        """Tells how far it has come since the last time."""
        call = self.call
        if self._call is not None:
            self._call(
                Progress(
                    handed_in=call.handed_in,
                    settled=call.settled,
                    durable=call.durable,
                    rejected=call.rejected,
                    bytes=call.bytes,
                    total=self._total,
                )
            )
        if self._update is not None:
            settled = call.settled
            self._update(settled - self._told)
            self._told = settled

    def close(self) -> None:
        if self._own_bar is not None:
            self._own_bar.close()


def _rows_of(data: Any) -> int | None:
    for name in ("num_rows", "height"):
        rows = getattr(data, name, None)
        if isinstance(rows, int):
            return rows
    module, _, _ = type(data).__module__.partition(".")
    return len(data) if module == "pandas" else None


def _bar(total: int | None, table: str) -> Any:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        warnings.warn("progress=True shows a bar of tqdm: pip install tqdm", stacklevel=5)
        return None
    return tqdm(total=total, desc=table, unit=" rows", unit_scale=True)
