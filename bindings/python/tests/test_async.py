"""The client for asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from conftest import TABLE, assert_landed, landed

import zerobus_arrow as za


def ids(first: int, rows: int) -> pa.Table:
    return pa.table({"id": pa.array(range(first, first + rows), pa.int64())})


def test_200_tasks_share_a_client_and_nothing_blocks_the_loop(lake: Path) -> None:
    async def main() -> float:
        longest = 0.0

        async def watch() -> None:
            nonlocal longest
            while True:
                before = time.perf_counter()
                await asyncio.sleep(0.005)
                longest = max(longest, time.perf_counter() - before - 0.005)

        async with za.AsyncClient.local(lake) as client:
            await client.send(TABLE, ids(0, 10))
            watching = asyncio.ensure_future(watch())
            receipts = await asyncio.gather(*(client.send(TABLE, ids(10 * i, 10)) for i in range(1, 200)))
            watching.cancel()
            assert all(receipt.is_all_durable for receipt in receipts)
        return longest

    longest = asyncio.run(main())
    assert_landed(lake, ids(0, 2_000))
    # Generous, since other tests may have the processors: a loop that waited for an acknowledgement
    # of each would be held up for seconds.
    assert longest < 1.0, longest


def test_async_iterables_are_handed_in_as_they_come(lake: Path) -> None:
    async def items() -> AsyncIterator[pa.Table]:
        for i in range(20):
            await asyncio.sleep(0)
            yield ids(10 * i, 10)

    async def main() -> za.Receipt:
        told: list[za.Progress] = []
        async with za.AsyncClient.local(lake) as client:
            receipt = await client.send(TABLE, items(), progress=told.append)
        assert told[-1].settled == 200
        return receipt

    receipt = asyncio.run(main())
    assert receipt.ranges("durable") == ((0, 200),)
    assert_landed(lake, ids(0, 200))


def test_an_async_iterable_that_fails_is_the_error(lake: Path) -> None:
    async def items() -> AsyncIterator[pa.Table]:
        yield ids(0, 10)
        raise OSError("the socket is gone")

    async def main() -> None:
        async with za.AsyncClient.local(lake) as client:
            with pytest.raises(OSError, match="the socket is gone") as caught:
                await client.send(TABLE, items())
            assert "10 of 10 rows durable" in caught.value.__notes__[0]

    asyncio.run(main())
    assert_landed(lake, ids(0, 10))


def test_a_task_that_is_cancelled_stops_handing_in(lake: Path) -> None:
    handed: list[int] = []

    def endless() -> Iterator[pa.Table]:
        i = 0
        while True:
            handed.append(i)
            yield ids(i, 1)
            i += 1
            time.sleep(0.001)

    async def main() -> None:
        async with za.AsyncClient.local(lake) as client:
            task = asyncio.ensure_future(client.send(TABLE, endless()))
            while len(handed) < 20:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            # At most the one that was being read at that moment.
            count = len(handed)
            await asyncio.sleep(0.2)
            assert len(handed) <= count + 1
            await client.flush()
            receipt = await client.send(TABLE, ids(1_000_000, 1))
            assert receipt.durable == 1

    asyncio.run(main())
    found = sorted(landed(lake).column("id").to_pylist())
    # What was handed in before is there, in order and once.
    assert found[:-1] == list(range(len(found) - 1))


def test_a_ticket_can_be_waited_for_again_after_a_timeout(lake: Path) -> None:
    async def main() -> None:
        async with za.AsyncClient.local(lake) as client:
            ticket = await client.submit(TABLE, ids(0, 10))
            try:
                async with asyncio.timeout(0):
                    await ticket
            except TimeoutError:
                pass
            assert (await ticket.wait()).durable == 10
            assert ticket.done()
            assert (await ticket).durable == 10

    asyncio.run(main())


def test_what_progress_raises_ends_an_async_send(lake: Path) -> None:
    def slow() -> Iterator[pa.Table]:
        for i in range(200):
            time.sleep(0.02)
            yield ids(i, 1)

    def stop(_: za.Progress) -> None:
        raise KeyError("enough")

    async def main() -> None:
        async with za.AsyncClient.local(lake) as client:
            with pytest.raises(KeyError, match="enough"):
                await client.send(TABLE, slow(), progress=stop)

    asyncio.run(main())


def test_a_sender_and_errors_are_as_in_the_blocking_client(lake: Path) -> None:
    async def main() -> None:
        async with za.AsyncClient.local(lake) as client:
            async with await client.sender(TABLE, ids(0, 0).schema) as sender:
                assert (await sender.send(ids(0, 10))).durable == 10
                ticket = await sender.submit(ids(10, 5))
                await sender.flush()
                assert (await ticket).durable == 5
            assert await client.describe_table(TABLE) == [("id", "bigint", True)]
            with pytest.raises(za.SchemaError):
                await client.send(TABLE, pa.table({"id": [1], "more": [1]}))
        with pytest.raises(za.ClosedError):
            await client.send(TABLE, ids(0, 1))

    asyncio.run(main())
