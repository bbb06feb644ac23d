"""Every exception of the package, in a tree under :class:`ZerobusError`.

>>> from zerobus_arrow import errors
>>> issubclass(errors.ConnectionFailedError, errors.ZerobusError)
True
>>> issubclass(errors.ConnectionFailedError, ConnectionError)
True
"""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._receipt import Receipt

__all__ = [
    "AuthenticationError",
    "ClosedError",
    "ConfigurationError",
    "ConnectionFailedError",
    "FilesError",
    "ForkError",
    "InternalError",
    "LocalEndpointError",
    "PermissionDeniedError",
    "RefusedError",
    "RejectedRowsError",
    "SchemaError",
    "TableNotFoundError",
    "WaitTimeoutError",
    "ZerobusError",
]


class ZerobusError(Exception):
    """Something of this package failed. Each kind of failure has a class below this one.

    The text holds no secret and no value of a row.
    """

    #: A word for the kind of failure, as logs and metrics have it.
    kind: str = "internal"

    def __init__(
        self,
        message: str,
        *,
        table: str | None = None,
        retryable: bool = False,
        attempts: int | None = None,
        code: str | None = None,
        problems: list[tuple[str, str]] | None = None,
        receipt: Receipt | None = None,
    ) -> None:
        super().__init__(message)
        #: The table that was sent to, where there is one.
        self.table = table
        #: Whether the same call may succeed later.
        self.retryable = retryable
        #: How many attempts to connect were made.
        self.attempts = attempts
        #: The name of the gRPC status, where the service gave one.
        self.code = code
        #: Of columns that cannot be sent: each column with what is wrong with it.
        self.problems = problems or []
        #: What became of the rows, where some were on their way.
        self.receipt = receipt

    def __reduce__(self) -> tuple[Any, ...]:
        return (_again, (type(self), str(self)), self.__dict__)


class ConfigurationError(ZerobusError, ValueError):
    """A setting is missing or cannot be."""

    kind = "config"


class AuthenticationError(ZerobusError):
    """The credentials are not accepted."""

    kind = "authentication"


class PermissionDeniedError(ZerobusError):
    """The credentials are good, a grant is missing."""

    kind = "permission"


class TableNotFoundError(ZerobusError, LookupError):
    """There is no such table. The service creates none."""

    kind = "not_found"


class SchemaError(ZerobusError, ValueError):
    """Columns cannot be sent, or do not fit the table; see :attr:`problems`."""

    kind = "schema"


class RefusedError(ZerobusError):
    """The service refuses for another reason that trying again does not cure."""

    kind = "refused"


class ConnectionFailedError(ZerobusError, builtins.ConnectionError):
    """The service, or the way to it, is not there now, and was not within the bounds of the retries."""

    kind = "unavailable"


class WaitTimeoutError(ZerobusError, builtins.TimeoutError):
    """A wait was over before the fate of every row was known. The rows are still on their way."""

    kind = "timeout"


class RejectedRowsError(ZerobusError, ValueError):
    """Rows were rejected; raised by :meth:`Receipt.raise_for_rejected`."""

    kind = "rejected"


class ClosedError(ZerobusError):
    """The client or the sender was closed before."""

    kind = "closed"


class ForkError(ZerobusError, RuntimeError):
    """The process was forked from one that used the package. Make clients in the children alone, or start
    them by ``spawn`` or ``forkserver``."""

    kind = "fork"


class LocalEndpointError(ZerobusError, OSError):
    """The embedded endpoint cannot use its directory, or another process uses it."""

    kind = "local"


class FilesError(ZerobusError, OSError):
    """The directory of the debug mirrors or of the quarantine cannot be used."""

    kind = "debug"


class InternalError(ZerobusError):
    """A fault of this package. Please report it."""

    kind = "internal"


_CLASSES: dict[str, type[ZerobusError]] = {
    of_kind.kind: of_kind
    for of_kind in (
        ConfigurationError,
        AuthenticationError,
        PermissionDeniedError,
        TableNotFoundError,
        SchemaError,
        RefusedError,
        ConnectionFailedError,
        ClosedError,
        ForkError,
        LocalEndpointError,
        FilesError,
        InternalError,
    )
}


def exception_of(kind: str, message: str, **facts: Any) -> ZerobusError:
    """The exception for a kind of failure; called by the native half."""
    return _CLASSES.get(kind, InternalError)(message, **facts)


def _again(of_class: type[ZerobusError], message: str) -> ZerobusError:
    return of_class(message)
