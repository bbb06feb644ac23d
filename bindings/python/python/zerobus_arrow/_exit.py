"""The end of the interpreter: what is open is closed, within a bound."""

from __future__ import annotations

import atexit
import datetime
import logging
import weakref
from typing import Any

from . import _native

#: How long all clients together may take to deliver what is in flight.
_PATIENCE = datetime.timedelta(seconds=3)
_LOGS = datetime.timedelta(milliseconds=500)
#: How long threads may take to leave Python, where they wake event loops.
_SETTLING = datetime.timedelta(seconds=1)

_logger = logging.getLogger("zerobus_arrow")
_open: weakref.WeakSet[Any] = weakref.WeakSet()


def watch(client: Any) -> None:
    """Closes ``client`` at the end of the interpreter, if nobody has done so."""
    _open.add(client)


@atexit.register
def _close_all() -> None:
    for client in list(_open):
        native = client._native
        if native.closed:
            continue
        try:
            not_sent, unknown = native.close(_PATIENCE)
        except Exception:
            _logger.exception("a client could not be closed at exit")
            continue
        if not_sent or unknown:
            _logger.warning(
                "a client was not closed before exit: %d rows were not sent, %d may or may not be stored",
                not_sent,
                unknown,
            )
        else:
            _logger.info("a client was closed at exit; close it yourself to see errors")
    _native.settle(_SETTLING)
    _native.flush_logs(_LOGS)
