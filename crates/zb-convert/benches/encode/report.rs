//! The table at the end, and the same as JSON.

use std::fmt::Write as _;

#[derive(Default)]
pub(crate) struct Report {
    results: Vec<Measured>,
}

struct Measured {
    set: String,
    contender: &'static str,
    ns: f64,
    mb: f64,
    allocations: usize,
}

impl Report {
    pub(crate) fn add(
        &mut self,
        set: &str,
        contender: &'static str,
        rows: usize,
        bytes: usize,
        seconds: f64,
        allocations: usize,
    ) {
        self.results.push(Measured {
            set: set.to_owned(),
            contender,
            ns: seconds * 1e9 / rows as f64,
            mb: bytes as f64 / seconds / 1e6,
            allocations,
        });
    }

    /// Times of each result over ours of the same form.
    fn ratio(&self, of: &Measured) -> f64 {
        let form = if of.contender.ends_with("Vec per row") {
            "ours, Vec per row"
        } else {
            "ours, one buffer"
        };
        self.results
            .iter()
            .find(|r| r.set == of.set && r.contender == form)
            .map_or(f64::NAN, |ours| of.ns / ours.ns)
    }

    pub(crate) fn finish(&self) {
        println!(
            "\n{:<11} {:<30} {:>9} {:>9} {:>8} {:>12}",
            "data", "contender", "ns/row", "MB/s", "x ours", "allocations"
        );
        let mut json = String::from("[\n");
        for (i, r) in self.results.iter().enumerate() {
            let ratio = self.ratio(r);
            println!(
                "{:<11} {:<30} {:>9.1} {:>9.0} {ratio:>8.2} {:>12}",
                r.set, r.contender, r.ns, r.mb, r.allocations
            );
            let comma = if i == 0 { "" } else { ",\n" };
            let _ = write!(
                json,
                "{comma}  {{\"data\": \"{}\", \"contender\": \"{}\", \"ns_per_row\": {:.2}, \
                 \"mb_per_s\": {:.1}, \"times_ours\": {ratio:.3}, \"allocations_per_batch\": {}}}",
                r.set, r.contender, r.ns, r.mb, r.allocations
            );
        }
        json.push_str("\n]\n");
        let target = std::env::var("CARGO_TARGET_DIR")
            .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../target").to_owned());
        let path = std::path::Path::new(&target).join("bench.json");
        match std::fs::write(&path, json) {
            Ok(()) => println!("\nwritten to {}", path.display()),
            Err(error) => println!("\n{}: {error}", path.display()),
        }
    }
}
