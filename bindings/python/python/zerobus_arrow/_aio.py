"""The client for asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import types
from collections.abc import AsyncIterable, AsyncIterator
from typing import Any, Self, Unpack

from . import _inputs, _native, _settings, _trace, errors
from ._client import Base, _raise_for_left
from ._inputs import AsyncData, Data
from ._progress import ProgressOption, Watch
from ._receipt import Receipt
from ._settings import Seconds, SenderOptions

#: Seconds between two looks at how far a send has come.
_TICK = 0.1


class AsyncClient(Base):
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
        watch = Watch(progress, data, table, self._keep_rejected)
        async with _told(watch):
            if isinstance(data, AsyncIterable):
                ticket = self._native.ticket(table, watch.call)
                facts = await _send_all(ticket, data)
            else:
                facts = await self._native.send_async(
                    table,
                    _inputs.batches(data),
                    watch.call,
                )
        return Receipt._of(facts)._raise_for_error()

    async def submit(self, table: str, data: Data) -> AsyncTicket:
        """Hands in ``data`` and returns when all of it is on its way. The ticket waits for the rest."""
        ticket = await self._native.submit_async(
            table,
            _inputs.batches(data),
            _native.Call(self._keep_rejected, _trace.context()),
        )
        return AsyncTicket(ticket)

    async def sender(self, table: str, schema: Any, **options: Unpack[SenderOptions]) -> AsyncSender:
        """As :meth:`Client.sender`."""
        _settings.check(options, SenderOptions)
        sender = await self._native.sender_async(table, schema, _settings.keywords(options))
        return AsyncSender(sender, self._keep_rejected)

    async def describe_table(self, table: str) -> list[tuple[str, str, bool]]:
        """The columns of a table as Unity Catalog has them: name, type, whether they may be null."""
        return await self._native.describe_table_async(table)

    async def flush(self) -> None:
        """Waits until everything submitted before is durable or refused."""
        await self._native.flush_async()

    async def close(self, timeout: Seconds = 30.0) -> None:
        """As :meth:`Client.close`."""
        left = await self._native.close_async(_settings.duration("timeout", timeout))
        _raise_for_left(*left)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: types.TracebackType | None,
    ) -> None:
        await _close_after(self, error)


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


class AsyncSender:
    """Sends data of one schema to one table, over streams of its own."""

    def __init__(self, sender: _native.Sender, keep_rejected: int) -> None:
        self._native = sender
        self._keep_rejected = keep_rejected

    @property
    def table(self) -> str:
        """The table that is sent to."""
        return self._native.table

    @property
    def in_flight(self) -> int:
        """How many requests are on their way."""
        return self._native.in_flight

    async def send(self, data: AsyncData, *, progress: ProgressOption = None) -> Receipt:
        """As :meth:`AsyncClient.send`."""
        watch = Watch(progress, data, self.table, self._keep_rejected)
        async with _told(watch):
            if isinstance(data, AsyncIterable):
                ticket = self._native.ticket(watch.call)
                facts = await _send_all(ticket, data)
            else:
                facts = await self._native.send_async(_inputs.batches(data), watch.call)
        return Receipt._of(facts)._raise_for_error()

    async def submit(self, data: Data) -> AsyncTicket:
        """As :meth:`AsyncClient.submit`."""
        ticket = await self._native.submit_async(
            _inputs.batches(data),
            _native.Call(self._keep_rejected, _trace.context()),
        )
        return AsyncTicket(ticket)

    async def flush(self) -> None:
        """Waits until everything submitted before is durable or refused."""
        await self._native.flush_async()

    async def close(self, timeout: Seconds = 30.0) -> None:
        """As :meth:`Client.close`."""
        left = await self._native.close_async(_settings.duration("timeout", timeout))
        _raise_for_left(*left)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: types.TracebackType | None,
    ) -> None:
        await _close_after(self, error)


async def _send_all(ticket: _native.Ticket, data: AsyncIterable[Any]) -> dict[str, Any]:
    """Hands in one object after the other; gives the facts of all of them."""
    failure: Exception | None = None
    try:
        async for item in data:
            if not await ticket.hand_in_async(_inputs.batches(item)):
                break
    except Exception as error:
        # What was handed in before has a receipt all the same.
        failure = error
    facts = await ticket.wait_async()
    if facts is None:
        raise errors.InternalError("a receipt was taken by someone else")
    if failure is not None and facts["error"] is None:
        facts["error"] = failure
    return facts


@contextlib.asynccontextmanager
async def _told(watch: Watch) -> AsyncIterator[None]:
    """Tells how far it has come, while the body goes on and at its end. What telling raises, the body's
    task is cancelled for and raises."""
    telling = asyncio.ensure_future(_tell(watch, asyncio.current_task())) if watch.is_wanted else None
    try:
        try:
            yield
        finally:
            if telling is not None:
                telling.cancel()
                raised = (await asyncio.gather(telling, return_exceptions=True))[0]
                if isinstance(raised, Exception):
                    raise raised
        watch.tell()
    finally:
        watch.close()


async def _tell(watch: Watch, sending: asyncio.Task[Any] | None) -> None:
    try:
        while True:
            await asyncio.sleep(_TICK)
            watch.tell()
    except Exception:
        if sending is not None:
            sending.cancel()
        raise


async def _close_after(closing: AsyncClient | AsyncSender, error: BaseException | None) -> None:
    """Closes at the end of a block. What went wrong first is what is told."""
    if error is None:
        await closing.close()
        return
    try:
        await closing.close()
    except errors.ZerobusError as second:
        error.add_note(f"while closing: {second}")
