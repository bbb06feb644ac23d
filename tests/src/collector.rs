//! A real OpenTelemetry collector in a process of its own.

use std::{
    collections::BTreeMap,
    io::{self, BufRead as _, BufReader, Read as _},
    process::{Child, ChildStdout, Command, Stdio},
};

use serde::Deserialize;

use crate::{python, root};

/// A collector that is listening. Killed when dropped.
#[derive(Debug)]
pub struct Collector {
    process: Child,
    output: BufReader<ChildStdout>,
    address: Address,
}

#[derive(Debug, Deserialize)]
struct Address {
    grpc: String,
    http: String,
}

impl Collector {
    /// Starts it, and waits until it listens. Where it is not installed, that is a failure with a
    /// message that says so.
    pub fn start() -> Self {
        let mut process = Command::new(python::interpreter())
            .arg("-B")
            .arg(root().join("tests/python/collector.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("Python can be started");
        let mut output = BufReader::new(process.stdout.take().expect("stdout is piped"));
        let mut line = String::new();
        output.read_line(&mut line).expect("stdout can be read");
        let Ok(address) = serde_json::from_str(&line) else {
            process.kill().ok();
            let ended = process.wait_with_output().expect("it can be waited for");
            let why = String::from_utf8_lossy(&ended.stderr);
            panic!("no collector, so nothing was tested: {why}")
        };
        Self {
            process,
            output,
            address,
        }
    }

    /// Where OTLP over HTTP goes.
    pub fn http(&self) -> &str {
        &self.address.http
    }

    /// Where OTLP over gRPC goes.
    pub fn grpc(&self) -> &str {
        &self.address.grpc
    }

    /// Ends it, and says what came.
    pub fn received(mut self) -> Received {
        drop(self.process.stdin.take());
        let mut text = String::new();
        self.output
            .read_to_string(&mut text)
            .expect("stdout can be read");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // The end of its input is what ends the collector as well as the script around it.
        drop(self.process.stdin.take());
        // What nobody asks for any more would hold it up in a full pipe.
        io::copy(&mut self.output, &mut io::sink()).ok();
        self.process.wait().ok();
    }
}

/// All that a collector got.
#[derive(Debug, Deserialize)]
#[non_exhaustive]
pub struct Received {
    /// In the order in which they came.
    pub spans: Vec<Span>,
    /// The points of the last export, by the name of the metric.
    pub metrics: BTreeMap<String, Vec<Point>>,
    /// Who sent it.
    pub resource: BTreeMap<String, String>,
    /// All that the collector shows of it.
    pub log: String,
}

impl Received {
    /// The spans of this name.
    pub fn spans(&self, name: &str) -> Vec<&Span> {
        self.spans.iter().filter(|span| span.name == name).collect()
    }

    /// The sum over all points of a metric, 0 if there are none; of a histogram, of their counts.
    pub fn sum(&self, metric: &str) -> u64 {
        self.points(metric).iter().map(Point::count).sum()
    }

    /// The values of a metric, by the value of an attribute.
    pub fn by(&self, attribute: &str, metric: &str) -> BTreeMap<String, u64> {
        let points = self.points(metric).iter();
        points
            .map(|point| (point.attributes[attribute].clone(), point.count()))
            .collect()
    }

    fn points(&self, metric: &str) -> &[Point] {
        self.metrics.get(metric).map_or(&[], Vec::as_slice)
    }
}

/// A span, as a collector shows it.
#[derive(Debug, Deserialize)]
#[non_exhaustive]
pub struct Span {
    /// Its name.
    pub name: String,
    /// `SPAN_KIND_…`
    pub kind: String,
    /// Hexadecimal.
    pub trace_id: String,
    /// Hexadecimal.
    pub span_id: String,
    /// Hexadecimal; empty for the first of a trace.
    pub parent_id: String,
    /// As text.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}

/// A point of a metric, as a collector shows it.
#[derive(Debug, Deserialize)]
#[non_exhaustive]
pub struct Point {
    /// As text.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// The value; of a histogram, how many.
    pub value: f64,
}

impl Point {
    /// The value, as the number of something.
    pub fn count(&self) -> u64 {
        let is_count = self.value.fract() == 0.0 && (0.0..9e15).contains(&self.value);
        assert!(is_count, "{self:?} counts nothing");
        self.value as u64
    }
}
