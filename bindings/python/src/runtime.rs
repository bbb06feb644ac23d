//! The threads that the work goes on, and waiting for it from Python.

use std::{
    any::Any,
    panic::AssertUnwindSafe,
    pin::{Pin, pin},
    process,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use futures::FutureExt as _;
use pyo3::{prelude::*, types::PyAny};
use pyo3_async_runtimes::{
    TaskLocals,
    generic::{self, ContextExt, JoinError, Runtime as AsyncRuntime},
};
use tokio::{
    runtime::{Builder, Handle, Runtime},
    time::timeout,
};

use crate::errors;

/// How long a wait may keep Ctrl-C waiting, and how often progress is told.
const TICK: Duration = Duration::from_millis(50);

/// The runtime and the process that it was made in. Locked only by who holds the GIL and keeps it, so
/// that no other thread holds it when the process forks.
static RUNTIME: Mutex<Option<(u32, Arc<Runtime>)>> = Mutex::new(None);

/// How many threads are handing an outcome to an event loop, or are about to.
static HANDING_OVER: AtomicUsize = AtomicUsize::new(0);

/// The runtime of this process.
///
/// A child that was forked after it was made gets none: it has none of its threads, and locks that these
/// held at that moment are held there for ever.
pub(crate) fn runtime(py: Python<'_>) -> PyResult<Arc<Runtime>> {
    let mut known = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    let here = process::id();
    match &*known {
        Some((process, runtime)) if *process == here => return Ok(Arc::clone(runtime)),
        Some(_) => return Err(errors::forked(py, "package")),
        None => {}
    }
    let runtime = Builder::new_multi_thread()
        .thread_name("zerobus-arrow")
        .enable_all()
        .build()?;
    let runtime = Arc::new(runtime);
    *known = Some((here, Arc::clone(&runtime)));
    Ok(runtime)
}

/// Waits for `future` on this thread, without the GIL. Ctrl-C ends the wait, and so does an error of
/// `tick`, which is called now and then with the GIL: the future is dropped.
pub(crate) fn wait<T: Send>(
    py: Python<'_>,
    runtime: &Runtime,
    future: impl Future<Output = PyResult<T>> + Send,
    mut tick: impl FnMut(Python<'_>) -> PyResult<()>,
) -> PyResult<T> {
    let mut future = pin!(AssertUnwindSafe(future).catch_unwind());
    loop {
        let polled = py.detach(|| runtime.block_on(async { timeout(TICK, future.as_mut()).await }));
        match polled {
            Ok(Ok(outcome)) => return outcome,
            Ok(Err(panic)) => return Err(panicked(py, &*panic)),
            Err(_still_waiting) => {
                py.check_signals()?;
                tick(py)?;
            }
        }
    }
}

/// An awaitable for `future`, which runs on the runtime. Cancelled together with its task.
pub(crate) fn spawn<'py, T>(
    py: Python<'py>,
    runtime: &Runtime,
    future: impl Future<Output = PyResult<T>> + Send + 'static,
) -> PyResult<Bound<'py, PyAny>>
where
    T: for<'a> IntoPyObject<'a> + Send + 'static,
{
    let _entered = runtime.enter();
    let caught = async move {
        match AssertUnwindSafe(future).catch_unwind().await {
            Ok(outcome) => outcome,
            Err(panic) => Err(Python::attach(|py| panicked(py, &*panic))),
        }
    };
    generic::future_into_py::<Tokio, _, T>(py, caught)
}

/// Waits until no thread of the runtime hands anything to an event loop, for at most `patience`.
///
/// An event loop may go on, and the program end, while the thread that woke it is still in Python:
/// waking gives up the GIL for a moment. A thread that wants it back when the interpreter has gone is
/// ended by Python in the middle of Rust, which aborts the process.
#[pyfunction]
pub(crate) fn settle(py: Python<'_>, patience: Duration) {
    let known = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    // In a child that was forked nobody is left who would hand over.
    let is_here = matches!(&*known, Some((process, _)) if *process == process::id());
    drop(known);
    let begun = Instant::now();
    py.detach(|| {
        while is_here && HANDING_OVER.load(SeqCst) > 0 && begun.elapsed() < patience {
            thread::sleep(Duration::from_millis(1));
        }
    });
}

/// Counted as long as it lives.
struct HandingOver;

impl HandingOver {
    fn begin() -> Self {
        HANDING_OVER.fetch_add(1, SeqCst);
        Self
    }
}

impl Drop for HandingOver {
    fn drop(&mut self) {
        HANDING_OVER.fetch_sub(1, SeqCst);
    }
}

/// What a panic becomes for Python. `PanicException` of PyO3 is no `Exception`, and would end a program
/// that catches those.
pub(crate) fn panicked(py: Python<'_>, panic: &(dyn Any + Send)) -> PyErr {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a text");
    errors::internal(py, text)
}

/// [`runtime`], as `pyo3-async-runtimes` knows one. Whoever uses it has entered the runtime.
struct Tokio;

/// Why a task did not end by itself.
struct Cut(tokio::task::JoinError);

impl JoinError for Cut {
    fn is_panic(&self) -> bool {
        self.0.is_panic()
    }

    fn into_panic(self) -> Box<dyn Any + Send> {
        self.0.into_panic()
    }
}

impl AsyncRuntime for Tokio {
    type JoinError = Cut;
    type JoinHandle = Pin<Box<dyn Future<Output = Result<(), Cut>> + Send>>;

    fn spawn<F: Future<Output = ()> + Send + 'static>(future: F) -> Self::JoinHandle {
        let task = Handle::current().spawn(future);
        Box::pin(async move { task.await.map_err(Cut) })
    }

    fn spawn_blocking<F: FnOnce() + Send + 'static>(work: F) -> Self::JoinHandle {
        // All that is done here is to hand over outcomes.
        let handing_over = HandingOver::begin();
        let task = Handle::current().spawn_blocking(move || {
            work();
            drop(handing_over);
        });
        Box::pin(async move { task.await.map_err(Cut) })
    }
}

tokio::task_local! {
    static LOCALS: TaskLocals;
}

impl ContextExt for Tokio {
    fn scope<F, R>(locals: TaskLocals, future: F) -> Pin<Box<dyn Future<Output = R> + Send>>
    where
        F: Future<Output = R> + Send + 'static,
    {
        Box::pin(LOCALS.scope(locals, future))
    }

    fn get_task_locals() -> Option<TaskLocals> {
        LOCALS.try_with(Clone::clone).ok()
    }
}
