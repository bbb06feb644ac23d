//! A runtime of our own, so that exporting works from any thread: of a runtime or of none.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::runtime::{Builder, Handle, Runtime};

use super::Error;

/// One thread that moves the bytes of all exporters. It ends with the last of them.
#[derive(Debug)]
pub(super) struct Background {
    /// Taken when dropped.
    runtime: Option<Runtime>,
    handle: Handle,
}

impl Background {
    pub(super) fn start() -> Result<Self, Error> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("zb-telemetry")
            .enable_all()
            .build()
            .map_err(Error::Threads)?;
        Ok(Self {
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
        })
    }

    /// Runs what needs a runtime to be there, but does not wait.
    pub(super) fn enter<T>(&self, run: impl FnOnce() -> T) -> T {
        let _entered = self.handle.enter();
        run()
    }

    /// The future, polled within this runtime by whoever polls it.
    pub(super) fn within<'f, F>(&self, future: F) -> Within<'f, F::Output>
    where
        F: Future + Send + 'f,
    {
        Within {
            handle: self.handle.clone(),
            future: Box::pin(future),
        }
    }
}

impl Drop for Background {
    /// Without waiting, which is not allowed where the last exporter may be dropped.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// See [`Background::within`].
pub(super) struct Within<'f, T> {
    handle: Handle,
    future: Pin<Box<dyn Future<Output = T> + Send + 'f>>,
}

impl<T> Future for Within<'_, T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let this = self.get_mut();
        let _entered = this.handle.enter();
        this.future.as_mut().poll(context)
    }
}
