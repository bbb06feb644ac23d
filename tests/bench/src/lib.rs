//! What the benchmarks of this workspace have in common: how they are called, and where their reports go.

use std::{env, fs, io, path::Path, time::Duration};

use criterion::Criterion;
use serde_json::{Value, json};

/// Whether times are wanted. Not when it is only asked whether the benches run, or for their names.
pub fn is_timed() -> bool {
    let has = |flag: &str| env::args().any(|arg| arg == flag);
    has("--bench") && !has("--list") && !has("--profile-time")
}

/// Few samples over a time: contenders that take turns say more than many samples of one.
pub fn criterion(measurement_time: Duration) -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(measurement_time)
        .without_plots()
        .configure_from_args()
}

/// The middle one of an odd number of times, in seconds.
///
/// # Panics
///
/// When there is none.
pub fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64()
}

/// Prints a report, which is Markdown, and writes it with `results` and whatever else `more` has to
/// `target/bench/NAME.json`, where `cargo xtask bench` finds it. `target_tmpdir` is what cargo tells
/// a benchmark as `CARGO_TARGET_TMPDIR`.
#[expect(clippy::print_stdout, reason = "for people at a terminal")]
pub fn report(target_tmpdir: &str, name: &str, markdown: &str, mut results: Value) {
    println!("\n{markdown}");
    if results.is_array() {
        results = json!({ "results": results });
    }
    results["report"] = json!(markdown);
    let path = Path::new(target_tmpdir)
        .with_file_name("bench")
        .join(format!("{name}.json"));
    match write(&path, &results) {
        Ok(()) => println!("written to {}", path.display()),
        Err(error) => println!("{}: {error}", path.display()),
    }
}

fn write(path: &Path, json: &Value) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(path, format!("{json:#}\n"))
}
