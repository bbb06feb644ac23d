"""Sending, flushing and closing that block."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any, Self

from . import _inputs, _native, _sending, errors
from ._inputs import Data
from ._progress import ProgressOption, Watch
from ._receipt import Receipt
from ._sending import Native, Sending
from ._settings import Seconds

#: Sends and waits; the last is called now and then.
_Send = Callable[[_native.Batches, _native.Call, Callable[[], object] | None], dict[str, Any]]


class Blocking(Sending[Native]):
    """What :class:`Client` and :class:`Sender` have in common."""

    def _send(self, native: _Send, table: str, data: Data, progress: ProgressOption) -> Receipt:
        watch = Watch(progress, data, table, self._keep_rejected)
        try:
            facts = native(
                _inputs.batches(data),
                watch.call,
                watch.tell if watch.is_wanted else None,
            )
            watch.tell()
        finally:
            watch.close()
        return Receipt._of(facts)._raise_for_error()

    def flush(self) -> None:
        """Waits until everything submitted before is durable or refused."""
        self._native.flush()

    def close(self, timeout: Seconds = _sending.CLOSE_TIMEOUT) -> None:
        """As :meth:`Client.close`."""
        _sending.raise_for_left(*self._native.close(_sending.deadline(timeout)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: types.TracebackType | None,
    ) -> None:
        try:
            self.close()
        except errors.ZerobusError as second:
            if error is None:
                raise
            # What went wrong first is what is told.
            error.add_note(f"while closing: {second}")
