//! A client that knows the secret and means ill.

use std::{collections::BTreeSet, path::Path};

use arrow_schema::{DataType, Field, Schema};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use prost::Message as _;
use prost_types::{
    DescriptorProto, FieldDescriptorProto,
    field_descriptor_proto::{Label, Type},
};
use reqwest::StatusCode;
use serde_json::json;
use tonic::Code;
use zb_local::Server;
use zb_types::ExposeSecret as _;

use crate::{
    client::{
        Said, Stream, TABLE_HEADER, batch, create, encoder, http, record, refusal, rest_form, rows,
        token, token_form,
    },
    lake::{flights, ids, schema, server, table_name},
    proto::{
        CreateIngestStreamRequest, IngestRecordRequest, RecordType,
        ephemeral_stream_request::Payload, ingest_record_request::Record,
    },
};

/// Names that lead elsewhere, or would where somebody did not look.
fn names() -> Vec<String> {
    let mut names: Vec<String> = [
        "../../etc.passwd.x",
        "main.nyc.../../../escaped",
        "...",
        "main.nyc.",
        "main.nyc.a/b",
        "main.nyc.a\\b",
        "/tmp/x.y.z",
        "main.nyc.%2e%2e%2fescaped",
        "main.nyc.a\0b",
        "main.nyc.a\nb",
        "main.nyc.tâble",
        "main.nyc.\u{202e}txt",
        "main.nyc.flights ",
        "MAIN.nyc",
        "main.nyc.flights.more",
        "C:.x.y",
        "~.x.y",
    ]
    .map(str::to_owned)
    .into();
    names.push(format!("main.nyc.{}", "x".repeat(256)));
    names.push(format!("main.nyc.{}", "x".repeat(6_000)));
    names
}

/// Everything below a directory, and beside it.
fn everything(dir: &Path) -> BTreeSet<std::path::PathBuf> {
    let mut found = BTreeSet::new();
    let mut open = vec![dir.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path.clone());
            }
            found.insert(path);
        }
    }
    found
}

#[tokio::test]
async fn no_name_leads_out_of_the_directory_by_any_door() {
    let dir = tempfile::tempdir().unwrap();
    let lake = dir.path().join("lake");
    let server = Server::builder(&lake).auto_create().start().await.unwrap();
    server.create_table(&table_name(), &schema()).await.unwrap();
    let before = everything(dir.path());
    let rest = token(&server, &rest_form()).await;
    let good = token(&server, &token_form(&table_name())).await;
    let bearer = format!("Bearer {good}");
    for name in names() {
        let shown: String = name.chars().take(40).collect();
        // A token for such a table.
        let mut form = token_form(&table_name());
        for (_, value) in &mut form {
            *value = value.replace(
                "main.nyc.flights",
                &json!(name).to_string().replace('"', ""),
            );
        }
        let url = format!("{}/oidc/v1/token", server.unity_catalog_url());
        let secret = server.client_secret().expose_secret();
        let asked = http(&server).post(url).form(&form);
        let asked = asked.basic_auth(server.client_id(), Some(secret));
        let status = asked.send().await.unwrap().status();
        assert_eq!(status, StatusCode::BAD_REQUEST, "{shown}");

        // The catalog, and the insertion over REST, with what is no letter or digit in escaped form.
        let encoded = percent_encode(name.as_bytes(), NON_ALPHANUMERIC).to_string();
        let (catalog, endpoint) = (server.unity_catalog_url(), server.endpoint());
        let url = format!("{catalog}/api/2.1/unity-catalog/tables/{encoded}");
        let asked = http(&server).get(url).bearer_auth(&rest).send();
        assert_eq!(
            asked.await.unwrap().status(),
            StatusCode::BAD_REQUEST,
            "{shown}"
        );
        let url = format!("{endpoint}/zerobus/v1/tables/{encoded}/insert");
        let sent = http(&server).post(url).bearer_auth(&good).body("[]").send();
        assert_eq!(
            sent.await.unwrap().status(),
            StatusCode::BAD_REQUEST,
            "{shown}"
        );

        // A stream, by its request and, where it can be one at all, by its header.
        let mut stream = Stream::authorized(&server, &table_name()).await;
        stream.send(create(&name, &encoder(&schema()))).await;
        assert_eq!(
            refusal(&mut stream).await.0,
            Code::InvalidArgument,
            "{shown}"
        );
        if name.chars().all(|c| matches!(c, ' '..='~')) {
            let headers = [("authorization", &*bearer), (TABLE_HEADER, &*name)];
            let mut stream = Stream::call(&server, &headers).await;
            stream.send(create(&name, &encoder(&schema()))).await;
            let (code, _) = refusal(&mut stream).await;
            // A name that is none, or, where spaces around it are not the header's, another table's.
            let expected = [Code::InvalidArgument, Code::PermissionDenied];
            assert!(expected.contains(&code), "{shown}: {code:?}");
        }
    }
    assert_eq!(everything(dir.path()), before);
    server.shutdown().await.unwrap();
}

/// A field of the message `Loop`, of that very type.
fn endless() -> DescriptorProto {
    let field = FieldDescriptorProto {
        name: Some("again".to_owned()),
        number: Some(1),
        label: Some(Label::Optional.into()),
        r#type: Some(Type::Message.into()),
        type_name: Some(".Loop".to_owned()),
        ..FieldDescriptorProto::default()
    };
    DescriptorProto {
        name: Some("Loop".to_owned()),
        field: vec![field],
        ..DescriptorProto::default()
    }
}

/// A message with a message in it, so many deep.
fn deep(levels: usize) -> DescriptorProto {
    let mut inner = DescriptorProto {
        name: Some("M".to_owned()),
        field: vec![FieldDescriptorProto {
            name: Some("x".to_owned()),
            number: Some(1),
            label: Some(Label::Optional.into()),
            r#type: Some(Type::Int64.into()),
            ..FieldDescriptorProto::default()
        }],
        ..DescriptorProto::default()
    };
    for level in 0..levels {
        let field = FieldDescriptorProto {
            name: Some("x".to_owned()),
            number: Some(1),
            label: Some(Label::Optional.into()),
            r#type: Some(Type::Message.into()),
            type_name: inner.name.clone(),
            ..FieldDescriptorProto::default()
        };
        inner = DescriptorProto {
            name: Some(format!("M{level}")),
            field: vec![field],
            nested_type: vec![inner],
            ..DescriptorProto::default()
        };
    }
    inner
}

fn wide(columns: usize) -> DescriptorProto {
    let fields = (0..columns).map(|n| Field::new(format!("c{n}"), DataType::Int64, true));
    let fields: Vec<_> = fields.collect();
    // The encoder would refuse more than the service takes, so the last ones are put in by hand.
    let mut message = encoder(&Schema::new(fields[..2_000].to_vec()))
        .descriptor()
        .clone();
    for (number, field) in fields.iter().enumerate().skip(2_000) {
        let mut more = message.field[0].clone();
        more.name = Some(field.name().clone());
        more.number = Some(number as i32 + 1);
        message.field.push(more);
    }
    message
}

#[tokio::test]
async fn a_descriptor_that_cannot_be_a_table_makes_none() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::builder(dir.path())
        .auto_create()
        .start()
        .await
        .unwrap();
    let table = "main.nyc.hostile".parse().unwrap();
    let odd = |name: &str| {
        let mut message = encoder(&schema()).descriptor().clone();
        message.field[0].name = Some(name.to_owned());
        message
    };
    for (what, message) in [
        ("contains itself", endless()),
        ("too deep", deep(200)),
        ("too wide", wide(2_001)),
        ("nothing", DescriptorProto::default()),
        ("no name", odd("")),
        ("a path", odd("../../x")),
        ("a line", odd("a\nb")),
        ("a nul", odd("a\0b")),
        ("the same twice", odd("name")),
    ] {
        let mut stream = Stream::authorized(&server, &table).await;
        let request = CreateIngestStreamRequest {
            table_name: Some(table.to_string()),
            descriptor_proto: Some(message.encode_to_vec()),
            record_type: Some(RecordType::Proto.into()),
            avro_schema_json: None,
        };
        stream.send(Payload::CreateStream(request)).await;
        let (code, text) = refusal(&mut stream).await;
        assert_eq!(code, Code::InvalidArgument, "{what}: {text}");
        assert!(!server.table_path(&table).exists(), "{what}: {text}");
    }
    server.shutdown().await.unwrap();
}

/// What a stream of records in Avro ends with.
async fn avro(server: &Server, schema: &str, row: Vec<u8>) -> (Code, String) {
    let mut stream = Stream::authorized(server, &table_name()).await;
    let request = CreateIngestStreamRequest {
        table_name: Some(table_name().to_string()),
        descriptor_proto: None,
        record_type: Some(RecordType::Avro.into()),
        avro_schema_json: Some(schema.to_owned()),
    };
    stream.send(Payload::CreateStream(request)).await;
    match stream.next().await {
        Said::Created => {}
        Said::Failed(code, text) => return (code, text),
        other => panic!("{other:?}"),
    }
    let request = IngestRecordRequest {
        offset_id: Some(0),
        record: Some(Record::AvroEncodedRecord(row)),
    };
    stream.send(Payload::IngestRecord(request)).await;
    match stream.end().await {
        (None, Said::Failed(code, text)) => (code, text),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn avro_of_a_few_bytes_takes_no_memory_and_no_stack() {
    let (server, _dir) = server(|builder| builder).await;
    let field = |of: &str| {
        format!(r#"{{"type":"record","name":"r","fields":[{{"name":"name","type":{of}}}]}}"#)
    };
    let most = vec![0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    // Half a gigabyte, which the reader's own limit lets through.
    let much = vec![0x80, 0x80, 0x80, 0x08];
    let deep = format!(
        "{}\"long\"{}",
        r#"{"type":"array","items":"#.repeat(5_000),
        "}".repeat(5_000)
    );
    for (of, row) in [
        (
            r#"{"type":"fixed","name":"f","size":4611686018427387904}"#,
            vec![0],
        ),
        (r#"{"type":"array","items":"null"}"#, most.clone()),
        (r#"{"type":"array","items":"boolean"}"#, much.clone()),
        (r#"{"type":"map","values":"boolean"}"#, much.clone()),
        (r#""string""#, most),
        (r#""bytes""#, much),
        (r#""r""#, vec![]),
        (r#"["null","r"]"#, vec![2; 4_000_000]),
        (&deep, vec![]),
    ] {
        let (code, text) = avro(&server, &field(of), row).await;
        assert_eq!(code, Code::InvalidArgument, "{of:.60}: {text}");
    }
    // It is all there afterwards.
    let encoder = encoder(&schema());
    let mut stream = Stream::open(&server, &table_name(), &encoder).await;
    stream.send(batch(0, rows(&encoder, &flights(0..3)))).await;
    stream.acked(0).await;
    assert_eq!(ids(&server).await, [0, 1, 2]);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn json_that_is_deep_is_refused() {
    let (server, _dir) = server(|builder| builder).await;
    let token = token(&server, &token_form(&table_name())).await;
    let url = format!(
        "{}/zerobus/v1/tables/main.nyc.flights/insert",
        server.endpoint()
    );
    for (open, close) in [("[", "]"), (r#"[{"id":"#, "}]")] {
        let body = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        let sent = http(&server).post(&url).bearer_auth(&token).body(body);
        assert_eq!(sent.send().await.unwrap().status(), StatusCode::BAD_REQUEST);
    }
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn packed_messages_are_not_unpacked() {
    let (server, _dir) = server(|builder| builder).await;
    let bearer = format!(
        "Bearer {}",
        token(&server, &token_form(&table_name())).await
    );
    let table = table_name();
    let headers = [
        ("authorization", &*bearer),
        (TABLE_HEADER, table.as_str()),
        ("grpc-encoding", "gzip"),
    ];
    let channel = tonic::transport::Channel::from_shared(server.endpoint().to_owned());
    let channel = channel.unwrap().connect().await.unwrap();
    let refused = Stream::call_on(channel, &headers).await;
    assert_eq!(
        refused.err().map(|status| status.code()),
        Some(Code::Unimplemented)
    );
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_request_over_its_limit_is_refused_before_it_is_read() {
    let (server, _dir) = server(|builder| builder).await;
    let token = token(&server, &token_form(&table_name())).await;
    let body = "x".repeat(21 * 1024 * 1024);
    let url = format!(
        "{}/zerobus/v1/tables/main.nyc.flights/insert",
        server.endpoint()
    );
    let sent = http(&server)
        .post(url)
        .bearer_auth(&token)
        .body(body.clone());
    // It may be answered before all of it is written, which some clients take for an error.
    if let Ok(answer) = sent.send().await {
        assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
    let url = format!("{}/oidc/v1/token", server.unity_catalog_url());
    let sent = http(&server)
        .post(url)
        .header("content-type", "application/x-www-form-urlencoded")
        .basic_auth(
            server.client_id(),
            Some(server.client_secret().expose_secret()),
        )
        .body(body);
    if let Ok(answer) = sent.send().await {
        assert!(answer.status().is_client_error(), "{}", answer.status());
    }
    assert_eq!(server.stats().tokens_issued, 1);
    assert_eq!(server.stats().requests, 0);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn who_says_nothing_keeps_nobody_else_waiting() {
    let (server, _dir) = server(|builder| builder).await;
    let address = server.endpoint().replace("http://", "");
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(tokio::net::TcpStream::connect(&address).await.unwrap());
    }
    let encoder = encoder(&schema());
    let mut stream = Stream::open(&server, &table_name(), &encoder).await;
    stream.send(record(0, vec![0x08, 0x01])).await;
    stream.acked(0).await;
    drop(silent);
    server.shutdown().await.unwrap();
}
