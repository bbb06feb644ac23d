"""What a schema becomes: the Protobuf message, the table, and each column's way.

Every function takes anything with ``__arrow_c_schema__``, such as a ``pyarrow.Schema``.

>>> import pyarrow as pa
>>> from zerobus_arrow import schema
>>> days = pa.schema([pa.field("day", pa.date32(), nullable=False), ("rain", pa.float32())])
>>> print(schema.create_table("main.default.weather", days), end="")
CREATE TABLE main.default.weather (
  `day` DATE NOT NULL,
  `rain` FLOAT
) USING DELTA;
"""

from __future__ import annotations

from typing import Any, NamedTuple

from . import _native

__all__ = ["Column", "columns", "create_table", "descriptor", "proto", "table_schema"]


class Column(NamedTuple):
    """What a column becomes."""

    name: str
    #: Its Arrow type.
    arrow: str
    #: The type of its Protobuf field.
    protobuf: str
    #: The type of the table's column, as SQL writes it.
    delta: str
    nullable: bool


def columns(schema: Any) -> list[Column]:
    """What each column becomes."""
    return [Column(*column) for column in _native.columns(schema)]


def proto(schema: Any) -> str:
    """The Protobuf message that a row becomes, as the text of a ``.proto`` file."""
    return _native.proto(schema)


def descriptor(schema: Any) -> bytes:
    """The same as a serialized ``google.protobuf.DescriptorProto``."""
    return _native.descriptor(schema)


def create_table(table: str, schema: Any) -> str:
    """The ``CREATE TABLE`` statement of a table that takes such rows."""
    return _native.create_table(table, schema)


def table_schema(schema: Any) -> Any:
    """The schema of that table as a ``pyarrow.Schema``."""
    import pyarrow as pa

    return pa.schema(_native.of_table(schema))
