"""What sending flights costs from Python: this package beside the official SDK, against one local endpoint.

    cargo xtask bench python

All contenders send the same rows in turns, in one process, to the same `zb serve`, each to a table of its
own; the best of several turns counts, since other programs only ever make one slower. What is converted by
hand is converted within the measured time: that is the work that a user has.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import zerobus_arrow as za

REPOSITORY = Path(__file__).parents[3]
SAMPLE = REPOSITORY / "tests/data/flights-sample.parquet"
BATCH = 10_000


def flights(rows: int) -> pa.Table:
    """So many rows of the sample, in batches."""
    sample = pq.read_table(SAMPLE)
    copies = -(-rows // sample.num_rows)
    whole = pa.concat_tables([sample] * copies).slice(0, rows).combine_chunks()
    return pa.Table.from_batches(whole.to_batches(max_chunksize=BATCH))


def as_the_table_has_it(table: pa.Table) -> pa.Table:
    """What a user of the SDK's Arrow stream does by hand: the types that the service wants."""
    fields = []
    for field in table.schema:
        kind = field.type
        if pa.types.is_string(kind):
            kind = pa.large_string()
        elif pa.types.is_timestamp(kind):
            kind = pa.timestamp("us", "UTC" if kind.tz else None)
        fields.append(pa.field(field.name, kind, field.nullable))
    return table.cast(pa.schema(fields))


def message_class(schema: pa.Schema) -> Any:
    """A class of the protobuf library for the rows."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    message = descriptor_pb2.DescriptorProto.FromString(za.schema.descriptor(schema))
    file = descriptor_pb2.FileDescriptorProto(name="flights.proto", syntax="proto2")
    file.message_type.append(message)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(message.name))


def encode_by_hand(batch: pa.RecordBatch, of_class: Any, times: list[str]) -> list[bytes]:
    """One message for each row, as the SDK's README does it."""
    names = batch.schema.names
    columns = []
    for name in names:
        column = batch.column(name)
        if name in times:
            column = column.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
        columns.append(column.to_pylist())
    encoded = []
    for row in zip(*columns, strict=True):
        values = {name: value for name, value in zip(names, row, strict=True) if value is not None}
        encoded.append(of_class(**values).SerializeToString())
    return encoded


class Endpoint:
    """A `zb serve` of its own process."""

    def __init__(self, program: str, directory: str, tables: list[str], sample: Path) -> None:
        creates = [f"--create={table}={sample}" for table in tables]
        self.process = subprocess.Popen(
            [program, "serve", "--dir", directory, *creates], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.facts = json.loads(self.process.stdout.readline())

    def client(self) -> za.Client:
        return za.Client(
            endpoint=self.facts["endpoint"],
            host=self.facts["unity_catalog_url"],
            client_id=self.facts["client_id"],
            client_secret=self.facts["client_secret"],
        )

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=60)


def sdk(endpoint: Endpoint) -> Any:
    from zerobus.sdk.sync import ZerobusSdk

    return ZerobusSdk(endpoint.facts["endpoint"], endpoint.facts["unity_catalog_url"])


def contenders(endpoint: Endpoint, table: pa.Table) -> Iterator[tuple[str, str, Callable[[], None]]]:
    """Names, and what one turn does."""
    from zerobus.sdk.shared import RecordType, StreamConfigurationOptions, TableProperties

    client_id, secret = endpoint.facts["client_id"], endpoint.facts["client_secret"]
    client = endpoint.client()

    def ours() -> None:
        assert client.send("main.bench.ours", table).is_all_durable

    yield "ours", "zerobus_arrow, `client.send(table)`", ours

    of_class = message_class(table.schema)
    times = [field.name for field in table.schema if pa.types.is_timestamp(field.type)]
    times += [field.name for field in table.schema if pa.types.is_date(field.type)]
    stream = sdk(endpoint).create_stream(
        client_id,
        secret,
        TableProperties("main.bench.proto", of_class.DESCRIPTOR),
        StreamConfigurationOptions(record_type=RecordType.PROTO),
    )

    def by_hand() -> None:
        offset = None
        for batch in table.to_batches():
            offset = stream.ingest_records_offset(encode_by_hand(batch, of_class, times))
        stream.wait_for_offset(offset)

    yield "proto", "official SDK, a protobuf message for each row", by_hand

    fitted = as_the_table_has_it(table)
    arrow = sdk(endpoint).create_arrow_stream("main.bench.arrow", fitted.schema, client_id, secret)

    def flight() -> None:
        offset = None
        for batch in as_the_table_has_it(table).to_batches():
            offset = arrow.ingest_batch(batch)
        arrow.wait_for_offset(offset)

    yield "arrow", "official SDK, Arrow stream, cast by hand", flight


def conversions(table: pa.Table) -> Iterator[tuple[str, str, Callable[[], None]]]:
    """Conversion alone: rows to bytes, nothing sent."""
    client = za.Client.dry_run()

    def ours() -> None:
        assert client.send("main.bench.ours", table).not_sent == table.num_rows

    yield "convert-ours", "zerobus_arrow, `Client.dry_run().send(table)`", ours

    of_class = message_class(table.schema)
    import ptars

    handler = ptars.HandlerPool([of_class.DESCRIPTOR.file]).get_for_message(of_class.DESCRIPTOR)
    plain = plainly(table)

    def with_ptars() -> None:
        for batch in plain.to_batches():
            encoded = handler.record_batch_to_array(batch)
            assert len(encoded) == batch.num_rows

    yield "convert-ptars", "ptars", with_ptars

    import protarrow

    def with_protarrow() -> None:
        for batch in plain.to_batches():
            messages = protarrow.record_batch_to_messages(batch, of_class)
            assert len([message.SerializeToString() for message in messages]) == batch.num_rows

    yield "convert-protarrow", "protarrow", with_protarrow


def plainly(table: pa.Table) -> pa.Table:
    """Times as numbers: the others take Arrow's types of time for messages of their own."""
    columns = {}
    for field in table.schema:
        column = table.column(field.name)
        if pa.types.is_timestamp(field.type):
            column = column.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
        columns[field.name] = column
    return pa.table(columns)


def overhead(client: za.Client, table: pa.Table, turns: int) -> float:
    """What Python adds to the Rust sender, batch by batch: the time that `send` takes here, over the time
    from handing the batch in to its receipt as the sender itself has it. The least of several turns."""
    least = float("inf")
    batches = table.to_batches()
    for _ in range(turns):
        before = client.stats()["settled"]["total"]
        begun = time.perf_counter()
        for batch in batches:
            client.send("main.bench.ours", batch)
        took = time.perf_counter() - begun
        least = min(least, took / (client.stats()["settled"]["total"] - before) - 1)
    return least


def best(turn: Callable[[], None]) -> float:
    begun = time.perf_counter()
    turn()
    return time.perf_counter() - begun


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--program", default=str(REPOSITORY / "target/release/zb"))
    arguments.add_argument("--rows", type=int, default=200_000)
    arguments.add_argument("--turns", type=int, default=5)
    arguments.add_argument("--json", type=Path)
    given = arguments.parse_args()
    table = flights(given.rows)
    lines = [
        f"flights, {table.num_rows:,} rows in batches of {BATCH:,}; best of {given.turns} turns",
        "",
        "| who | rows/s | ours over it |",
        "|---|---:|---:|",
    ]
    figures: dict[str, Any] = {"rows": table.num_rows}
    tables = [f"main.bench.{name}" for name in ("ours", "proto", "arrow")]
    with tempfile.TemporaryDirectory() as lake:
        endpoint = Endpoint(given.program, lake, tables, SAMPLE)
        try:
            for group in (list(contenders(endpoint, table)), list(conversions(table))):
                times = {name: float("inf") for name, _, _ in group}
                for _ in range(given.turns):
                    for name, _, turn in group:
                        times[name] = min(times[name], best(turn))
                ours = times[group[0][0]]
                for name, what, _ in group:
                    rate = table.num_rows / times[name]
                    figures[name] = rate
                    lines.append(f"| {what} | {rate / 1000:,.0f}k | {times[name] / ours:.2f} |")
            with endpoint.client() as client:
                client.send("main.bench.ours", table.slice(0, 1))
                share = overhead(client, table, given.turns)
            figures["python_overhead"] = share
            verdict = "met" if share < 0.03 else "MISSED"
            lines += [
                "",
                f"Python over the Rust sender, `send` of {BATCH:,} rows at a time: {share:.2%} "
                f"(goal: under 3%, {verdict})",
            ]
        finally:
            endpoint.close()
    print("\n".join(lines))
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps({**figures, "report": "\n".join(lines)}, indent=1))
    # Streams of the SDK that are still open would hold up the end of the interpreter.
    os._exit(0)


if __name__ == "__main__":
    main()
