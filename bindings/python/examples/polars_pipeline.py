"""A pipeline of Polars: Parquet files are scanned lazily, put into shape, and sent in batches.

    pip install target/wheels/zerobus_arrow-*.whl polars
    python polars_pipeline.py FILE.parquet [DIRECTORY]

(The package is not on PyPI yet: `cargo xtask wheel` builds the file.)

No more than a few batches are ever in memory, however large the files are. Without a workspace in the
environment (ZEROBUS_SERVER_ENDPOINT, DATABRICKS_HOST, DATABRICKS_CLIENT_ID, DATABRICKS_CLIENT_SECRET), rows
land in Delta tables below the directory, "lake" by default. In a workspace the table has to be there; the
first lines that are printed are its statement.
"""

from __future__ import annotations

import os
import sys

import polars as pl

import zerobus_arrow as za

TABLE = "main.nyc.delays"


def delays(files: str) -> pl.LazyFrame:
    """Flights that were late, with how late they were."""
    return (
        pl.scan_parquet(files)
        .filter(pl.col("dep_delay") > 0)
        .select(
            pl.col("origin").alias("airport"),
            pl.col("carrier").str.to_lowercase(),
            pl.col("dep_delay").cast(pl.Int64).alias("minutes"),
            (pl.col("dep_delay") >= 60).alias("is_long"),
        )
    )


def main(files: str, lake: str = "lake") -> None:
    frame = delays(files)
    print(za.schema.create_table(TABLE, frame.collect_schema()))
    in_workspace = "ZEROBUS_SERVER_ENDPOINT" in os.environ
    client = za.Client.from_env() if in_workspace else za.Client.local(lake)
    with client:
        # A lazy frame is collected batch by batch, as fast as they can be sent.
        receipt = client.send(TABLE, frame)
    print(f"{receipt.durable} delays stored in {receipt.elapsed:.1f} s, {receipt.rejected_rows} rejected")
    if receipt.rejected_rows:
        # With the row, the column and the reason beside what was handed in.
        print(pl.from_arrow(receipt.rejected))


if __name__ == "__main__":
    main(*sys.argv[1:])
