//! What these crates log, for Python's `logging`.
//!
//! Whoever logs here may hold up nobody and must not wait for the GIL: lines go through a queue to a
//! thread of their own, which hands them to the logger `zerobus_arrow`.

use std::{
    fmt::{self, Write as _},
    process,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering::SeqCst},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use arc_swap::ArcSwapOption;
use pyo3::{intern, prelude::*, sync::PyOnceLock};
use tracing::{
    Event, Level, Metadata,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::Interest,
};
use tracing_subscriber::{
    Layer, Registry,
    layer::{Context, Filter, SubscriberExt as _},
};
use zb_core::telemetry::spans::TARGET;

/// The logger of the package; those of the crates are below it.
const LOGGER: &str = "zerobus_arrow";

/// How many lines may wait for the GIL. What comes beyond is counted and said.
const WAITING: usize = 4_096;

/// The level of the logger, as Python numbers it.
static LEVEL: AtomicU8 = AtomicU8::new(INFO);

const DEBUG: u8 = 10;
const INFO: u8 = 20;
const WARNING: u8 = 30;

/// The way to the thread that has the GIL. Another one in a child that was forked.
static QUEUE: ArcSwapOption<Queue> = ArcSwapOption::const_empty();

struct Queue {
    process: u32,
    lines: SyncSender<Line>,
    put: AtomicU64,
    left_out: AtomicU64,
    handled: AtomicU64,
}

struct Line {
    level: u8,
    target: String,
    text: String,
    created: f64,
}

/// Makes spans leave the process.
pub(crate) type Spans = Box<dyn Layer<Registry> + Send + Sync>;

/// Where spans go now. One at a time: the registry has room for the state of one.
static SPANS: ArcSwapOption<Spans> = ArcSwapOption::const_empty();

/// Installs the subscriber of these crates. Other extensions have their own.
pub(crate) fn install() {
    let subscriber = Registry::default().with(ToPython.with_filter(Ours));
    // It fails only where there is one already, which nobody but this function could have installed.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Lets spans leave the process by this way, or by none.
pub(crate) fn export(spans: Option<Spans>) {
    SPANS.store(spans.map(Arc::new));
}

/// Looks at the level of the logger again, since Python tells nobody when it is changed.
pub(crate) fn refresh(py: Python<'_>) {
    static ASK: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let level = || {
        let ask = ASK.get_or_try_init(py, || {
            let logger = logger(py, LOGGER)?;
            Ok::<_, PyErr>(logger.getattr("getEffectiveLevel")?.unbind())
        })?;
        ask.bind(py).call0()?.extract::<u8>()
    };
    LEVEL.store(level().unwrap_or(INFO), SeqCst);
}

/// Waits until what was logged before has been handed over, for at most `patience`.
#[pyfunction]
pub(crate) fn flush_logs(py: Python<'_>, patience: Duration) {
    let Some(queue) = QUEUE.load_full().filter(|queue| queue.is_here()) else {
        return;
    };
    let put = queue.put.load(SeqCst);
    let begun = Instant::now();
    py.detach(|| {
        while queue.handled.load(SeqCst) < put && begun.elapsed() < patience {
            thread::sleep(Duration::from_millis(1));
        }
    });
}

/// What is of interest to a user: our own crates. Those below say as an error what may be the usual end of a
/// stream; what it means, ours say. Their warnings are for debugging.
struct Ours;

impl<S> Filter<S> for Ours {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        if metadata.target() == TARGET {
            SPANS.load().is_some()
        } else {
            metadata.is_event() && number(metadata) >= LEVEL.load(SeqCst)
        }
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        let is_wanted = metadata.target() == TARGET
            || metadata.is_event() && (is_ours(metadata) || *metadata.level() <= Level::WARN);
        if is_wanted {
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.target().starts_with("zb_")
}

/// The level of an event, as Python numbers it.
fn number(metadata: &Metadata<'_>) -> u8 {
    match *metadata.level() {
        _ if !is_ours(metadata) => DEBUG,
        Level::ERROR => 40,
        Level::WARN => WARNING,
        Level::INFO => INFO,
        Level::DEBUG => DEBUG,
        // Python has none below.
        Level::TRACE => 5,
    }
}

/// Puts events into the queue, and passes spans on.
struct ToPython;

impl Layer<Registry> for ToPython {
    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, Registry>) {
        if event.metadata().target() == TARGET {
            if let Some(spans) = &*SPANS.load() {
                spans.on_event(event, ctx);
            }
            return;
        }
        let mut text = Text::default();
        event.record(&mut text);
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        put(Line {
            level: number(event.metadata()),
            target: event.metadata().target().replace("::", "."),
            text: text.message + &text.fields,
            created: now.map_or(0.0, |time| time.as_secs_f64()),
        });
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, Registry>) {
        if let Some(spans) = &*SPANS.load() {
            spans.on_new_span(attributes, id, ctx);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, Registry>) {
        if let Some(spans) = &*SPANS.load() {
            spans.on_record(id, values, ctx);
        }
    }

    fn on_follows_from(&self, id: &Id, followed: &Id, ctx: Context<'_, Registry>) {
        if let Some(spans) = &*SPANS.load() {
            spans.on_follows_from(id, followed, ctx);
        }
    }

    fn on_enter(&self, id: &Id, ctx: Context<'_, Registry>) {
        if let Some(spans) = &*SPANS.load() {
            spans.on_enter(id, ctx);
        }
    }

    fn on_exit(&self, id: &Id, ctx: Context<'_, Registry>) {
        if let Some(spans) = &*SPANS.load() {
            spans.on_exit(id, ctx);
        }
    }

    fn on_close(&self, id: Id, ctx: Context<'_, Registry>) {
        if let Some(spans) = &*SPANS.load() {
            spans.on_close(id, ctx);
        }
    }
}

/// The message, and the fields behind it.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string never fails.
        let _ = if field.name() == "message" {
            write!(self.message, "{value:?}")
        } else {
            write!(self.fields, " {}={value:?}", field.name())
        };
    }
}

fn put(line: Line) {
    let queue = match QUEUE.load_full() {
        Some(queue) if queue.is_here() => queue,
        _ => match Queue::start() {
            Some(queue) => queue,
            None => return,
        },
    };
    match queue.lines.try_send(line) {
        Ok(()) => queue.put.fetch_add(1, SeqCst),
        Err(TrySendError::Full(_)) => queue.left_out.fetch_add(1, SeqCst),
        Err(TrySendError::Disconnected(_)) => 0,
    };
}

impl Queue {
    fn is_here(&self) -> bool {
        self.process == process::id()
    }

    /// Starts the thread. Two that do so at once have two threads for a moment; one of them ends.
    fn start() -> Option<Arc<Self>> {
        let (lines, waiting) = sync_channel(WAITING);
        let queue = Arc::new(Self {
            process: process::id(),
            lines,
            put: AtomicU64::new(0),
            left_out: AtomicU64::new(0),
            handled: AtomicU64::new(0),
        });
        let here = Arc::downgrade(&queue);
        let name = "zerobus-arrow-log".to_owned();
        thread::Builder::new()
            .name(name)
            .spawn(move || {
                hand_over(&waiting, |handled| {
                    let queue = here.upgrade()?;
                    queue.handled.fetch_add(handled, SeqCst);
                    Some(queue.left_out.swap(0, SeqCst))
                });
            })
            .ok()?;
        QUEUE.store(Some(Arc::clone(&queue)));
        Some(queue)
    }
}

/// Hands lines to Python until there are no more, or no Python. `done` is told how many were handled and
/// says how many were left out.
fn hand_over(waiting: &Receiver<Line>, done: impl Fn(u64) -> Option<u64>) {
    while let Ok(line) = waiting.recv() {
        // None when the interpreter is at its end.
        let logged = Python::try_attach(|py| {
            // A handler that fails has said so itself, as handlers do.
            let _ = log(py, &line);
        });
        let Some(left_out) = done(1).filter(|_| logged.is_some()) else {
            return;
        };
        if left_out > 0 {
            let text = format!("{left_out} lines were left out here, since Python was busy");
            let line = Line { text, ..line };
            Python::try_attach(|py| log(py, &line).ok());
        }
    }
}

fn log(py: Python<'_>, line: &Line) -> PyResult<()> {
    let logger = logger(py, &format!("{LOGGER}.{}", line.target))?;
    let enabled = logger.call_method1(intern!(py, "isEnabledFor"), (line.level,))?;
    if !enabled.is_truthy()? {
        return Ok(());
    }
    let nothing = py.None();
    let record = logger.call_method1(
        intern!(py, "makeRecord"),
        (
            logger.getattr(intern!(py, "name"))?,
            line.level,
            "",
            0,
            &line.text,
            (),
            nothing,
        ),
    )?;
    record.setattr(intern!(py, "created"), line.created)?;
    logger.call_method1(intern!(py, "handle"), (record,))?;
    Ok(())
}

fn logger<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import(intern!(py, "logging"))?
        .call_method1(intern!(py, "getLogger"), (name,))
}
