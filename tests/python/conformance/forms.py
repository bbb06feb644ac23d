"""The same rows in each form that a client can send them in."""

import base64
import json

from rows import numbers

COLUMNS = [
    # name, Protobuf, Avro
    ("id", "INT64", "long"),
    ("ok", "BOOL", "boolean"),
    ("tiny", "INT32", "int"),
    ("small", "INT32", "int"),
    ("count", "INT32", "int"),
    ("score", "DOUBLE", "double"),
    ("ratio", "FLOAT", "float"),
    ("name", "STRING", "string"),
    ("raw", "BYTES", "bytes"),
    ("price", "STRING", "string"),
    ("day", "INT32", {"type": "int", "logicalType": "date"}),
    ("at", "INT64", {"type": "long", "logicalType": "timestamp-micros"}),
    ("wall", "INT64", {"type": "long", "logicalType": "local-timestamp-micros"}),
]


def to_json(row: dict) -> dict:
    plain = numbers(row)
    if "raw" in plain:
        plain["raw"] = base64.b64encode(plain["raw"]).decode()
    return plain


def message_class():
    """A class for the rows, as protoc would make it."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    Field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="rows.proto", syntax="proto2")
    message = file.message_type.add(name="Rows")

    def add(to, name, number, kind, label="OPTIONAL", type_name=None):
        to.field.add(
            name=name,
            number=number,
            type=getattr(Field, f"TYPE_{kind}"),
            label=getattr(Field, f"LABEL_{label}"),
            type_name=type_name,
        )

    for number, (name, kind, _) in enumerate(COLUMNS, 1):
        add(message, name, number, kind, "REQUIRED" if name == "id" else "OPTIONAL")
    add(message, "tags", 14, "STRING", "REPEATED")
    add(message, "place", 15, "MESSAGE", type_name=".Rows.Place")
    add(message, "attributes", 16, "MESSAGE", "REPEATED", ".Rows.AttributesEntry")
    place = message.nested_type.add(name="Place")
    add(place, "x", 1, "INT32", "REQUIRED")
    add(place, "label", 2, "STRING")
    entry = message.nested_type.add(name="AttributesEntry")
    entry.options.map_entry = True
    add(entry, "key", 1, "STRING")
    add(entry, "value", 2, "INT64")

    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("Rows"))


def to_message(of, row: dict):
    plain = numbers(row)
    place = plain.pop("place", None)
    attributes = plain.pop("attributes", {})
    message = of(**plain)
    if place is not None:
        message.place.SetInParent()
        for name, value in place.items():
            if value is not None:
                setattr(message.place, name, value)
    for key, value in attributes.items():
        message.attributes[key] = value
    return message


def avro_schema() -> str:
    nullable = lambda of: ["null", of]
    fields = [
        {"name": name, "type": of if name == "id" else nullable(of)} for name, _, of in COLUMNS
    ]
    place = {
        "type": "record",
        "name": "Place",
        "fields": [
            {"name": "x", "type": "int"},
            {"name": "label", "type": nullable("string")},
        ],
    }
    fields += [
        {"name": "tags", "type": nullable({"type": "array", "items": "string"})},
        {"name": "place", "type": nullable(place)},
        {"name": "attributes", "type": nullable({"type": "map", "values": "long"})},
    ]
    return json.dumps({"type": "record", "name": "Rows", "fields": fields})


def to_avro(row: dict) -> dict:
    return {**row, "price": None if row["price"] is None else str(row["price"])}


def arrow_schema():
    import pyarrow as pa

    text = pa.large_utf8()
    return pa.schema(
        [
            pa.field("id", pa.int64(), nullable=False),
            ("ok", pa.bool_()),
            ("tiny", pa.int8()),
            ("small", pa.int16()),
            ("count", pa.int32()),
            ("score", pa.float64()),
            ("ratio", pa.float32()),
            ("name", text),
            ("raw", pa.large_binary()),
            ("price", text),
            ("day", pa.date32()),
            ("at", pa.timestamp("us", "UTC")),
            ("wall", pa.timestamp("us")),
            ("tags", pa.list_(text)),
            ("place", pa.struct([pa.field("x", pa.int32(), nullable=False), ("label", text)])),
            ("attributes", pa.map_(text, pa.int64())),
        ]
    )


def to_batch(rows: list[dict]):
    import pyarrow as pa

    listed = [
        {**to_avro(row), "attributes": row["attributes"] and list(row["attributes"].items())}
        for row in rows
    ]
    return pa.RecordBatch.from_pylist(listed, schema=arrow_schema())
