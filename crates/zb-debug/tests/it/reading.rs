//! Files that are cut, damaged, or not ours.

use std::{fs, path::Path};

use arrow_array::RecordBatch;
use arrow_ipc::writer::StreamWriter;
use proptest::prelude::*;
use zb_debug::{ArrowFile, Entry, Error, ErrorKind, Kind, Mirrors, ProtoFile, Tail, list};

use super::{batch, descriptor, files, flights, records};

/// A file of each kind with ten batches or a hundred records.
fn written(directory: &Path) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let mirrors = Mirrors::builder(directory).arrow().proto().start().unwrap();
    for i in 0..10 {
        mirrors.batch(&flights(), &batch(i * 10, 10));
        mirrors.records(&flights(), &descriptor(), &records(i * 10..i * 10 + 10));
    }
    mirrors.close().unwrap();
    let proto = &files(directory, Kind::Proto)[0];
    let arrow = fs::read(&files(directory, Kind::Arrow)[0]).unwrap();
    let beside = fs::read(proto.with_extension("desc")).unwrap();
    (arrow, fs::read(proto).unwrap(), beside)
}

fn read_arrow(path: &Path, bytes: &[u8]) -> Result<(Vec<RecordBatch>, Tail), Error> {
    fs::write(path, bytes).unwrap();
    let mut file = ArrowFile::open(path)?;
    let batches = file.by_ref().collect::<Result<_, _>>()?;
    assert!(file.next().is_none());
    Ok((batches, file.tail().unwrap()))
}

fn read_proto(path: &Path, bytes: &[u8]) -> Result<(Vec<Vec<u8>>, Tail), Error> {
    fs::write(path, bytes).unwrap();
    let mut file = ProtoFile::open(path)?;
    let records = file.by_ref().collect::<Result<_, _>>()?;
    assert!(file.next().is_none());
    Ok((records, file.tail().unwrap()))
}

#[test]
fn a_batch_file_cut_anywhere_is_read_up_to_the_cut() {
    let directory = tempfile::tempdir().unwrap();
    let (arrow, ..) = written(directory.path());
    let path = directory.path().join("cut.arrows");
    let mut last = 0;
    let mut tails = [0; 3];
    for len in 0..=arrow.len() {
        match read_arrow(&path, &arrow[..len]) {
            Ok((batches, tail)) => {
                assert!(batches.len() == last || batches.len() == last + 1);
                last = batches.len();
                let expected: Vec<_> = (0..last as i64).map(|i| batch(i * 10, 10)).collect();
                assert_eq!(batches, expected);
                match tail {
                    Tail::Complete => tails[0] += 1,
                    Tail::Open => tails[1] += 1,
                    Tail::Cut { bytes } => {
                        assert!(bytes > 0 && bytes < len as u64);
                        tails[2] += 1;
                    }
                    _ => panic!("{tail:?}"),
                }
            }
            Err(error) => {
                // In the schema, there is nothing to read yet.
                assert_eq!((error.kind(), last), (ErrorKind::Damaged, 0));
            }
        }
    }
    assert_eq!(last, 10);
    // Whole, and after the schema and each of the batches.
    assert_eq!(tails[..2], [1, 11]);
}

#[test]
fn a_record_file_cut_anywhere_is_read_up_to_the_cut() {
    let directory = tempfile::tempdir().unwrap();
    let (_, proto, beside) = written(directory.path());
    let path = directory.path().join("cut.pb");
    fs::write(path.with_extension("desc"), beside).unwrap();
    let all = records(0..100);
    for len in 0..=proto.len() {
        let (read, tail) = read_proto(&path, &proto[..len]).unwrap();
        assert_eq!(read, all[..read.len()]);
        let whole: usize = read.iter().map(|record| record.len() + 1).sum();
        match tail {
            Tail::Complete => assert_eq!(whole, len),
            tail => assert_eq!(
                tail,
                Tail::Cut {
                    bytes: (len - whole) as u64
                }
            ),
        }
    }
}

#[test]
fn damage_is_told_with_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let (arrow, proto, beside) = written(directory.path());
    let path = directory.path().join("bad.arrows");
    let text = |error: Error| error.to_string();

    let error = text(read_arrow(&path, b"id,name\n1,a\n").unwrap_err());
    assert!(error.ends_with("bad.arrows is damaged at byte 0: a message should begin there, and [69, 64, 2c, 6e] was found"), "{error}");
    let error = text(read_arrow(&path, b"").unwrap_err());
    assert!(
        error.ends_with("at byte 0: it ends before its schema does"),
        "{error}"
    );
    let error = text(read_arrow(&path, &[&arrow[..], b"x"].concat()).unwrap_err());
    assert!(error.ends_with(&format!(
        "at byte {}: it goes on after its end",
        arrow.len()
    )));
    let negative = [&[0xff; 4], &(-5_i32).to_le_bytes()[..]].concat();
    let error = text(read_arrow(&path, &negative).unwrap_err());
    assert!(
        error.ends_with("at byte 0: a length of -5 was found"),
        "{error}"
    );
    // A length of 2 GiB in a file of a few bytes.
    let huge = [
        &arrow[..arrow.len() - 8],
        &[0xff; 4],
        &i32::MAX.to_le_bytes()[..],
    ]
    .concat();
    assert_eq!(read_arrow(&path, &huge).unwrap().1, Tail::Cut { bytes: 8 });

    let path = directory.path().join("bad.pb");
    let error = read_proto(&path, &proto).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Read);
    assert!(text(error).contains("bad.desc"));
    fs::write(path.with_extension("desc"), b"\xff").unwrap();
    let error = text(read_proto(&path, &proto).unwrap_err());
    assert!(error.ends_with("bad.desc is damaged at byte 0: it does not describe one message"));
    fs::write(path.with_extension("desc"), beside).unwrap();
    let long = [&proto[..], &[0xff; 9], &[0x01]].concat();
    let error = read_proto(&path, &long).unwrap_err();
    assert!(text(error).contains(&format!("at byte {}: a length of ", proto.len())));
    // 64 MiB are allowed, and are not there.
    let claimed = [&proto[..], b"\x80\x80\x80\x20"].concat();
    assert_eq!(
        read_proto(&path, &claimed).unwrap().1,
        Tail::Cut { bytes: 4 }
    );
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("pipe.arrows");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    let fifo = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, &path, fifo, mode, 0).unwrap();
    assert_eq!(
        ArrowFile::open(&path).unwrap_err().kind(),
        ErrorKind::Damaged
    );
    assert_eq!(
        ProtoFile::open(&path).unwrap_err().kind(),
        ErrorKind::Damaged
    );
    let error = ArrowFile::open(directory.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Damaged);
    let error = ArrowFile::open(directory.path().join("none")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Read);
}

#[test]
fn files_of_others_are_not_listed() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(list(directory.path()).unwrap(), []);
    written(directory.path());
    let arrow = &files(directory.path(), Kind::Arrow)[0];
    let name = arrow.file_name().unwrap().to_str().unwrap();
    fs::write(directory.path().join("notes.arrows"), "").unwrap();
    fs::write(directory.path().join(format!("{name}.bak")), "").unwrap();
    std::os::unix::fs::symlink(arrow, directory.path().join(name)).unwrap();
    assert_eq!(list(directory.path()).unwrap().len(), 2);
    assert_eq!(Entry::at(arrow).unwrap().unwrap().kind(), Kind::Arrow);
    assert_eq!(Entry::at(directory.path().join(name)).unwrap(), None);
    let error = list(directory.path().join("none")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Read);
}

/// A stream of every sort of message.
fn stream() -> Vec<u8> {
    let words: arrow_array::DictionaryArray<arrow_array::types::Int8Type> =
        ["a", "b", "a"].into_iter().collect();
    let views = arrow_array::StringViewArray::from(vec!["x", "a string too long for a view", "y"]);
    let batch = batch(0, 3);
    let columns = vec![
        ("id", batch.column(0).clone()),
        ("name", batch.column(1).clone()),
        ("words", std::sync::Arc::new(words) as _),
        ("views", std::sync::Arc::new(views) as _),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut stream = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    stream.write(&batch).unwrap();
    stream.write(&batch).unwrap();
    stream.into_inner().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_damage_makes_a_reader_panic(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = stream();
        for (at, byte) in flips {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let directory = tempfile::tempdir().unwrap();
        // Read or refused, but never worse.
        let _ = read_arrow(&directory.path().join("x.arrows"), &bytes);
    }
}
