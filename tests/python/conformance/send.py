"""Sends rows through the official Python SDK, as anybody would.

Usage: send.py {sync,aio} {json,json-text,proto,proto-bytes,avro,arrow} [PACKING]
The server's address is on standard input, as `zb serve` prints it. The last line that is
printed is what there is to know; those before it are the SDK's log.
"""

import asyncio
import inspect
import json
import os
import sys

import forms
from rows import TABLE, rows

ROWS = 200
BATCHES = 5


class Blocking:
    """The calls of a stream, or of an asynchronous one, awaited."""

    def __init__(self, loop, of):
        self.loop, self.of = loop, of

    def __getattr__(self, name):
        called = getattr(self.of, name)

        def call(*args, **named):
            async def finish():
                result = called(*args, **named)
                return await result if inspect.isawaitable(result) else result

            return self.loop.run_until_complete(finish())

        return call


def open_stream(sdk, form: str, address: dict, packing: str | None):
    from zerobus.sdk.shared import RecordType, StreamConfigurationOptions, TableProperties

    client = (address["client_id"], address["client_secret"])
    if form == "arrow":
        from zerobus.sdk.shared.arrow import ArrowStreamConfigurationOptions, IPCCompression

        packed = getattr(IPCCompression, packing or "NONE")
        options = ArrowStreamConfigurationOptions(ipc_compression=packed, recovery_backoff_ms=10)
        return sdk.create_arrow_stream(TABLE, forms.arrow_schema(), *client, options)
    if form == "avro":
        table = TableProperties(TABLE, avro_schema=forms.avro_schema())
        options = StreamConfigurationOptions(recovery_backoff_ms=10)
    elif form.startswith("proto"):
        table = TableProperties(TABLE, forms.message_class().DESCRIPTOR)
        options = StreamConfigurationOptions(record_type=RecordType.PROTO, recovery_backoff_ms=10)
    else:
        table = TableProperties(TABLE)
        options = StreamConfigurationOptions(record_type=RecordType.JSON, recovery_backoff_ms=10)
    return sdk.create_stream(*client, table, options)


def converter(form: str):
    if form.startswith("proto"):
        of = forms.message_class()
        if form == "proto":
            return lambda row: forms.to_message(of, row)
        return lambda row: forms.to_message(of, row).SerializeToString()
    if form == "avro":
        return forms.to_avro
    if form == "json":
        return forms.to_json
    return lambda row: json.dumps(forms.to_json(row))


def main(kind: str, form: str, packing: str | None = None) -> None:
    address = json.load(sys.stdin)
    if kind == "aio":
        from zerobus.sdk.aio import ZerobusSdk
    else:
        from zerobus.sdk.sync import ZerobusSdk
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    made = ZerobusSdk(address["endpoint"], address["unity_catalog_url"])
    sdk = Blocking(loop, made) if kind == "aio" else made
    stream = open_stream(sdk, form, address, packing)
    stream = Blocking(loop, stream) if kind == "aio" else stream

    half = ROWS // 2
    if form == "arrow":
        for start in range(0, ROWS, ROWS // BATCHES):
            offset = stream.ingest_batch(forms.to_batch(rows(start, start + ROWS // BATCHES)))
            # A close while the stream moves to another connection is a failure to the SDK.
            stream.wait_for_offset(offset)
    else:
        convert = converter(form)
        # Single records first, the last of them waited for; then batches.
        for row in rows(0, half):
            offset = stream.ingest_record_offset(convert(row))
        stream.wait_for_offset(offset)
        for start in range(half, ROWS, half // BATCHES):
            batch = [convert(row) for row in rows(start, start + half // BATCHES)]
            offset = stream.ingest_records_offset(batch)
        stream.flush()
        assert offset == half + BATCHES - 1, offset
    stream.close()
    unacked = list(stream.get_unacked_batches())
    print(json.dumps({"rows": ROWS, "unacked": len(unacked)}), flush=True)
    # The threads of the asynchronous SDK do not survive the end of an interpreter.
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
