//! Which format a file is read as, and what is said when that does not work out.

use std::path::Path;

use super::*;

fn forced(format: Format) -> Options {
    Options {
        format: Some(format),
        ..Options::default()
    }
}

#[test]
fn extensions_name_formats() {
    for (name, format) in [
        ("a.parquet", Some(Format::Parquet)),
        ("a.PARQUET", Some(Format::Parquet)),
        ("a.arrow", Some(Format::Arrow)),
        ("a.arrows", Some(Format::Arrow)),
        ("a.feather", Some(Format::Arrow)),
        ("a.ipc", Some(Format::Arrow)),
        ("a.b.csv", Some(Format::Csv)),
        ("a.ndjson", Some(Format::Ndjson)),
        ("a.jsonl", Some(Format::Ndjson)),
        ("a.json", None),
        ("csv", None),
    ] {
        assert_eq!(Format::of_path(Path::new(name)), format, "{name}");
    }
}

/// What is said of a file with this name and content.
fn check(name: &str, content: &[u8], options: &Options, expected: &str) {
    let folder = Folder::new();
    let path = folder.file(name, content);
    assert_eq!(failure(&path, options), expected);
}

const PARQUET: &[u8] = b"PAR1\x15\x04\x15\x10";

#[test]
fn a_file_is_what_its_first_bytes_say() {
    check(
        "a.csv",
        PARQUET,
        &Options::default(),
        "FOLDER/a.csv is Parquet by its first bytes, not CSV as its name says; rename it, or say \
         --format parquet",
    );
    check(
        "a.parquet",
        PARQUET,
        &forced(Format::Arrow),
        "FOLDER/a.parquet is Parquet by its first bytes, not Arrow IPC as --format says; leave that \
         out",
    );
    check(
        "a.parquet",
        b"year,month,day\n2013,1,1\n",
        &Options::default(),
        "FOLDER/a.parquet is not Parquet: it begins with \"year,month,day\\n2\"; if it is text, say \
         --format csv or ndjson",
    );
}

#[test]
fn text_may_begin_with_the_letters_of_a_mark() {
    let folder = Folder::new();
    for header in ["PAR1,PAR2", "ORC_ID,x", "ARROW1,x", "BZh,x", "FEA1,x"] {
        let path = folder.file("a.csv", format!("{header}\n1,2\n"));
        assert_eq!(
            read(&path, &Options::default()).unwrap()[0].num_rows(),
            1,
            "{header}"
        );
    }
}

#[test]
fn an_empty_file_is_no_file() {
    for name in ["a.parquet", "a.csv", "a.ndjson", "a.arrow", "a"] {
        let expected = format!("FOLDER/{name} is empty: it has not a single byte");
        check(name, b"", &Options::default(), &expected);
    }
}

#[test]
fn compressed_text_is_refused_with_the_way_out() {
    check(
        "a.csv",
        b"\x1F\x8B\x08\x00\x00",
        &Options::default(),
        "FOLDER/a.csv is compressed with gzip, which is not read: decompress it first: gunzip -c \
         FILE | zb send - --format csv",
    );
    let folder = Folder::new();
    for (magic, word) in [
        (&b"\x28\xB5\x2F\xFD\x04\x00"[..], "zstd"),
        (b"\xFD7zXZ\0\0", "xz"),
        (b"BZh91AY\x01", "bzip2"),
        (b"PK\x03\x04", "ZIP"),
        (b"\xFF\xFEa\0,\0b\0", "UTF-16"),
        (b"Obj\x01\x04", "Avro"),
        (b"ORC\x08\x03\x10", "ORC"),
        (b"FEA1\0\0\0\0", "Feather V1"),
        (b"PARE\x15\x04", "encrypted"),
    ] {
        for name in ["a.csv", "a.csv.gz", "a.parquet"] {
            let text = failure(&folder.file(name, magic), &Options::default());
            assert!(
                text.contains(word) && text.contains("not read"),
                "{word}: {text}"
            );
        }
    }
}

#[test]
fn a_name_that_says_nothing_asks_for_the_format() {
    check(
        "a.txt",
        b"a,b\n1,2\n",
        &Options::default(),
        "what FOLDER/a.txt is cannot be told from its name: say --format parquet, arrow, csv or \
         ndjson",
    );
    let folder = Folder::new();
    let path = folder.file("a.txt", "a,b\n1,2\n");
    assert_eq!(read(&path, &forced(Format::Csv)).unwrap()[0].num_rows(), 1);
}

#[test]
fn a_pipe_of_text_asks_for_the_format() {
    let options = Options::default();
    let error = Input::from_reader("pipe", pipe("a,b\n1,2\n"), &options).err();
    assert!(
        matches!(error, Some(Error::UnknownFormat { .. })),
        "{error:?}"
    );
    let input = Input::from_reader("pipe", pipe("a,b\n1,2\n"), &forced(Format::Csv)).unwrap();
    assert_eq!(input.count(), 1);
}

#[test]
fn what_is_not_there_or_no_file_says_so() {
    let folder = Folder::new();
    let missing = folder.0.path().join("none.csv");
    let text = failure(&missing, &Options::default());
    assert!(
        text.starts_with("FOLDER/none.csv cannot be opened: No such file"),
        "{text}"
    );
    let error = Input::open(folder.0.path(), &Options::default())
        .err()
        .unwrap();
    assert!(
        told(&error).ends_with("cannot be opened: is a directory"),
        "{}",
        told(&error)
    );
}
