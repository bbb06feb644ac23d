//! The names of the files: `TABLE-TIME-PROCESS.ENDING`.

use std::fmt;

use crate::{kind::Kind, stamp::Stamp, stem};

/// The name of a file, parsed strictly: what is not spelt as ours is not taken for ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileName {
    pub(crate) stem: String,
    pub(crate) stamp: Stamp,
    pub(crate) process: u32,
    pub(crate) kind: Kind,
}

impl FileName {
    pub(crate) fn new(stem: &str, stamp: Stamp, kind: Kind) -> Self {
        Self {
            stem: stem.to_owned(),
            stamp,
            process: std::process::id(),
            kind,
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (rest, extension) = name.rsplit_once('.')?;
        let (rest, process) = rest.rsplit_once('-')?;
        let (stem, stamp) = rest.rsplit_once('-')?;
        let parsed = Self {
            stem: stem.to_owned(),
            stamp: Stamp::parse(stamp)?,
            process: process.parse().ok()?,
            kind: Kind::from_extension(extension)?,
        };
        (stem::is_stem(stem) && parsed.to_string() == name).then_some(parsed)
    }

    /// The name of the file with the types of the messages in this one.
    pub(crate) fn descriptor(&self) -> String {
        self.with_extension("desc")
    }

    fn with_extension(&self, extension: &str) -> String {
        let Self {
            stem,
            stamp,
            process,
            kind: _,
        } = self;
        format!("{stem}-{stamp}-{process}.{extension}")
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with_extension(self.kind.extension()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::stamp::Stamps;

    #[test]
    fn names_are_read_strictly() {
        let name = "main.nyc.fl-ights-20251122T183444.000001Z-77.arrows";
        let parsed = FileName::parse(name).unwrap();
        assert_eq!(parsed.stem, "main.nyc.fl-ights");
        assert_eq!(parsed.process, 77);
        assert_eq!(parsed.to_string(), name);
        for other in [
            "main.nyc.flights-20251122T183444.000001Z-077.arrows",
            "main.nyc.flights-20251122T183444.000001Z-+7.arrows",
            "main.nyc.flights-20251122T183444.000001Z-7.arrows.bak",
            "main.nyc.flights-20251122T183444.000001Z-7.arrow",
            "main.nyc.flights-20251122T183444.000001Z.arrows",
            "main.nyc.fl ights-20251122T183444.000001Z-7.arrows",
            "%6Dain.nyc.flights-20251122T183444.000001Z-7.arrows",
            "",
        ] {
            assert_eq!(FileName::parse(other), None, "{other}");
        }
    }

    #[test]
    fn the_longest_names_fit_a_file_system() {
        let stamps = Stamps::new(|| UNIX_EPOCH + Duration::from_secs(1));
        let table = "ä".repeat(1000);
        for len in 0..table.len() / 2 {
            let table: String = table.chars().take(len).collect();
            let mut name = FileName::new(&stem::of(&table), stamps.next(), Kind::Arrow);
            name.process = u32::MAX;
            assert!(name.to_string().len() <= 255);
            assert_eq!(FileName::parse(&name.to_string()), Some(name));
        }
    }
}
