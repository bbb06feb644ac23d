"""The client for asyncio."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, Unpack

from . import _client, _native, _sender, _settings, errors
from ._awaited import Awaited
from ._inputs import AsyncData, Data
from ._progress import ProgressOption
from ._receipt import Receipt
from ._settings import SenderOptions


class AsyncClient(_client.Base, Awaited[_native.Client]):
    """Sends Arrow data to Delta tables from asyncio. Nothing blocks the loop: reading and conversion go on
    in other threads. Making a client is quick, but for :meth:`local`, which starts an endpoint.

    A call that is cancelled stops handing in. Rows that were on their way stay on it, and :meth:`flush`
    and :meth:`close` know of them.

    >>> import asyncio, pyarrow as pa, tempfile, zerobus_arrow as za
    >>> async def main():
    ...     async with za.AsyncClient.local(tempfile.mkdtemp()) as client:
    ...         receipt = await client.send("main.default.days", pa.table({"day": [1, 2]}))
    ...     return receipt.durable
    >>> asyncio.run(main())
    2
    """

    async def send(self, table: str, data: AsyncData, *, progress: ProgressOption = None) -> Receipt:
        """As :meth:`Client.send`. Takes async iterables of Arrow objects, too: each object is handed in
        when it comes, and the receipt is that of all of them."""
        native = self._native
        return await self._send(
            partial(native.send_async, table), partial(native.ticket, table), table, data, progress
        )

    async def submit(self, table: str, data: Data) -> AsyncTicket:
        """Hands in ``data`` and returns when all of it is on its way. The ticket waits for the rest."""
        return AsyncTicket(await self._submit(partial(self._native.submit_async, table), data))

    async def sender(self, table: str, schema: Any, **options: Unpack[SenderOptions]) -> AsyncSender:
        """As :meth:`Client.sender`."""
        _settings.check(options, SenderOptions)
        sender = await self._native.sender_async(table, schema, _settings.keywords(options))
        return AsyncSender(sender, self._keep_rejected)

    async def describe_table(self, table: str) -> list[tuple[str, str, bool]]:
        """The columns of a table as Unity Catalog has them: name, type, whether they may be null."""
        return await self._native.describe_table_async(table)


class AsyncTicket:
    """Data that was handed in. Dropping it changes nothing about the delivery."""

    def __init__(self, ticket: _native.Ticket) -> None:
        self._ticket = ticket
        self._waiting = asyncio.Lock()
        self._receipt: Receipt | None = None

    def done(self) -> bool:
        """Whether the fate of every row is known."""
        return self._receipt is not None or self._ticket.done()

    async def wait(self) -> Receipt:
        """Waits until the fate of every row is known. May be cancelled and called again, as
        ``asyncio.timeout`` does."""
        async with self._waiting:
            if self._receipt is None:
                facts = await self._ticket.wait_async()
                if facts is None:
                    raise errors.InternalError("the receipt went to a wait that was cancelled")
                self._receipt = Receipt._of(facts)
        return self._receipt._raise_for_error()

    def __await__(self) -> Any:
        return self.wait().__await__()


class AsyncSender(_sender.Base, Awaited[_native.Sender]):
    """Sends data of one schema to one table, over streams of its own."""

    async def send(self, data: AsyncData, *, progress: ProgressOption = None) -> Receipt:
        """As :meth:`AsyncClient.send`."""
        native = self._native
        return await self._send(native.send_async, native.ticket, self.table, data, progress)

    async def submit(self, data: Data) -> AsyncTicket:
        """As :meth:`AsyncClient.submit`."""
        return AsyncTicket(await self._submit(self._native.submit_async, data))
