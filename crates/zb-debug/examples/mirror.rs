//! Mirrors a thousand rows, in batches of ten, to the directory that is named, or to one that is gone
//! afterwards: `cargo run -p zb-debug --example mirror DIR`.
#![allow(clippy::print_stdout, reason = "an example shows what it did")]

use std::{error::Error, sync::Arc};

use arrow_array::{Int64Array, RecordBatch, StringArray};
use prost_types::{
    DescriptorProto, FieldDescriptorProto,
    field_descriptor_proto::{Label, Type},
};
use zb_debug::{Mirrors, TableName, list};

/// A record as it is sent.
#[derive(Clone, PartialEq, prost::Message)]
struct Row {
    #[prost(int64, required, tag = "1")]
    id: i64,
    #[prost(string, optional, tag = "2")]
    name: Option<String>,
}

fn field(name: &str, number: i32, label: Label, kind: Type) -> FieldDescriptorProto {
    FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        label: Some(label.into()),
        r#type: Some(kind.into()),
        ..FieldDescriptorProto::default()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let own = std::env::temp_dir().join(format!("zb-debug-example-{}", std::process::id()));
    let directory = std::env::args_os().nth(1).map_or(own.clone(), Into::into);
    std::fs::create_dir_all(&directory)?;
    let table: TableName = "main.default.people".parse()?;
    let descriptor = Arc::new(DescriptorProto {
        name: Some("People".to_owned()),
        field: vec![
            field("id", 1, Label::Required, Type::Int64),
            field("name", 2, Label::Optional, Type::String),
        ],
        ..DescriptorProto::default()
    });
    let mirrors = Mirrors::builder(&directory)
        .arrow()
        .proto()
        .rotate_rows(400)
        .start()?;
    for first in (0..1000).step_by(10) {
        let rows = (first..first + 10).map(|id| Row {
            id,
            name: (id % 3 != 0).then(|| format!("number {id}")),
        });
        let rows: Vec<Row> = rows.collect();
        let ids = Int64Array::from_iter_values(rows.iter().map(|row| row.id));
        let names: StringArray = rows.iter().map(|row| row.name.as_deref()).collect();
        let batch = RecordBatch::try_from_iter([
            ("id", Arc::new(ids) as _),
            ("name", Arc::new(names) as _),
        ])?;
        mirrors.batch(&table, &batch);
        let records: Vec<_> = rows.iter().map(prost::Message::encode_to_vec).collect();
        mirrors.records(&table, &descriptor, &records);
    }
    println!("{:#?}", mirrors.close()?);
    for entry in list(directory)? {
        println!("{} bytes: {}", entry.bytes(), entry.path().display());
    }
    let _ = std::fs::remove_dir_all(own);
    Ok(())
}
