"""The blocking client."""

from __future__ import annotations

from functools import partial
from typing import Any, Self, Unpack

from . import _exit, _native, _sender, _sending, _settings, errors
from ._blocking import Blocking
from ._inputs import Data
from ._progress import ProgressOption
from ._receipt import Receipt
from ._sending import Sending
from ._settings import ClientOptions, Connection, Path, Seconds, SenderOptions


class AllOptions(Connection, ClientOptions, total=False):
    """All keywords of a client."""


class Base(Sending[_native.Client]):
    """What both kinds of client have in common."""

    def __init__(self, **options: Unpack[AllOptions]) -> None:
        _settings.check(options, Connection, ClientOptions)
        self._open(_settings.places(options), options)

    def _open(self, place: Any, options: Any) -> None:
        self._keep_rejected = _settings.keep_rejected(options)
        self._native = _native.Client(
            place,
            _settings.keywords(options),
            _settings.telemetry(options),
        )
        _exit.watch(self)

    @classmethod
    def local(cls, dir: Path, **options: Unpack[ClientOptions]) -> Self:
        """A client of an endpoint inside this process, which keeps real Delta tables in
        ``DIR/catalog/schema/table``. Tables that are missing are made.

        One process at a time can use a directory.
        """
        _settings.check(options, ClientOptions)
        return cls._at(dir, options)

    @classmethod
    def from_env(cls, **options: Unpack[AllOptions]) -> Self:
        """A client with its settings from ``ZEROBUS_SERVER_ENDPOINT`` (or ``ZEROBUS_ENDPOINT``),
        ``DATABRICKS_HOST``, ``DATABRICKS_CLIENT_ID``, ``DATABRICKS_CLIENT_SECRET`` and
        ``DATABRICKS_CONFIG_PROFILE``, and every other one from ``ZEROBUS_`` with its name, such as
        ``ZEROBUS_STREAMS``."""
        options["environment"] = True
        return cls(**options)

    @classmethod
    def from_profile(cls, name: str, **options: Unpack[AllOptions]) -> Self:
        """A client with its settings from a profile of ``~/.databrickscfg``."""
        options["profile"] = name
        return cls(**options)

    @classmethod
    def dry_run(cls, **options: Unpack[ClientOptions]) -> Self:
        """A client that converts and checks, and connects to nothing: rows that could be sent come
        back as not sent."""
        _settings.check(options, ClientOptions)
        return cls._at(None, options)

    @classmethod
    def _at(cls, place: Any, options: Any) -> Self:
        client = cls.__new__(cls)
        client._open(place, options)
        return client

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._native.closed

    def stats(self) -> dict[str, Any]:
        """What was counted so far: rows, bytes, retries, times in seconds."""
        return self._native.stats()

    def settings(self) -> list[tuple[str, str | None, str]]:
        """Every setting: its name, its value (of a secret, asterisks), and where that was found.

        >>> import zerobus_arrow as za
        >>> with za.Client.dry_run(streams=4) as client:
        ...     [found for found in client.settings() if found[0] == "streams"]
        [('streams', '4', 'keyword streams')]
        """
        return self._native.settings()

    def quarantine_files(self) -> list[str]:
        """The files of the quarantine so far."""
        return [str(path) for path in self._native.quarantine_files()]

    def __reduce__(self) -> Any:
        raise TypeError(
            f"a {type(self).__name__} cannot be pickled: it has connections of this process; "
            "make one in each process"
        )


class Client(Base, Blocking[_native.Client]):
    """Sends Arrow data to Delta tables, and waits until it is durable.

    Safe to share between threads.

    >>> import pyarrow as pa, tempfile, zerobus_arrow as za
    >>> flights = pa.table({"carrier": ["UA", "AA"], "delay": [2, -5]})
    >>> with za.Client.local(tempfile.mkdtemp()) as client:
    ...     receipt = client.send("main.default.flights", flights)
    >>> receipt.durable
    2
    """

    def send(self, table: str, data: Data, *, progress: ProgressOption = None) -> Receipt:
        """Sends ``data`` and waits until the fate of every row is known.

        Streams are read batch by batch, and only as fast as they can be sent. Rejected rows are no error
        but in the receipt; rows that could not be delivered are one, with the receipt in it.

        >>> import polars as pl, tempfile, zerobus_arrow as za
        >>> with za.Client.local(tempfile.mkdtemp()) as client:
        ...     client.send("main.default.days", pl.DataFrame({"day": [1, 2]})).durable
        2
        """
        return self._send(partial(self._native.send, table), table, data, progress)

    def submit(self, table: str, data: Data) -> Ticket:
        """Hands in ``data`` and returns when all of it is on its way. The ticket waits for the rest.

        >>> import pyarrow as pa, tempfile, zerobus_arrow as za
        >>> with za.Client.local(tempfile.mkdtemp()) as client:
        ...     tickets = [
        ...         client.submit("main.default.days", pa.table({"day": [day]})) for day in range(3)
        ...     ]
        ...     [ticket.wait().durable for ticket in tickets]
        [1, 1, 1]
        """
        return Ticket(self._submit(partial(self._native.submit, table), data), table)

    def sender(self, table: str, schema: Any, **options: Unpack[SenderOptions]) -> Sender:
        """A sender for data of one schema, with options of its own. ``schema`` is anything with
        ``__arrow_c_schema__``, such as a ``pyarrow.Schema``."""
        _settings.check(options, SenderOptions)
        sender = self._native.sender(table, schema, _settings.keywords(options))
        return Sender(sender, self._keep_rejected)

    def describe_table(self, table: str) -> list[tuple[str, str, bool]]:
        """The columns of a table as Unity Catalog has them: name, type, whether they may be null."""
        return self._native.describe_table(table)

    def close(self, timeout: Seconds = _sending.CLOSE_TIMEOUT) -> None:
        """Waits for what is in flight, for at most ``timeout`` seconds, and ends the client. A second
        call does nothing.

        Raises :class:`~zerobus_arrow.errors.ConnectionFailedError` if rows were left that nobody has a
        receipt of.
        """
        super().close(timeout)


class Ticket:
    """Data that was handed in. Dropping it changes nothing about the delivery."""

    def __init__(self, ticket: _native.Ticket, table: str) -> None:
        self._ticket = ticket
        self._table = table
        self._receipt: Receipt | None = None

    def done(self) -> bool:
        """Whether the fate of every row is known."""
        return self._receipt is not None or self._ticket.done()

    def wait(self, timeout: Seconds | None = None) -> Receipt:
        """Waits until the fate of every row is known.

        Raises :class:`~zerobus_arrow.errors.WaitTimeoutError` when ``timeout`` seconds are over before,
        and otherwise as :meth:`Client.send`.
        """
        if self._receipt is None:
            patience = None if timeout is None else _settings.duration("timeout", timeout)
            facts = self._ticket.wait(patience)
            if facts is not None:
                self._receipt = Receipt._of(facts)
        if self._receipt is None:
            raise errors.WaitTimeoutError(
                f"{self._table}: the fate of some rows is not known yet; they are on their way",
                table=self._table,
                retryable=True,
            )
        return self._receipt._raise_for_error()


class Sender(_sender.Base, Blocking[_native.Sender]):
    """Sends data of one schema to one table, over streams of its own."""

    def send(self, data: Data, *, progress: ProgressOption = None) -> Receipt:
        """As :meth:`Client.send`."""
        return self._send(self._native.send, self.table, data, progress)

    def submit(self, data: Data) -> Ticket:
        """As :meth:`Client.submit`."""
        return Ticket(self._submit(self._native.submit, data), self.table)
