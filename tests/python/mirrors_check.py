"""Reads the mirrors that zb-debug wrote, with pyarrow and the Protobuf of Python.

    python mirrors_check.py DIR

Holds the rows of `zerobus/arrow` against the records of `zerobus/proto`, column by column, as far as each file
can be read: one that was cut ends with its last whole batch or record.

Prints JSON {"arrow_files", "proto_files", "rows", "records"} and exits 1 if the rows are not the records.
"""

import json
import sys
from pathlib import Path

import pyarrow as pa
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory


def batches(path: Path):
    """The batches of a stream, up to where it was cut."""
    with pa.OSFile(str(path)) as source:
        try:
            yield from pa.ipc.open_stream(source)
        except (pa.ArrowInvalid, OSError):
            return


def message_class(path: Path):
    """The class of the one message in a set of descriptors."""
    files = descriptor_pb2.FileDescriptorSet.FromString(path.read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    name = files.file[0].message_type[0].name
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


def records(path: Path):
    """The records of a file, up to where it was cut."""
    kind = message_class(path.with_suffix(".desc"))
    data = path.read_bytes()
    at = 0
    while at < len(data):
        length = shift = 0
        while True:
            if at == len(data):
                return
            byte = data[at]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        if at + length > len(data):
            return
        yield kind.FromString(data[at : at + length])
        at += length


def as_row(message) -> dict:
    """A record as a row; what is not there is null."""
    return {
        field.name: getattr(message, field.name) if message.HasField(field.name) else None
        for field in message.DESCRIPTOR.fields
    }


def main(directory: Path) -> int:
    arrow = sorted(directory.glob("zerobus/arrow/*.arrows"))
    proto = sorted(directory.glob("zerobus/proto/*.pb"))
    rows = [row for path in arrow for batch in batches(path) for row in batch.to_pylist()]
    sent = [as_row(record) for path in proto for record in records(path)]
    counts = {"arrow_files": len(arrow), "proto_files": len(proto), "rows": len(rows), "records": len(sent)}
    print(json.dumps(counts))
    return 0 if rows == sent else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
