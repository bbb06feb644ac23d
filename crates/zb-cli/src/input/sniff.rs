//! What the first bytes of a file say about it.

use std::fmt;

/// How many bytes are looked at.
pub(super) const HEAD: usize = 64;

/// What a file is, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Empty,
    Parquet,
    EncryptedParquet,
    ArrowFile,
    ArrowStream,
    FeatherV1,
    Avro,
    Orc,
    Gzip,
    Zstd,
    Xz,
    Bzip2,
    Zip,
    Utf16,
    /// None of these: text, most likely.
    Unknown,
}

/// Marks that text can begin with too, so they count only where bytes follow that text has not.
const IN_LETTERS: [(&[u8], Content); 6] = [
    (b"PAR1", Content::Parquet),
    (b"PARE", Content::EncryptedParquet),
    (b"ARROW1", Content::ArrowFile),
    (b"FEA1", Content::FeatherV1),
    (b"ORC", Content::Orc),
    (b"BZh", Content::Bzip2),
];

/// Marks that no text begins with.
const IN_BYTES: [(&[u8], Content); 8] = [
    (b"\xFF\xFF\xFF\xFF", Content::ArrowStream),
    (b"Obj\x01", Content::Avro),
    (b"\x1F\x8B", Content::Gzip),
    (b"\x28\xB5\x2F\xFD", Content::Zstd),
    (b"\xFD7zXZ\0", Content::Xz),
    (b"PK\x03\x04", Content::Zip),
    (b"\xFF\xFE", Content::Utf16),
    (b"\xFE\xFF", Content::Utf16),
];

impl Content {
    /// By the first [`HEAD`] bytes, or all there are.
    pub(super) fn of(head: &[u8]) -> Self {
        if head.is_empty() {
            return Self::Empty;
        }
        let begins = |marks: &[(&[u8], Self)]| {
            let mark = marks.iter().find(|(mark, _)| head.starts_with(mark));
            mark.map(|(_, content)| *content)
        };
        let is_text = head.iter().all(|&byte| byte >= b'\t' && byte != 0x7F);
        begins(&IN_BYTES)
            .or_else(|| begins(&IN_LETTERS).filter(|_| !is_text))
            .unwrap_or(Self::Unknown)
    }

    /// What to do with a file that is not read as it is.
    pub(crate) fn advice(self) -> &'static str {
        match self {
            Self::Gzip => "decompress it first: gunzip -c FILE | zb send - --format csv",
            Self::Zstd => "decompress it first: zstd -dc FILE | zb send - --format csv",
            Self::Xz => "decompress it first: xz -dc FILE | zb send - --format csv",
            Self::Bzip2 => "decompress it first: bunzip2 -c FILE | zb send - --format csv",
            Self::Zip => "unpack it first",
            Self::Utf16 => "convert it to UTF-8 first: iconv -f UTF-16 -t UTF-8 FILE",
            Self::EncryptedParquet => "write it without encryption",
            _ => "write it as Parquet or Arrow IPC",
        }
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "empty",
            Self::Parquet => "Parquet",
            Self::EncryptedParquet => "encrypted Parquet",
            Self::ArrowFile => "an Arrow IPC file",
            Self::ArrowStream => "an Arrow IPC stream",
            Self::FeatherV1 => "Feather V1",
            Self::Avro => "Avro",
            Self::Orc => "ORC",
            Self::Gzip => "compressed with gzip",
            Self::Zstd => "compressed with zstd",
            Self::Xz => "compressed with xz",
            Self::Bzip2 => "compressed with bzip2",
            Self::Zip => "a ZIP archive",
            Self::Utf16 => "text in UTF-16",
            Self::Unknown => "of unknown content",
        })
    }
}
