//! Arrow Flight from a client that says what no good client would.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, Int64Array, LargeStringArray, ListArray, RecordBatch, types::Int64Type,
};
use arrow_ipc::{
    CompressionType, root_as_message,
    writer::{IpcWriteOptions, StreamWriter},
};
use arrow_schema::{DataType, Field, Schema};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Code, Request, Streaming,
    transport::{Channel, channel::Endpoint},
};
use zb_local::{CreateTable, Server};

use crate::{
    client::{TABLE_HEADER, token, token_form},
    lake::{ids, table_name},
    proto::flight::{FlightData, PutResult, flight_service_client::FlightServiceClient},
};

const READY: &str = r#"{"ack_up_to_offset":-1,"ack_up_to_records":0}"#;

async fn server() -> (Server, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::builder(dir.path());
    let server = server.commit_every(std::time::Duration::from_millis(1));
    let server = server.start().await.unwrap();
    let table = CreateTable::parse(
        "CREATE TABLE main.nyc.flights (id BIGINT NOT NULL, name STRING, price DECIMAL(9, 2), \
         list ARRAY<BIGINT>) USING DELTA",
    );
    let table = table.unwrap();
    server
        .create_table(&table_name(), table.schema())
        .await
        .unwrap();
    (server, dir)
}

fn batch(rows: i64) -> RecordBatch {
    let names = (0..rows).map(|id| (id % 3 > 0).then(|| format!("flight {id}")));
    let names: LargeStringArray = names.collect();
    let prices = LargeStringArray::from_iter_values((0..rows).map(|id| format!("{id}.5")));
    let lists = ListArray::from_iter_primitive::<Int64Type, _, _>(
        (0..rows).map(|id| (id % 2 > 0).then(|| vec![Some(id), None])),
    );
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(0..rows)),
        Arc::new(names),
        Arc::new(prices),
        Arc::new(lists),
    ];
    let item = Arc::new(Field::new("item", DataType::Int64, true));
    let schema = Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("name", DataType::LargeUtf8, true),
        Field::new("price", DataType::LargeUtf8, true),
        Field::new("list", DataType::List(item), true),
    ]);
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

/// The messages of a stream of this batch: the schema, and the batch with offset 0.
fn messages(batch: &RecordBatch, packed: Option<CompressionType>) -> Vec<FlightData> {
    let options = IpcWriteOptions::default()
        .try_with_compression(packed)
        .unwrap();
    let mut bytes = Vec::new();
    let schema = batch.schema();
    let mut writer = StreamWriter::try_new_with_options(&mut bytes, &schema, options).unwrap();
    writer.write(batch).unwrap();
    writer.finish().unwrap();
    drop(writer);

    let mut rest = &bytes[..];
    let mut messages = Vec::new();
    loop {
        // A mark, the length of the header, the header, the body.
        let length = u32::from_le_bytes(rest[4..8].try_into().unwrap()) as usize;
        if length == 0 {
            return messages;
        }
        let (header, after) = rest[8..].split_at(length);
        let body = root_as_message(header).unwrap().bodyLength() as usize;
        let (body, after) = after.split_at(body);
        let offset = messages.len() as i64 - 1;
        messages.push(message(header, body, (offset >= 0).then_some(offset)));
        rest = after;
    }
}

fn message(header: &[u8], body: &[u8], offset: Option<i64>) -> FlightData {
    let metadata = offset.map(|offset| format!(r#"{{"offset_id":{offset}}}"#));
    FlightData {
        data_header: header.to_vec(),
        data_body: body.to_vec(),
        app_metadata: metadata.unwrap_or_default().into_bytes(),
    }
}

/// A connection that streams are opened over, with a good token.
struct Client {
    channel: Channel,
    bearer: String,
}

impl Client {
    async fn of(server: &Server) -> Self {
        let endpoint: Endpoint = server.endpoint().parse().unwrap();
        Self {
            channel: endpoint.connect().await.unwrap(),
            bearer: format!("Bearer {}", token(server, &token_form(&table_name())).await),
        }
    }

    /// Sends these messages and nothing more, and gives what the server says.
    async fn put(&self, messages: Vec<FlightData>) -> (Vec<String>, Option<(Code, String)>) {
        let headers = [
            ("authorization", &*self.bearer),
            (TABLE_HEADER, "main.nyc.flights"),
        ];
        self.put_with(&headers, messages).await
    }

    async fn put_with(
        &self,
        headers: &[(&'static str, &str)],
        messages: Vec<FlightData>,
    ) -> (Vec<String>, Option<(Code, String)>) {
        let (sender, requests) = mpsc::channel(messages.len().max(1));
        for message in messages {
            sender.send(message).await.unwrap();
        }
        drop(sender);
        let mut request = Request::new(ReceiverStream::new(requests));
        for (name, value) in headers {
            request.metadata_mut().insert(*name, value.parse().unwrap());
        }
        let client = FlightServiceClient::new(self.channel.clone());
        let mut client = client.max_encoding_message_size(usize::MAX);
        let mut answers: Streaming<PutResult> = client.do_put(request).await.unwrap().into_inner();
        let mut said = Vec::new();
        loop {
            match answers.message().await {
                Ok(Some(result)) => said.push(String::from_utf8(result.app_metadata).unwrap()),
                Ok(None) => return (said, None),
                Err(status) => return (said, Some((status.code(), status.message().to_owned()))),
            }
        }
    }
}

fn refused(reason: &str) -> (Code, String) {
    (Code::InvalidArgument, reason.to_owned())
}

#[tokio::test]
async fn the_words_are_those_of_the_service() {
    let (server, _dir) = server().await;
    let client = Client::of(&server).await;
    let (said, end) = client.put(messages(&batch(7), None)).await;
    let acked = r#"{"ack_up_to_offset":0,"ack_up_to_records":7}"#;
    assert_eq!(
        (&said[..], end),
        (&[READY.to_owned(), acked.to_owned()][..], None)
    );
    assert_eq!(ids(&server).await, (0..7).collect::<Vec<_>>());
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_caller_and_the_table_are_looked_at_first() {
    let (server, _dir) = server().await;
    let client = Client::of(&server).await;
    let bearer = &*client.bearer;
    for (headers, code) in [
        (
            &[(TABLE_HEADER, "main.nyc.flights")][..],
            Code::Unauthenticated,
        ),
        (
            &[
                ("authorization", "Bearer x"),
                (TABLE_HEADER, "main.nyc.flights"),
            ],
            Code::Unauthenticated,
        ),
        (&[("authorization", bearer)], Code::InvalidArgument),
        (
            &[("authorization", bearer), (TABLE_HEADER, "flights")],
            Code::InvalidArgument,
        ),
        (
            &[("authorization", bearer), (TABLE_HEADER, "main.nyc.other")],
            Code::PermissionDenied,
        ),
    ] {
        let (said, end) = client.put_with(headers, messages(&batch(1), None)).await;
        assert_eq!(
            (said.len(), end.map(|(code, _)| code)),
            (0, Some(code)),
            "{headers:?}"
        );
    }
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn messages_come_in_order() {
    let (server, _dir) = server().await;
    let client = Client::of(&server).await;
    let good = messages(&batch(1), None);
    let [schema, rows] = &good[..] else { panic!() };
    let with = |offset| message(&rows.data_header, &rows.data_body, offset);
    let no_schema = "The first message of a stream must be a schema.";
    for (messages, reason) in [
        (vec![], no_schema),
        (vec![rows.clone()], no_schema),
        (vec![FlightData::default()], no_schema),
        (
            vec![schema.clone(), with(Some(1))],
            "Non-incremental offset: expected 0, actual 1",
        ),
        (
            vec![schema.clone(), with(Some(0)), with(Some(0))],
            "Non-incremental offset: expected 1, actual 0",
        ),
        (
            vec![schema.clone(), with(None)],
            "The offset is missing: expected 0",
        ),
        (
            vec![schema.clone(), message(&schema.data_header, &[], Some(0))],
            "The message is not a record batch.",
        ),
    ] {
        let (_, end) = client.put(messages).await;
        assert_eq!(end, Some(refused(reason)));
    }
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_is_packed_may_not_unfold_without_end() {
    let (server, _dir) = server().await;
    let client = Client::of(&server).await;
    for packed in [CompressionType::LZ4_FRAME, CompressionType::ZSTD] {
        let mut bomb = messages(&batch(5000), Some(packed));
        // The first buffer of the ids has no validity, so its values begin the body.
        bomb[1].data_body[..8].copy_from_slice(&(1_i64 << 50).to_le_bytes());
        let (_, end) = client.put(bomb).await;
        let (code, reason) = end.unwrap();
        assert_eq!(code, Code::InvalidArgument);
        assert!(
            reason.contains("when unpacked, over the limit of 67108864"),
            "{reason}"
        );
    }
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn broken_messages_are_refused_and_break_nothing() {
    let (server, _dir) = server().await;
    let client = Client::of(&server).await;
    let mut dice = StdRng::seed_from_u64(7);
    for packed in [None, Some(CompressionType::ZSTD)] {
        let good = messages(&batch(20), packed);
        for _ in 0..400 {
            let mut broken = good.clone();
            let number = dice.random_range(0..2);
            let message = &mut broken[number];
            let part = if dice.random_bool(0.6) || message.data_body.is_empty() {
                &mut message.data_header
            } else {
                &mut message.data_body
            };
            for _ in 0..dice.random_range(1..4) {
                let at = dice.random_range(0..part.len());
                part[at] = dice.random();
            }
            if dice.random_bool(0.1) {
                part.truncate(dice.random_range(0..part.len()));
            }
            let (_, end) = client.put(broken).await;
            // Some of it does no harm.
            let code = end.map(|(code, _)| code);
            assert!(
                [None, Some(Code::InvalidArgument)].contains(&code),
                "{code:?}"
            );
        }
    }
    let before = server.stats().rows;
    assert_eq!(client.put(messages(&batch(3), None)).await.1, None);
    assert_eq!(server.stats().rows, before + 3);
    server.shutdown().await.unwrap();
}
