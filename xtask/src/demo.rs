//! `cargo xtask demo`: the main job on real data, with no account anywhere.

use anyhow::Result;

use crate::run;

const TABLE: &str = "main.nyc.flights";
const LAKE: &str = "lake";

/// Sends the sample of flights through an endpoint of our own, and says how to read the table.
pub(crate) fn run() -> Result<()> {
    let mut zb = run::cargo(&["run", "--locked", "-p", "zb-cli", "--", "send"]);
    zb.args(["tests/data/flights-sample.parquet", "--table", TABLE]);
    zb.args(["--local", LAKE]);
    run::stream(&mut zb)?;

    let path = format!("{LAKE}/{}", TABLE.replace('.', "/"));
    println!(
        "
{path} is a Delta table. To read it with Python:

    python3 -m pip install deltalake pyarrow
    python3 -c 'import deltalake; print(deltalake.DeltaTable(\"{path}\").to_pyarrow_table())'

or with DuckDB:

    duckdb -c \"SELECT carrier, count(*), avg(dep_delay) FROM delta_scan('{path}') GROUP BY ALL\"
"
    );
    Ok(())
}
