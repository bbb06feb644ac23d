"""A program as a user writes it, for the type checkers: it is checked and never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import assert_type

import pyarrow as pa

import zerobus_arrow as za


def blocking(frame: object) -> None:
    with za.Client.local("lake", streams=2, ack_timeout=5.0, quarantine="kept") as client:
        assert_type(client, za.Client)
        receipt = client.send("a.b.c", frame, progress=lambda progress: print(progress.durable))
        assert_type(receipt, za.Receipt)
        assert_type(receipt.durable, int)
        assert_type(receipt.rejections, dict[str, int])
        assert_type(receipt.ranges("durable"), tuple[tuple[int, int], ...])
        assert_type(receipt.raise_for_rejected(), za.Receipt)
        ticket = client.submit("a.b.c", frame)
        assert_type(ticket, za.Ticket)
        assert_type(ticket.wait(1.5), za.Receipt)
        with client.sender("a.b.c", pa.schema([("n", pa.int64())]), request_rows=10) as sender:
            assert_type(sender.send(batches()), za.Receipt)


def batches() -> Iterator[pa.RecordBatch]:
    yield pa.record_batch({"n": [1]})


async def asynchronous() -> None:
    async with za.AsyncClient.from_env(profile="DEFAULT") as client:
        assert_type(client, za.AsyncClient)
        assert_type(await client.send("a.b.c", later()), za.Receipt)
        ticket = await client.submit("a.b.c", batches())
        assert_type(await ticket.wait(), za.Receipt)


async def later() -> AsyncIterator[pa.RecordBatch]:
    yield pa.record_batch({"n": [1]})


def failing() -> None:
    try:
        za.Client(endpoint="e", host="h", client_id="i", client_secret="s").close(2)
    except za.SchemaError as error:
        assert_type(error.problems, list[tuple[str, str]])
    except za.ZerobusError as error:
        assert_type(error.receipt, za.Receipt | None)
        assert_type(error.retryable, bool)
    for column in za.schema.columns(pa.schema([("n", pa.int64())])):
        assert_type(column.delta, str)


def wrong() -> None:
    za.Client.local("lake", stream=2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    za.Client.dry_run(streams="2")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
