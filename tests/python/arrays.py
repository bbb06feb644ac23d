"""Arrow arrays of any nesting, changed at their leaves."""

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

Leaf = Callable[[pa.Array], pa.Array]


def is_list(kind: pa.DataType) -> bool:
    """Whether `kind` is any of Arrow's five lists."""
    return (
        pa.types.is_list(kind)
        or pa.types.is_large_list(kind)
        or pa.types.is_fixed_size_list(kind)
        or pa.types.is_list_view(kind)
        or pa.types.is_large_list_view(kind)
    )


def at_leaves(array: pa.Array, leaf: Leaf) -> pa.Array:
    """Applies `leaf` below every struct, list and map. Lists of any kind become `list`."""
    kind = array.type
    if pa.types.is_struct(kind):
        return _struct(array, leaf)
    if pa.types.is_map(kind):
        entries = pa.StructArray.from_arrays([array.keys, array.items], names=["key", "value"])
        start, end = array.offsets[0].as_py(), array.offsets[len(array)].as_py()
        inner = at_leaves(entries.slice(start, end - start), leaf)
        offsets = pc.subtract(array.offsets, array.offsets[0])
        return pa.MapArray.from_arrays(_offsets_with_nulls(offsets, array), inner.field(0), inner.field(1))
    if is_list(kind):
        inner = at_leaves(pc.list_flatten(array), leaf)
        lengths = pc.fill_null(pc.list_value_length(array), 0)
        ends = pc.cumulative_sum(lengths.cast(pa.int32()))
        offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
        return pa.ListArray.from_arrays(_offsets_with_nulls(offsets, array), inner)
    return leaf(array)


def _struct(array: pa.StructArray, leaf: Leaf) -> pa.Array:
    # `field` ignores the nulls of the struct itself, `flatten` would push them down.
    children = [at_leaves(array.field(index), leaf) for index in range(array.type.num_fields)]
    fields = [
        pa.field(field.name, child.type, field.nullable) for field, child in zip(array.type, children)
    ]
    return pa.StructArray.from_arrays(children, fields=fields, mask=array.is_null())


def _offsets_with_nulls(offsets: pa.Array, array: pa.Array) -> pa.Array:
    """A null offset is how `from_arrays` marks a null list."""
    last = pa.array([False])
    return pc.if_else(pa.concat_arrays([array.is_null(), last]), pa.scalar(None, pa.int32()), offsets)


def null_lists_become_empty(array: pa.Array) -> pa.Array:
    """Protobuf's `repeated` knows no null list: what a table can hold of such a column."""
    kind = array.type
    if pa.types.is_struct(kind):
        children = [null_lists_become_empty(array.field(index)) for index in range(kind.num_fields)]
        return pa.StructArray.from_arrays(children, fields=list(kind), mask=array.is_null())
    if is_list(kind) or pa.types.is_map(kind):
        empty = pa.array([[]], kind)[0]
        return pc.if_else(array.is_null(), empty, array) if array.null_count else array
    return array
