//! What is checked before a stream is accepted, and in which words it is refused.

use std::time::Duration;

use tonic::Code;

use crate::{
    client::{
        Said, Stream, TABLE_HEADER, batch, create, encoder, record, refusal, rest_form, token,
        token_form,
    },
    lake::{schema, server, table_name},
    proto::{CreateIngestStreamRequest, RecordType, ephemeral_stream_request::Payload},
};

/// A call with these headers; the create request is right.
async fn refused(server: &zb_local::Server, headers: &[(&'static str, &str)]) -> (Code, String) {
    let mut stream = Stream::call(server, headers).await;
    stream
        .send(create(table_name().as_str(), &encoder(&schema())))
        .await;
    refusal(&mut stream).await
}

#[tokio::test]
async fn headers_come_before_the_first_message() {
    let (server, _dir) = server(|builder| builder).await;
    // `authorized` returns with the response headers; nothing was sent.
    let mut stream = Stream::authorized(&server, &table_name()).await;
    stream
        .send(create(table_name().as_str(), &encoder(&schema())))
        .await;
    assert_eq!(stream.next().await, Said::Created);
    assert_eq!(server.stats().streams_opened, 1);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_token_must_be_there_and_good() {
    let (server, _dir) = server(|builder| builder).await;
    let table = table_name();
    let table = table.as_str();
    for (headers, expected) in [
        (vec![], "The authorization header is missing."),
        (
            vec![("authorization", "Basic abc")],
            "The authorization header is not a bearer token.",
        ),
        (
            vec![("authorization", "Bearer abc")],
            "the token was not issued by this server",
        ),
    ] {
        let mut headers = headers;
        headers.push((TABLE_HEADER, table));
        let (code, message) = refused(&server, &headers).await;
        assert_eq!((code, &*message), (Code::Unauthenticated, expected));
    }
    assert_eq!(server.stats().opens, 3);
    assert_eq!(server.stats().streams_opened, 0);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_expired_token_is_refused() {
    let (server, _dir) = server(|builder| builder.token_lifetime(Duration::ZERO)).await;
    let table = table_name();
    let bearer = format!("Bearer {}", token(&server, &token_form(&table)).await);
    let headers = [("authorization", &*bearer), (TABLE_HEADER, table.as_str())];
    let (code, message) = refused(&server, &headers).await;
    assert_eq!(
        (code, &*message),
        (Code::Unauthenticated, "the token has expired")
    );
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_token_is_good_for_one_table() {
    let (server, _dir) = server(|builder| builder).await;
    let table = table_name();
    let other = "main.nyc.weather".parse().unwrap();
    for (form, expected) in [
        (
            token_form(&other),
            "The token is for table \"main.nyc.weather\", not for \"main.nyc.flights\".",
        ),
        (
            rest_form(),
            "The token carries no privilege on table \"main.nyc.flights\": \
             ask for it with authorization_details.",
        ),
    ] {
        let bearer = format!("Bearer {}", token(&server, &form).await);
        let headers = [("authorization", &*bearer), (TABLE_HEADER, table.as_str())];
        let (code, message) = refused(&server, &headers).await;
        assert_eq!((code, &*message), (Code::PermissionDenied, expected));
    }
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_header_names_the_table_of_the_request() {
    let (server, _dir) = server(|builder| builder).await;
    let bearer = format!(
        "Bearer {}",
        token(&server, &token_form(&table_name())).await
    );
    let (code, message) = refused(&server, &[("authorization", &*bearer)]).await;
    assert_eq!(code, Code::InvalidArgument);
    assert_eq!(message, format!("The header {TABLE_HEADER} is missing."));

    let mut stream = Stream::authorized(&server, &table_name()).await;
    stream
        .send(create("main.nyc.other", &encoder(&schema())))
        .await;
    let (code, message) = refusal(&mut stream).await;
    assert_eq!(code, Code::InvalidArgument);
    assert!(message.contains("main.nyc.other"), "{message}");
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_unknown_table_is_not_found() {
    let (server, _dir) = server(|builder| builder).await;
    let other = "main.nyc.weather".parse().unwrap();
    let mut stream = Stream::authorized(&server, &other).await;
    stream
        .send(create(other.as_str(), &encoder(&schema())))
        .await;
    let expected = (
        Code::NotFound,
        "Table \"main.nyc.weather\" cannot be found.".to_owned(),
    );
    assert_eq!(refusal(&mut stream).await, expected);
    assert!(!server.table_path(&other).exists());
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_first_message_creates_the_stream() {
    let (server, _dir) = server(|builder| builder).await;
    let expected = (
        Code::InvalidArgument,
        "The first message of a stream must be create_stream.".to_owned(),
    );
    let mut stream = Stream::authorized(&server, &table_name()).await;
    stream.send(record(0, Vec::new())).await;
    assert_eq!(refusal(&mut stream).await, expected);

    let mut stream = Stream::authorized(&server, &table_name()).await;
    stream.half_close();
    assert_eq!(refusal(&mut stream).await, expected);

    let encoder = encoder(&schema());
    let mut stream = Stream::open(&server, &table_name(), &encoder).await;
    stream.send(create(table_name().as_str(), &encoder)).await;
    let (code, message) = refusal(&mut stream).await;
    assert_eq!(
        (code, &*message),
        (Code::InvalidArgument, "The stream is created already.")
    );
    server.shutdown().await.unwrap();
}

async fn refused_request(
    server: &zb_local::Server,
    record_type: Option<i32>,
    descriptor: Option<Vec<u8>>,
) -> (Code, String) {
    let mut stream = Stream::authorized(server, &table_name()).await;
    let request = CreateIngestStreamRequest {
        table_name: Some(table_name().to_string()),
        descriptor_proto: descriptor,
        record_type,
        avro_schema_json: None,
    };
    stream.send(Payload::CreateStream(request)).await;
    refusal(&mut stream).await
}

#[tokio::test]
async fn a_stream_says_how_its_records_are_written() {
    let (server, _dir) = server(|builder| builder).await;
    for (record_type, code, expected) in [
        (
            RecordType::Avro as i32,
            Code::InvalidArgument,
            "avro_schema_json is not an Avro schema: Failed to parse schema from JSON",
        ),
        (
            0,
            Code::InvalidArgument,
            "The record type is not specified.",
        ),
        (
            9,
            Code::InvalidArgument,
            "The record type is not specified.",
        ),
    ] {
        let refusal = refused_request(&server, Some(record_type), None).await;
        assert_eq!(refusal, (code, expected.to_owned()));
    }
    let (code, message) = refused_request(&server, None, None).await;
    assert_eq!(code, Code::InvalidArgument);
    assert_eq!(message, "A stream of PROTO records needs descriptor_proto.");
    let (code, message) = refused_request(&server, None, Some(vec![0xff])).await;
    assert_eq!(code, Code::InvalidArgument);
    assert!(
        message.starts_with("descriptor_proto is not a DescriptorProto"),
        "{message}"
    );
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn other_record_types_do_not_come_later_either() {
    use crate::proto::{IngestRecordRequest, ingest_record_request::Record};
    let (server, _dir) = server(|builder| builder).await;
    let mut stream = Stream::open(&server, &table_name(), &encoder(&schema())).await;
    stream.send(batch(0, Vec::new())).await;
    let json = Payload::IngestRecord(IngestRecordRequest {
        offset_id: Some(1),
        record: Some(Record::JsonRecord("{}".to_owned())),
    });
    stream.send(json).await;
    let (acked, end) = stream.end().await;
    let text = "Record type does not match the stream: it is PROTO.".to_owned();
    assert_eq!(end, Said::Failed(Code::InvalidArgument, text));
    assert_eq!(acked, Some(0));
    server.shutdown().await.unwrap();
}
