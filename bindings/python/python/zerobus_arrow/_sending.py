"""What clients and senders have in common, whether they block or are awaited."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Generic, TypeVar

from . import _inputs, _native, _settings, _trace, errors
from ._inputs import Data
from ._settings import Seconds

#: The native half of a client or of a sender.
Native = TypeVar("Native", bound=_native.Client | _native.Sender)
_Handed = TypeVar("_Handed")
#: Hands in; gives a ticket, or an awaitable of one.
_Submit = Callable[[_native.Batches, _native.Call], _Handed]

#: How many seconds closing waits for what is in flight, if nobody says otherwise.
CLOSE_TIMEOUT = 30.0


class Sending(Generic[Native]):
    """Something that data is handed to."""

    _native: Native
    _keep_rejected: int

    def _submit(self, native: _Submit[_Handed], data: Data) -> _Handed:
        return native(_inputs.batches(data), _native.Call(self._keep_rejected, _trace.context()))


def deadline(timeout: Seconds | None) -> datetime.timedelta:
    """How long closing may take. ``None`` is as good as nothing said."""
    return _settings.duration("timeout", CLOSE_TIMEOUT if timeout is None else timeout)


def raise_for_left(not_sent: int, unknown: int) -> None:
    """Raises if closing left rows that were not delivered."""
    if not_sent or unknown:
        raise errors.ConnectionFailedError(
            f"closing left rows that were not delivered: {not_sent} were not sent, "
            f"{unknown} may or may not be stored; their tickets tell which",
            retryable=True,
        )
