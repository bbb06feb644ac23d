//! Files with bytes that were changed on the way: an error or the rows, never a panic.

use super::*;

/// The flights that the repository keeps as an Arrow stream.
fn flights() -> Vec<u8> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data");
    fs::read(data.join("flights-500.arrows")).unwrap()
}

/// Where the first batch says where its buffers lie: an offset and a length for each.
fn buffers(stream: &[u8]) -> std::ops::Range<usize> {
    let end_of_message = |at: usize| {
        let bytes = stream[at + 4..at + 8].try_into().unwrap();
        at + 8 + usize::try_from(u32::from_le_bytes(bytes)).unwrap()
    };
    // After the schema, which has no body.
    let start = end_of_message(0);
    let message = arrow_ipc::root_as_message(&stream[start + 8..end_of_message(start)]).unwrap();
    let batch = message.header_as_record_batch().unwrap();
    let buffers = batch.buffers().unwrap().bytes();
    let at = buffers.as_ptr().addr() - stream.as_ptr().addr();
    at..at + buffers.len()
}

fn rows(content: &[u8], name: &str, folder: &Folder) -> Result<usize, Error> {
    let batches = read(&folder.file(name, content), &Options::default())?;
    Ok(batches.iter().map(RecordBatch::num_rows).sum())
}

#[test]
fn a_buffer_that_lies_past_the_batch_is_an_error() {
    let folder = Folder::new();
    let intact = flights();
    let mut panicked = 0;
    for at in buffers(&intact).step_by(8) {
        let mut damaged = intact.clone();
        // Far beyond the end of the batch.
        damaged[at + 4] ^= 0x40;
        let error = rows(&damaged, "flights.arrows", &folder).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "at {at}: {error}");
        panicked += usize::from(told(&error).contains("contradict"));
    }
    assert!(
        panicked > 0,
        "the reader checks by itself what this test is about"
    );
}

#[test]
fn two_hundred_damaged_files_are_read_or_refused() {
    let folder = Folder::new();
    let stream = flights();
    let parquet = binary::parquet(&[numbers(500)], 100);
    let file = binary::arrow_file(&[numbers(500)]);
    for (name, intact) in [
        ("f.arrows", stream),
        ("f.parquet", parquet),
        ("f.arrow", file),
    ] {
        for i in 0..200_usize {
            let mut damaged = intact.clone();
            // Spread over the file, and over the bits: the same ones each time.
            let at = i * intact.len() / 200 + i % 7;
            if let Some(byte) = damaged.get_mut(at) {
                *byte ^= 1 << (i % 8);
            }
            // Which of them it is does not matter: a panic would fail the test.
            let _ = rows(&damaged, name, &folder);
        }
    }
}

#[test]
fn a_batch_that_says_it_is_huge_is_no_reason_to_ask_for_so_much_memory() {
    let folder = Folder::new();
    let huge = (1_u64 << 45).to_le_bytes();
    for (name, intact) in [
        ("f.arrows", binary::arrow_stream(&[numbers(500)])),
        ("f.arrow", binary::arrow_file(&[numbers(500)])),
    ] {
        for at in (0..intact.len() - 8).step_by(8) {
            // A length of a batch is small, and not nothing.
            let number = u64::from_le_bytes(intact[at..at + 8].try_into().unwrap());
            if (1..1 << 20).contains(&number) {
                let mut damaged = intact.clone();
                damaged[at..at + 8].copy_from_slice(&huge);
                // Which of them can be read does not matter: to abort would fail the test.
                let _ = rows(&damaged, name, &folder);
            }
        }
    }
}
