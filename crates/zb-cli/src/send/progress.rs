//! The bar on a terminal, and what else is seen of a sender while it works.

use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use zb_core::{Event, Observer, TableName};

/// Counts durable rows, and shows them where standard error is a terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
    connections: AtomicU64,
}

impl Progress {
    /// `total_rows` is `None` where the files do not say it beforehand.
    pub(crate) fn new(total_rows: Option<u64>, visible: bool) -> Self {
        let bar = match total_rows {
            Some(rows) => ProgressBar::new(rows),
            None => ProgressBar::no_length(),
        };
        let template = if total_rows.is_some() {
            "{bar:30} {human_pos} of {human_len} rows durable, {per_sec}, {eta} left"
        } else {
            "{spinner} {human_pos} rows durable, {per_sec}, {elapsed}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        if !visible {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        Self {
            bar,
            connections: AtomicU64::new(0),
        }
    }

    /// How many connections were attempted.
    pub(crate) fn attempts(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// Takes the bar away.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for Progress {
    fn observe(&self, _: &TableName, event: &Event<'_>) {
        match event {
            Event::Acknowledged { rows, .. } => self.bar.inc(*rows as u64),
            Event::Connecting { .. } => {
                self.connections.fetch_add(1, Ordering::Relaxed);
            }
            _ => {}
        }
    }
}
