//! The files that are kept beside what is sent.

use std::sync::Arc;

use zb_debug::{MirrorsBuilder, QuarantineDir, QuarantineDirBuilder};
use zb_ingest::SenderOptions;
use zb_telemetry::Recorder;

use crate::{
    Error,
    config::Plan,
    mirrors::{Beside, Kept, Mirrored},
    recorded::{Recorded, WatchedMirrors},
};

/// What the program says of the files. Otherwise the settings have the last word.
#[derive(Default)]
pub(super) struct Files {
    pub(super) mirrors: Option<MirrorsBuilder>,
    pub(super) quarantine: Option<QuarantineDirBuilder>,
    pub(super) no_mirrors: bool,
    pub(super) no_quarantine: bool,
}

impl Files {
    /// Opens them; gives the options of senders that tell them.
    pub(super) fn open(
        self,
        plan: &Plan,
        recorder: Option<&Arc<dyn Recorder>>,
    ) -> Result<(SenderOptions, Beside), Error> {
        let mirrors = self.mirrors.or_else(|| plan.mirrors.builder());
        let quarantine = self
            .quarantine
            .or_else(|| plan.quarantine.as_ref().map(QuarantineDir::builder));
        let mut options = plan.options.clone();
        let mut beside = Beside::default();
        if let Some(recorder) = recorder {
            options = options.observer(Arc::new(Recorded(Arc::clone(recorder))));
        }
        if let Some(mirrors) = mirrors.filter(|_| !self.no_mirrors) {
            let mirrors = Arc::new(mirrors.start()?);
            options = options.observer(Arc::new(Mirrored::new(Arc::clone(&mirrors))));
            if let Some(recorder) = recorder {
                options = options.observer(Arc::new(WatchedMirrors {
                    mirrors: Arc::clone(&mirrors),
                    recorder: Arc::clone(recorder),
                    told: Default::default(),
                }));
            }
            beside.mirrors = Some(mirrors);
        }
        if let Some(quarantine) = quarantine.filter(|_| !self.no_quarantine) {
            let quarantine = Arc::new(quarantine.open()?);
            options = options.quarantine(Arc::new(Kept(Arc::clone(&quarantine))));
            beside.quarantine = Some(quarantine);
        }
        Ok((options, beside))
    }
}
