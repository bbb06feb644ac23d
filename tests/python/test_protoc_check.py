"""The check against protoc must see what is wrong. Each test damages one thing of a sound case."""

import struct
from pathlib import Path

import pyarrow as pa
import pytest
from google.protobuf import descriptor_pb2

import protoc_check

NAME = "Sound"
TEXT = """
syntax = "proto2";
message Sound {
  required int32 n = 1;
  optional string t = 2;
  repeated double l = 3;
}
"""
ROWS = [b"\x08\x05\x12\x01x", b"\x08\x06\x19" + struct.pack("<d", -0.0)]
"""n: 5, t: "x"; n: 6, l: [-0.0]"""

Optional, Required, Repeated = 1, 2, 3
String, Int32, Double = 9, 5, 1


def descriptor(**changes) -> descriptor_pb2.DescriptorProto:
    message = descriptor_pb2.DescriptorProto(name=NAME)
    for number, (name, label, kind) in enumerate(
        [("n", Required, Int32), ("t", Optional, String), ("l", Repeated, Double)], start=1
    ):
        label, kind = changes.get(name, (label, kind))
        message.field.add(name=name, number=number, label=label, type=kind)
    return message


def batch(**changes) -> pa.RecordBatch:
    columns = {"n": [5, 6], "t": ["x", None], "l": [None, [-0.0]]} | changes
    kinds = {"n": pa.int32(), "t": pa.string(), "l": pa.list_(pa.float64())}
    return pa.RecordBatch.from_pydict({name: pa.array(column, kinds[name]) for name, column in columns.items()})


def differences(tmp_path: Path, text=TEXT, message=None, columns=None, rows=ROWS) -> list[str]:
    directory = tmp_path / NAME
    directory.mkdir()
    columns = columns or batch()
    directory.joinpath(f"{NAME}.proto").write_text(text)
    directory.joinpath("descriptor.bin").write_bytes((message or descriptor()).SerializeToString())
    directory.joinpath("rows.bin").write_bytes(b"".join(struct.pack("<I", len(row)) + row for row in rows))
    with pa.ipc.new_stream(directory / "batch.arrow", columns.schema) as stream:
        stream.write_batch(columns)
    check = protoc_check.Check()
    check.case(directory)
    return check.differences


def test_a_sound_case_has_no_difference(tmp_path):
    assert differences(tmp_path) == []


def test_a_text_that_is_no_protobuf(tmp_path):
    assert differences(tmp_path, text=TEXT.replace("int32", "int33")) == ["Sound: protoc refuses the text"]


def test_a_descriptor_of_another_type_or_label(tmp_path):
    for place, change in enumerate([{"n": (Optional, Int32)}, {"t": (Optional, Int32)}]):
        directory = tmp_path / str(place)
        directory.mkdir()
        found = differences(directory, message=descriptor(**change))
        assert "descriptors differ" in found[0]


@pytest.mark.parametrize(
    "change",
    [
        {"n": [5, 7]},
        {"t": ["", None]},
        {"t": [None, None]},
        {"t": ["x", ""]},
        {"l": [None, [0.0]]},
        {"l": [None, [-0.0, -0.0]]},
        {"l": [[1.0], [-0.0]]},
        {"l": [None, None]},
    ],
)
def test_a_value_that_is_another_one(tmp_path, change):
    assert len(differences(tmp_path, columns=batch(**change))) == 1


def test_a_row_too_few(tmp_path):
    assert "1 rows, not 2" in differences(tmp_path, rows=ROWS[:1])[0]


def test_an_unknown_field(tmp_path):
    assert differences(tmp_path, rows=[ROWS[0] + b"\x20\x01", ROWS[1]]) == ["Sound row 0: unknown fields"]
