//! A file that ends with a whole batch, whatever happens.

use std::{
    fs::File,
    io::{self, Write},
};

use arrow_array::RecordBatch;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, Schema};

/// Where bytes are appended.
pub(super) trait Storage: Write {
    /// Takes back all but the first bytes.
    fn cut(&mut self, length: u64) -> io::Result<()>;
    /// Whether nobody can find it any more.
    fn is_gone(&self) -> bool;
}

impl Storage for File {
    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    #[cfg(unix)]
    fn is_gone(&self) -> bool {
        let links = |found| std::os::unix::fs::MetadataExt::nlink(&found);
        self.metadata().map(links).is_ok_and(|links| links == 0)
    }

    #[cfg(not(unix))]
    fn is_gone(&self) -> bool {
        false
    }
}

/// An IPC stream. Batches are encoded in memory and appended in one go; one that does not fit is taken
/// back, so that a reader finds all that came before.
pub(super) struct Stream<S> {
    storage: S,
    encoder: StreamWriter<Vec<u8>>,
    length: u64,
}

impl<S: Storage> Stream<S> {
    /// Begins with the schema.
    pub(super) fn begin(storage: S, schema: &Schema) -> Result<Self, ArrowError> {
        let mut stream = Self {
            storage,
            encoder: StreamWriter::try_new(Vec::new(), schema)?,
            length: 0,
        };
        stream.append()?;
        Ok(stream)
    }

    /// Appends a batch, or leaves the file as it was.
    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        self.encoder.write(batch)?;
        self.append()
    }

    /// Appends the mark of the end. Readers do without it, so nothing depends on whether it fits.
    pub(super) fn end(mut self) {
        if self.encoder.finish().is_ok() {
            drop(self.append());
        }
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn is_gone(&self) -> bool {
        self.storage.is_gone()
    }

    fn append(&mut self) -> Result<(), ArrowError> {
        let bytes = std::mem::take(self.encoder.get_mut());
        let written = self.storage.write_all(&bytes);
        if let Err(error) = written.and_then(|()| self.storage.flush()) {
            self.storage.cut(self.length)?;
            return Err(error.into());
        }
        self.length += bytes.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{StringArray, record_batch};
    use arrow_ipc::reader::StreamReader;

    use super::*;

    /// A disk with so much room.
    struct Disk {
        bytes: Vec<u8>,
        room: usize,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let fits = bytes.len().min(self.room - self.bytes.len());
            if fits == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.bytes.extend(&bytes[..fits]);
            Ok(fits)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Storage for Disk {
        fn cut(&mut self, length: u64) -> io::Result<()> {
            self.bytes.truncate(usize::try_from(length).unwrap());
            Ok(())
        }

        fn is_gone(&self) -> bool {
            false
        }
    }

    #[test]
    fn a_full_disk_costs_only_what_does_not_fit() {
        let batch = |name: &str| record_batch!(("name", Utf8, [name])).unwrap();
        let bytes = Vec::new();
        let disk = Disk { bytes, room: 700 };
        let mut stream = Stream::begin(disk, &batch("").schema()).unwrap();
        stream.write(&batch("first")).unwrap();
        let error = stream.write(&batch(&"long".repeat(1000))).unwrap_err();
        assert!(error.to_string().contains("storage"), "{error}");
        let length = stream.length();
        // Somebody makes room.
        stream.storage.room = 1_000_000;
        stream.write(&batch("third")).unwrap();
        assert!(stream.length() > length);

        let reader = StreamReader::try_new(&stream.storage.bytes[..], None).unwrap();
        let names = reader.map(|batch| batch.unwrap().column(0).clone());
        let expected = |name| Arc::new(StringArray::from(vec![name])) as _;
        assert_eq!(
            names.collect::<Vec<arrow_array::ArrayRef>>(),
            [expected("first"), expected("third")]
        );
    }

    #[test]
    fn a_disk_without_room_for_a_schema_gets_no_file() {
        let batch = record_batch!(("name", Utf8, ["first"])).unwrap();
        let bytes = Vec::new();
        let disk = Disk { bytes, room: 10 };
        assert!(Stream::begin(disk, &batch.schema()).is_err());
    }
}
