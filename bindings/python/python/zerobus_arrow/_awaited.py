"""Sending, flushing and closing that are awaited."""

from __future__ import annotations

import asyncio
import contextlib
import types
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import Any, Self

from . import _inputs, _native, _sending, errors
from ._inputs import AsyncData
from ._progress import ProgressOption, Watch
from ._receipt import Receipt
from ._sending import Native, Sending
from ._settings import Seconds

#: Sends and waits.
_Send = Callable[[_native.Batches, _native.Call], Awaitable[dict[str, Any]]]
#: A ticket that nothing was handed in with yet.
_Ticket = Callable[[_native.Call], _native.Ticket]

#: Seconds between two looks at how far a send has come.
_TICK = 0.1


class Awaited(Sending[Native]):
    """What :class:`AsyncClient` and :class:`AsyncSender` have in common."""

    async def _send(
        self, native: _Send, ticket: _Ticket, table: str, data: AsyncData, progress: ProgressOption
    ) -> Receipt:
        watch = Watch(progress, data, table, self._keep_rejected)
        async with _told(watch):
            if isinstance(data, AsyncIterable):
                facts = await _send_all(ticket(watch.call), data)
            else:
                facts = await native(_inputs.batches(data), watch.call)
        return Receipt._of(facts)._raise_for_error()

    async def flush(self) -> None:
        """Waits until everything submitted before is durable or refused."""
        await self._native.flush_async()

    async def close(self, timeout: Seconds = _sending.CLOSE_TIMEOUT) -> None:
        """As :meth:`Client.close`."""
        _sending.raise_for_left(*await self._native.close_async(_sending.deadline(timeout)))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: types.TracebackType | None,
    ) -> None:
        try:
            await self.close()
        except errors.ZerobusError as second:
            if error is None:
                raise
            # What went wrong first is what is told.
            error.add_note(f"while closing: {second}")


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
