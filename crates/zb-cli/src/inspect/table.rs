//! A file for people.

use std::fmt::Write as _;

use arrow_cast::pretty::pretty_format_batches;
use indicatif::{HumanBytes, HumanCount};

use super::looked::Looked;
use crate::failure::Failure;

pub(super) fn of(looked: &Looked) -> Result<String, Failure> {
    let mut text = String::new();
    // Writing to a string never fails.
    let _ = writeln!(
        text,
        "{}\n  {} of {}, begun {} by process {}, {}, {} rows",
        looked.path,
        match looked.kind {
            "proto" => "rows as they were sent",
            "quarantine" => "rows that were refused",
            _ => "rows as they were handed in",
        },
        looked.table,
        looked.begun,
        looked.process,
        HumanBytes(looked.bytes),
        HumanCount(looked.rows),
    );
    let _ = match (looked.end, looked.cut_bytes, &looked.damage) {
        (_, _, Some(damage)) => writeln!(text, "  damaged: {damage}"),
        (_, Some(bytes), _) => writeln!(
            text,
            "  cut short: {bytes} bytes behind the last whole batch are left out"
        ),
        ("open", ..) => writeln!(
            text,
            "  without its end: it is being written, or its process was killed"
        ),
        _ => Ok(()),
    };
    for (kind, count) in &looked.rejections {
        let _ = writeln!(text, "  {} {kind}", HumanCount(*count));
    }
    for span in &looked.times {
        let _ = writeln!(text, "  {} from {} to {}", span.column, span.from, span.to);
    }
    for column in &looked.columns {
        let null = if column.nullable { "" } else { " not null" };
        let _ = writeln!(text, "  {}: {}{null}", column.name, column.data_type);
    }
    if !looked.first.is_empty() {
        let rows = pretty_format_batches(&looked.first).map_err(|e| Failure::of(&e))?;
        let _ = writeln!(text, "{rows}");
        let shown: usize = looked
            .first
            .iter()
            .map(arrow_array::RecordBatch::num_rows)
            .sum();
        let left = looked.rows - shown as u64;
        if left > 0 {
            let _ = writeln!(
                text,
                "  and {} rows more (--rows N shows more)",
                HumanCount(left)
            );
        }
    }
    text.push('\n');
    Ok(text)
}
