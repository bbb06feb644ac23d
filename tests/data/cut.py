"""Cuts the files of this folder from the full `flights.parquet` of nycflights13.

    python cut.py FLIGHTS.parquet [DIRECTORY]

The result depends on nothing but the input and the version of pyarrow: no clock, no randomness.
"""

import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

EVERY = 16
"""The sample keeps every 16th flight, so it spans all months and keeps the share of nulls."""

ROW_GROUP = 4096
"""Several row groups, so that a reader that streams has something to stream."""

SMALL = 500
"""Rows in each of the small files."""


def main(source: Path, directory: Path) -> None:
    flights = pq.read_table(source)
    sample = flights.take(pa.array(range(0, flights.num_rows, EVERY)))
    pq.write_table(
        sample.replace_schema_metadata(None),
        directory / "flights-sample.parquet",
        compression="zstd",
        compression_level=19,
        row_group_size=ROW_GROUP,
        use_dictionary=True,
        store_schema=False,
    )

    small = sample.slice(0, SMALL).combine_chunks().replace_schema_metadata(None)
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(directory / "flights-500.arrow", small.schema, options=options) as file:
        file.write_table(small, max_chunksize=200)
    with pa.ipc.new_stream(directory / "flights-500.arrows", small.schema, options=options) as stream:
        stream.write_table(small, max_chunksize=200)
    (directory / "flights-500.ndjson").write_text(ndjson(small), encoding="utf-8")


def ndjson(table: pa.Table) -> str:
    """One JSON object a line. Nulls are written, and the instant as RFC 3339."""
    instants = pc.strftime(table["time_hour"], format="%Y-%m-%dT%H:%M:%SZ")
    index = table.schema.get_field_index("time_hour")
    rows = table.set_column(index, "time_hour", instants).to_pylist()
    return "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) == 3 else Path(__file__).parent))
