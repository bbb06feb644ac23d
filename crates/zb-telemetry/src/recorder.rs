//! Who is told.

use std::{fmt, sync::Arc};

use crate::Event;

/// Is told what a sender does.
///
/// Called where it happens, on the sender's own tasks: do little, and never block.
pub trait Recorder: Send + Sync {
    /// Something happened.
    fn record(&self, event: &Event<'_>);
}

impl<R: Recorder + ?Sized> Recorder for Arc<R> {
    fn record(&self, event: &Event<'_>) {
        (**self).record(event);
    }
}

impl<R: Recorder + ?Sized> Recorder for &R {
    fn record(&self, event: &Event<'_>) {
        (**self).record(event);
    }
}

/// Tells all of them, in this order.
impl<R: Recorder> Recorder for [R] {
    fn record(&self, event: &Event<'_>) {
        for recorder in self {
            recorder.record(event);
        }
    }
}

/// Tells several recorders, in the order in which they were added; nobody, if there are none.
///
/// ```
/// use std::sync::Arc;
/// use zb_telemetry::{Event, FanOut, Recorder, Stats};
///
/// let (first, second) = (Arc::new(Stats::new()), Arc::new(Stats::new()));
/// let both = FanOut::new().with(first.clone()).with(second.clone());
/// let table = "main.nyc.flights".parse()?;
/// both.record(&Event::Submitted { table: &table, rows: 3, bytes: 96 });
/// assert_eq!(first.snapshot(), second.snapshot());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct FanOut {
    recorders: Vec<Arc<dyn Recorder>>,
}

impl FanOut {
    /// Tells nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells `recorder` too.
    #[must_use]
    pub fn with(mut self, recorder: impl Recorder + 'static) -> Self {
        self.recorders.push(Arc::new(recorder));
        self
    }

    /// Whether nobody is told.
    pub fn is_empty(&self) -> bool {
        self.recorders.is_empty()
    }
}

impl Recorder for FanOut {
    fn record(&self, event: &Event<'_>) {
        self.recorders[..].record(event);
    }
}

impl fmt::Debug for FanOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FanOut")
            .field("recorders", &self.recorders.len())
            .finish()
    }
}
