"""What an Arrow column is in Delta, by the type table of the design: its type there, and its values."""

import uuid

import pyarrow as pa
import pyarrow.compute as pc

import arrays

INTEGERS = {
    pa.int8(): ("byte", pa.int8()),
    pa.int16(): ("short", pa.int16()),
    pa.int32(): ("integer", pa.int32()),
    pa.int64(): ("long", pa.int64()),
    pa.uint8(): ("short", pa.int16()),
    pa.uint16(): ("integer", pa.int32()),
    pa.uint32(): ("long", pa.int64()),
    pa.uint64(): ("long", pa.int64()),
}


class Unsupported(Exception):
    """An Arrow type that has no column type in Delta."""


def delta_type(kind: pa.DataType, nested: bool = True):
    """The Delta type as it stands in a table's schema JSON. Nullability inside is left out."""
    if isinstance(kind, pa.BaseExtensionType):
        return "string" if kind.extension_name == "arrow.uuid" else delta_type(kind.storage_type)
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return delta_type(kind.value_type)
    if nested and pa.types.is_struct(kind):
        fields = [{"name": field.name, "type": delta_type(field.type)} for field in kind]
        return {"type": "struct", "fields": fields}
    if nested and pa.types.is_map(kind):
        key, value = delta_type(kind.key_type), delta_type(kind.item_type)
        return {"type": "map", "keyType": key, "valueType": value}
    if nested and arrays.is_list(kind):
        return {"type": "array", "elementType": delta_type(kind.value_type)}
    return _leaf(kind)[0]


def stored_type(kind: pa.DataType) -> pa.DataType:
    """The Arrow type of a leaf as a Delta reader gives it back."""
    return _leaf(kind)[1]


def stored(array: pa.Array) -> pa.Array:
    """The values of a source column as a table must hold them. Fails where a value does not fit."""
    return arrays.null_lists_become_empty(arrays.at_leaves(array, _stored_leaf))


def _stored_leaf(array: pa.Array) -> pa.Array:
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        if kind.extension_name == "arrow.uuid":
            texts = [None if v is None else str(uuid.UUID(bytes=v)) for v in array.storage.to_pylist()]
            return pa.array(texts, pa.string())
        return _stored_leaf(array.storage)
    if pa.types.is_dictionary(kind):
        return _stored_leaf(array.dictionary_decode())
    if pa.types.is_run_end_encoded(kind):
        return _stored_leaf(pc.run_end_decode(array))
    if pa.types.is_time(kind):
        return array.cast(pa.time64("us")).cast(pa.int64())
    if pa.types.is_duration(kind):
        return array.cast(pa.duration("us")).cast(pa.int64())
    return array.cast(stored_type(kind))


def _leaf(kind: pa.DataType):
    if kind in INTEGERS:
        return INTEGERS[kind]
    if pa.types.is_boolean(kind):
        return "boolean", pa.bool_()
    if kind in (pa.float16(), pa.float32()):
        return "float", pa.float32()
    if kind == pa.float64():
        return "double", pa.float64()
    if kind in (pa.string(), pa.large_string(), pa.string_view()):
        return "string", pa.string()
    if kind in (pa.binary(), pa.large_binary(), pa.binary_view()) or pa.types.is_fixed_size_binary(kind):
        return "binary", pa.binary()
    if pa.types.is_date(kind):
        return "date", pa.date32()
    if pa.types.is_timestamp(kind):
        zoned = kind.tz is not None
        return ("timestamp", pa.timestamp("us", "UTC")) if zoned else ("timestamp_ntz", pa.timestamp("us"))
    if pa.types.is_decimal(kind) and kind.precision <= 38:
        return f"decimal({kind.precision},{kind.scale})", pa.decimal128(kind.precision, kind.scale)
    if pa.types.is_time(kind) or pa.types.is_duration(kind):
        return "long", pa.int64()
    raise Unsupported(f"no Delta type for {kind}")
