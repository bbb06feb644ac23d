//! The dashboard and the page beside it speak of metrics that there are, and of all of them.

use std::{collections::BTreeSet, fs, path::Path};

use zb_telemetry::names::{Kind, METRICS};

fn docs(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All names that Prometheus has of a metric.
fn series() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for metric in METRICS {
        let name = metric.prometheus_name();
        if metric.kind == Kind::Histogram {
            all.extend(["bucket", "sum", "count"].map(|part| format!("{name}_{part}")));
        } else {
            all.insert(name);
        }
    }
    all
}

/// The queries of all panels, those within rows included.
fn queries(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(object) => {
            for (key, value) in object {
                match value.as_str() {
                    Some(text) if key == "expr" || key == "query" => found.push(text.to_owned()),
                    _ => queries(value, found),
                }
            }
        }
        serde_json::Value::Array(values) => {
            for value in values {
                queries(value, found);
            }
        }
        _ => {}
    }
}

fn dashboard() -> serde_json::Value {
    serde_json::from_str(&docs("guides/telemetry/dashboard.json")).unwrap()
}

#[test]
fn every_series_of_the_dashboard_is_one_that_is_exported() {
    let (series, mut found) = (series(), Vec::new());
    queries(&dashboard(), &mut found);
    let words = found
        .iter()
        .flat_map(|query| query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'));
    let named: BTreeSet<&str> = words
        .filter(|word| {
            word.starts_with("zb_client")
                || word.starts_with("zb_token")
                || word.starts_with("zb_debug")
                || word.starts_with("messaging_client")
        })
        .collect();
    assert!(named.len() > 15, "{named:?}");
    for name in named {
        assert!(series.contains(name), "{name} is not exported");
    }
}

#[test]
fn every_panel_has_a_line_of_the_page() {
    let page = docs("guides/telemetry.md");
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().unwrap();
    assert!(panels.len() > 8);
    for panel in panels {
        let title = panel["title"].as_str().unwrap();
        assert!(page.contains(&format!("| {title} |")), "{title}");
    }
}

#[test]
fn every_metric_has_a_line_of_the_page_with_its_unit() {
    let page = docs("reference/metrics.md");
    for metric in METRICS {
        let line = page
            .lines()
            .find(|line| line.starts_with(&format!("| `{}` |", metric.name)));
        let line = line.unwrap_or_else(|| panic!("{} is missing", metric.name));
        assert!(line.contains(&format!("| {} |", metric.unit)), "{line}");
        assert!(
            line.contains(metric.description.trim_end_matches('.')),
            "{line}"
        );
        for attribute in metric.attributes {
            assert!(line.contains(&format!("`{attribute}`")), "{line}");
        }
    }
}
