//! The library, in a directory of this process.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant, SystemTime},
};

use otlp_arrow_library::OtlpLibrary;
use tokio::runtime::{Builder, Runtime};

use crate::{
    Error,
    retention::{self, LOCK},
};

/// The library's timers do nothing that is of use to us; this is as seldom as it lets them be.
const SELDOM: u64 = 3600;

/// How often old files are looked for.
const TIDY: Duration = Duration::from_mins(1);

pub(crate) struct Files {
    pub(crate) library: OtlpLibrary,
    pub(crate) directory: PathBuf,
    root: PathBuf,
    max_bytes: u64,
    tidied: Mutex<Instant>,
    runtime: Option<Runtime>,
    /// Locked until this is dropped: this process is alive.
    _lock: File,
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Files")
            .field("directory", &self.directory)
            .finish_non_exhaustive()
    }
}

impl Files {
    /// A directory below `root` that nobody else has: the library overwrites files of the same second.
    pub(crate) fn open(root: &Path, max_bytes: u64) -> Result<Self, Error> {
        let failed = |source| Error::Directory {
            path: root.to_path_buf(),
            source,
        };
        let (directory, lock) = directory(root).map_err(failed)?;
        retention::keep(root, &directory, max_bytes).map_err(failed)?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("zb-telemetry-arrow")
            .enable_all()
            .build()
            .map_err(failed)?;
        // Neither forwarding, which sends empty requests, nor the dashboard, which asks nobody who
        // they are.
        let config = OtlpLibrary::with_config_builder()
            .output_dir(&directory)
            .write_interval_secs(SELDOM)
            .trace_cleanup_interval_secs(SELDOM)
            .metric_cleanup_interval_secs(SELDOM)
            .forwarding(None)
            .dashboard_enabled(false)
            .build()
            .map_err(Error::Settings)?;
        // On a thread of its own: the caller's may belong to a runtime, which may not block.
        let opened = thread::scope(|scope| {
            let open = scope.spawn(|| runtime.block_on(OtlpLibrary::new(config)));
            open.join()
        });
        let library = opened
            .map_err(|_| failed(io::Error::other("otlp-arrow-library panicked")))?
            .map_err(Error::Library)?;
        Ok(Self {
            library,
            directory,
            root: root.to_path_buf(),
            max_bytes,
            tidied: Mutex::new(Instant::now()),
            runtime: Some(runtime),
            _lock: lock,
        })
    }

    /// Writes what there is and ends the library's tasks.
    pub(crate) fn shutdown(&self) -> Result<(), Error> {
        let Some(runtime) = &self.runtime else {
            return Ok(());
        };
        let ended = thread::scope(|scope| {
            let end = scope.spawn(|| runtime.block_on(self.library.shutdown()));
            end.join()
        });
        ended
            .map_err(|_| Error::Directory {
                path: self.directory.clone(),
                source: io::Error::other("otlp-arrow-library panicked"),
            })?
            .map_err(Error::Library)
    }

    /// Deletes old files, now and then. One that cannot be deleted is tried again the next time.
    pub(crate) fn tidy(&self) {
        let mut tidied = self.tidied.lock().unwrap_or_else(PoisonError::into_inner);
        if tidied.elapsed() < TIDY {
            return;
        }
        *tidied = Instant::now();
        if let Err(error) = retention::keep(&self.root, &self.directory, self.max_bytes) {
            tracing::warn!(%error, "old telemetry files could not be deleted");
        }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn directory(root: &Path) -> io::Result<(PathBuf, File)> {
    create(root, true)?;
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let nanos = since.unwrap_or_default().as_nanos();
    let directory = root.join(format!("{nanos:020}-{}", std::process::id()));
    create(&directory, false)?;
    let lock = File::create_new(directory.join(LOCK))?;
    lock.lock()?;
    Ok((directory, lock))
}

/// For this user alone: the library's files are made as the umask says.
fn create(path: &Path, recursive: bool) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(recursive);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}
