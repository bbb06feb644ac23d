//! From flags to mirrors.

use zb_core::{
    ClientBuilder,
    debug::{Mirrors, Redaction},
};

use crate::arguments::{Debugging, Mirror};

impl Debugging {
    /// With the mirrors that the flags ask for.
    pub(crate) fn apply(&self, builder: ClientBuilder) -> ClientBuilder {
        let Some(directory) = &self.directory else {
            return builder;
        };
        let mut mirrors = Mirrors::builder(directory).rotate_bytes(self.file_bytes);
        if self.only != Some(Mirror::Proto) {
            mirrors = mirrors.arrow();
        }
        if self.only != Some(Mirror::Arrow) {
            mirrors = mirrors.proto();
        }
        if let Some(files) = self.keep_files {
            mirrors = mirrors.keep_files(files);
        }
        for column in &self.hash {
            mirrors = mirrors.redact(column, Redaction::Hash);
        }
        builder.mirrors(mirrors)
    }
}
