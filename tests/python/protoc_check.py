"""Holds encoded rows against the classes that protoc makes of our .proto text. Shares no code with the encoder.

    python protoc_check.py DIR

DIR has one directory a case, called as its message is, with

    NAME.proto       the text
    descriptor.bin   the serialized DescriptorProto
    batch.arrow      the batch, as a stream
    rows.bin         its encoded rows, each with its length before it in four bytes, the lowest first

Prints JSON {"cases", "rows", "values", "differences"} and exits 1 if there is a difference.
"""

import importlib.util
import json
import math
import struct
import sys
import uuid
from bisect import bisect_right
from pathlib import Path

import pyarrow as pa
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.unknown_fields import UnknownFieldSet
from grpc_tools import protoc

import arrays

SHOWN = 20
"""Differences that are printed; all are counted."""

PER_MICROSECOND = {"s": 1_000_000, "ms": 1_000, "us": 1}


class Check:
    """One run over all cases."""

    def __init__(self):
        self.cases = self.rows = self.values = 0
        self.differences = []

    def case(self, directory: Path) -> None:
        """Compiles the text, and compares descriptor and rows with what came of it."""
        self.cases += 1
        name = directory.name
        arguments = [f"-I{directory}", f"--python_out={directory}", f"--descriptor_set_out={directory}/protoc.bin"]
        if protoc.main(["protoc", *arguments, f"{name}.proto"]) != 0:
            self.differ(name, "protoc refuses the text")
            return
        self.descriptor(directory)

        batch = pa.ipc.open_stream(directory / "batch.arrow").read_next_batch()
        rows = list(split(directory.joinpath("rows.bin").read_bytes()))
        if len(rows) != batch.num_rows:
            self.differ(name, f"{len(rows)} rows, not {batch.num_rows}")
        kind = getattr(module(directory / f"{name}_pb2.py"), name)
        for index, row in enumerate(rows):
            message = kind.FromString(row)
            wanted = {field.name: value(column, index) for field, column in zip(batch.schema, batch.columns)}
            self.message(f"{name} row {index}", message, wanted)
            self.rows += 1

    def descriptor(self, directory: Path) -> None:
        """Our descriptor must load, and be the one that protoc makes of the text, names in JSON aside."""
        ours = descriptor_pb2.DescriptorProto.FromString(directory.joinpath("descriptor.bin").read_bytes())
        file = descriptor_pb2.FileDescriptorProto(name=f"{directory.name}.proto", message_type=[ours])
        pool = descriptor_pool.DescriptorPool()
        pool.Add(file)
        pool.FindMessageTypeByName(directory.name)
        theirs = descriptor_pb2.FileDescriptorSet.FromString(directory.joinpath("protoc.bin").read_bytes())
        if described(ours) != described(theirs.file[0].message_type[0]):
            self.differ(directory.name, f"descriptors differ:\n{ours}\n{theirs.file[0].message_type[0]}")

    def message(self, where: str, message, wanted: dict) -> None:
        """A message against the values of a struct: what is null or empty must not be there."""
        if len(UnknownFieldSet(message)):
            self.differ(where, "unknown fields")
        found = {field.name: (field, value) for field, value in message.ListFields()}
        for name, value in wanted.items():
            field, got = found.pop(name, (None, None))
            self.value(f"{where} {name}", field, got, value)
        if found:
            self.differ(where, f"fields that are not in the batch: {list(found)}")

    def value(self, where: str, field, got, wanted) -> None:
        self.values += 1
        if wanted is None or field is None:
            # A null list is an empty one, and an empty one is not there.
            if field is not None or wanted not in (None, [], Entries()):
                self.differ(where, f"{got!r}, not {wanted!r}")
        elif isinstance(wanted, Entries):
            # Of a key that stands twice the last value counts.
            last = dict(wanted)
            if set(got) != set(last):
                self.differ(where, f"keys {list(got)!r}, not {list(last)!r}")
            else:
                for key, value in last.items():
                    self.one(f"{where}[{key!r}]", got[key], value)
        elif isinstance(wanted, list):
            if len(got) != len(wanted):
                self.differ(where, f"{len(got)} items, not {len(wanted)}")
            for index, (item, value) in enumerate(zip(got, wanted)):
                self.one(f"{where}[{index}]", item, value)
        else:
            self.one(where, got, wanted)

    def one(self, where: str, got, wanted) -> None:
        """A value that is there on both sides, and no list."""
        if isinstance(wanted, dict):
            self.message(where, got, wanted)
        elif type(got) is not type(wanted) or not same(got, wanted):
            self.differ(where, f"{got!r}, not {wanted!r}")

    def differ(self, where: str, what: str) -> None:
        self.differences.append(f"{where}: {what}")


class Entries(list):
    """The pairs of a map, in the order of the batch."""


def same(got, wanted) -> bool:
    if isinstance(wanted, float):
        if math.isnan(wanted):
            return math.isnan(got)
        return got == wanted and math.copysign(1, got) == math.copysign(1, wanted)
    return got == wanted


def value(array: pa.Array, index: int):
    """A value as its message must hold it, by the type table of the design; None for null."""
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        stored = value(array.storage, index)
        is_uuid = kind.extension_name == "arrow.uuid"
        return str(uuid.UUID(bytes=stored)) if is_uuid and stored is not None else stored
    if pa.types.is_dictionary(kind):
        at = array.indices[index].as_py()
        return None if at is None else value(array.dictionary, at)
    if pa.types.is_run_end_encoded(kind):
        return value(array.values, bisect_right(array.run_ends.to_pylist(), array.offset + index))
    scalar = array[index]
    if not scalar.is_valid:
        return None
    if pa.types.is_struct(kind):
        return {field.name: value(array.field(i), index) for i, field in enumerate(kind)}
    if pa.types.is_map(kind):
        keys, items = scalar.values.field(0), scalar.values.field(1)
        return Entries((value(keys, i), value(items, i)) for i in range(len(keys)))
    if arrays.is_list(kind):
        items = scalar.values
        return [value(items, i) for i in range(len(items))]
    if pa.types.is_timestamp(kind) or pa.types.is_time(kind) or pa.types.is_duration(kind):
        return scalar.value // 1_000 if kind.unit == "ns" else scalar.value * PER_MICROSECOND[kind.unit]
    if pa.types.is_date32(kind):
        return scalar.value
    if pa.types.is_date64(kind):
        return scalar.value // 86_400_000
    if pa.types.is_decimal(kind):
        return format(scalar.as_py(), "f") if scalar.as_py() or kind.scale > 0 else "0"
    return float(scalar.as_py()) if pa.types.is_floating(kind) else scalar.as_py()


def described(message) -> dict:
    """What makes two messages the same."""
    fields = [(field.name, field.number, field.label, field.type, field.type_name) for field in message.field]
    nested = {inner.name: described(inner) for inner in message.nested_type}
    return {"fields": fields, "nested": nested, "entry": message.options.map_entry}


def split(framed: bytes):
    while framed:
        (length,) = struct.unpack_from("<I", framed)
        yield framed[4 : 4 + length]
        framed = framed[4 + length :]


def module(path: Path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def main(directory: Path) -> int:
    check = Check()
    for case in sorted(directory.iterdir()):
        check.case(case)
    differences = check.differences
    print(json.dumps({"cases": check.cases, "rows": check.rows, "values": check.values, "differences": len(differences)}))
    print("\n".join(differences[:SHOWN]), file=sys.stderr)
    return 1 if differences else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
