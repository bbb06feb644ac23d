"""What can be sent: anything that speaks the Arrow C interface, and what becomes such."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import Any, Protocol, TypeAlias, runtime_checkable

from . import _native


@runtime_checkable
class ArrowStream(Protocol):
    """An object with ``__arrow_c_stream__``: a pyarrow Table or RecordBatchReader, a polars or pandas
    DataFrame, a DuckDB relation, an arro3 or nanoarrow stream."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


@runtime_checkable
class ArrowArray(Protocol):
    """An object with ``__arrow_c_array__``: a pyarrow RecordBatch or StructArray."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...


#: Data to send. Also taken, by their own ways to Arrow: pyarrow Datasets and Scanners, polars LazyFrames.
Data: TypeAlias = "ArrowStream | ArrowArray | Iterable[ArrowStream | ArrowArray] | Any"
#: What an :class:`AsyncClient` takes besides.
AsyncData: TypeAlias = "Data | AsyncIterable[ArrowStream | ArrowArray]"


def batches(data: Data) -> _native.Batches:
    """The record batches of ``data``, which are read when they are sent."""
    return _native.Batches(_arrow(data))


def _arrow(data: Any) -> Any:
    """An object that speaks Arrow, where ``data`` only knows the way to one."""
    module, _, _ = type(data).__module__.partition(".")
    name = type(data).__name__
    if module == "pandas" and name == "DataFrame":
        return _of_pandas(data)
    if module == "polars" and name == "LazyFrame":
        # In batches where this polars can, so that the whole is never in memory.
        collect = getattr(data, "collect_batches", None)
        return collect() if collect else data.collect(engine="streaming")
    if module == "pyarrow":
        # Arrow in C is what both are for, but neither speaks it.
        if hasattr(data, "scanner"):
            return data.scanner().to_reader()
        if hasattr(data, "to_reader") and not hasattr(data, "__arrow_c_stream__"):
            return data.to_reader()
    return data


def _of_pandas(frame: Any) -> Any:
    """A frame with its columns, and those levels of its index that have a name.

    pandas itself would send an index without a name as ``__index_level_0__``.
    """
    try:
        import pyarrow as pa
    except ImportError as error:
        raise ImportError("pandas speaks Arrow through pyarrow: pip install pyarrow") from error
    named = any(name is not None for name in frame.index.names)
    if named and not all(name is not None for name in frame.index.names):
        raise ValueError(
            "some levels of the index have a name and others have none; name all of them "
            "or none, or call reset_index() first"
        )
    return pa.Table.from_pandas(frame, preserve_index=named)
