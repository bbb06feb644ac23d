//! A client that says exactly what a test wants it to say.

use arrow_array::RecordBatch;
use arrow_schema::Schema;
use prost::Message as _;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Code, Request, Status, Streaming,
    transport::{Certificate, Channel, ClientTlsConfig},
};
use zb_convert::{Encoder, Options};
use zb_local::Server;
use zb_types::{ExposeSecret as _, TableName};

use crate::proto::{
    CreateIngestStreamRequest, EphemeralStreamRequest, EphemeralStreamResponse,
    IngestRecordBatchRequest, IngestRecordRequest, ProtoEncodedRecordBatch, RecordType,
    ephemeral_stream_request::Payload, ephemeral_stream_response, ingest_record_batch_request,
    ingest_record_request, zerobus_client::ZerobusClient,
};

pub(crate) const TABLE_HEADER: &str = "x-databricks-zerobus-table-name";

/// A reqwest client that never asks a proxy, and trusts this server.
pub(crate) fn http(server: &Server) -> reqwest::Client {
    let mut client = reqwest::Client::builder().no_proxy();
    if let Some(pem) = server.ca_pem() {
        client =
            client.add_root_certificate(reqwest::Certificate::from_pem(pem.as_bytes()).unwrap());
    }
    client.build().unwrap()
}

/// The form that the SDK sends for a token.
pub(crate) fn token_form(table: &TableName) -> Vec<(&'static str, String)> {
    let details = json!([
        {"type": "unity_catalog_privileges", "privileges": ["USE CATALOG"],
         "object_type": "CATALOG", "object_full_path": table.catalog()},
        {"type": "unity_catalog_privileges", "privileges": ["USE SCHEMA"],
         "object_type": "SCHEMA", "object_full_path": table.catalog_and_schema()},
        {"type": "unity_catalog_privileges", "privileges": ["SELECT", "MODIFY"],
         "object_type": "TABLE", "object_full_path": table.as_str(),
         "operations": ["zerobuswrite"]},
    ]);
    let resource = "api://databricks/workspaces/127/zerobusDirectWriteApi";
    let mut form = rest_form();
    form.push(("resource", resource.to_owned()));
    form.push(("authorization_details", details.to_string()));
    form
}

/// The form for a token of the REST API.
pub(crate) fn rest_form() -> Vec<(&'static str, String)> {
    vec![
        ("grant_type", "client_credentials".to_owned()),
        ("scope", "all-apis".to_owned()),
    ]
}

pub(crate) async fn token(server: &Server, form: &[(&str, String)]) -> String {
    let answer: Value = http(server)
        .post(format!("{}/oidc/v1/token", server.unity_catalog_url()))
        .basic_auth(
            server.client_id(),
            Some(server.client_secret().expose_secret()),
        )
        .form(form)
        .send()
        .await
        .unwrap()
        .error_for_status()
        .unwrap()
        .json()
        .await
        .unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

/// An encoder for the rows of a table with these columns.
pub(crate) fn encoder(schema: &Schema) -> Encoder {
    Encoder::new(schema, Options::default()).unwrap()
}

pub(crate) fn rows(encoder: &Encoder, batch: &RecordBatch) -> Vec<Vec<u8>> {
    encoder.encode(batch).unwrap().to_vecs()
}

pub(crate) fn create(table: &str, encoder: &Encoder) -> Payload {
    Payload::CreateStream(CreateIngestStreamRequest {
        table_name: Some(table.to_owned()),
        descriptor_proto: Some(encoder.descriptor().encode_to_vec()),
        record_type: Some(RecordType::Proto.into()),
        avro_schema_json: None,
    })
}

pub(crate) fn record(offset: i64, row: Vec<u8>) -> Payload {
    Payload::IngestRecord(IngestRecordRequest {
        offset_id: Some(offset),
        record: Some(ingest_record_request::Record::ProtoEncodedRecord(row)),
    })
}

pub(crate) fn batch(offset: i64, records: Vec<Vec<u8>>) -> Payload {
    let batch = ProtoEncodedRecordBatch { records };
    Payload::IngestRecordBatch(IngestRecordBatchRequest {
        offset_id: Some(offset),
        batch: Some(ingest_record_batch_request::Batch::ProtoEncodedBatch(batch)),
    })
}

/// What a server says in a stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Created,
    Ack(i64),
    Close(std::time::Duration),
    End,
    Failed(Code, String),
}

impl Said {
    /// An acknowledgement that names no offset.
    pub(crate) const NO_OFFSET: i64 = i64::MIN;
}

/// One raw stream.
pub(crate) struct Stream {
    sender: Option<mpsc::Sender<EphemeralStreamRequest>>,
    answers: Streaming<EphemeralStreamResponse>,
}

impl Stream {
    /// Starts the call and waits for the response headers, before any message is sent.
    pub(crate) async fn call(server: &Server, headers: &[(&'static str, &str)]) -> Self {
        let mut endpoint = Channel::from_shared(server.endpoint().to_owned()).unwrap();
        if let Some(pem) = server.ca_pem() {
            let authority = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem));
            endpoint = endpoint.tls_config(authority).unwrap();
        }
        let channel = endpoint.connect().await.unwrap();
        Self::call_on(channel, headers).await.unwrap()
    }

    pub(crate) async fn call_on(
        channel: Channel,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Status> {
        let (sender, requests) = mpsc::channel(64);
        let mut request = Request::new(ReceiverStream::new(requests));
        for (name, value) in headers {
            request.metadata_mut().insert(*name, value.parse().unwrap());
        }
        let answers = ZerobusClient::new(channel)
            .max_encoding_message_size(64 * 1024 * 1024)
            .ephemeral_stream(request)
            .await?
            .into_inner();
        Ok(Self {
            sender: Some(sender),
            answers,
        })
    }

    /// A stream with everything right, and its creation acknowledged.
    pub(crate) async fn open(server: &Server, table: &TableName, encoder: &Encoder) -> Self {
        let mut stream = Self::authorized(server, table).await;
        stream.send(create(table.as_str(), encoder)).await;
        assert_eq!(stream.next().await, Said::Created);
        stream
    }

    /// A call with the right headers; nothing is sent yet.
    pub(crate) async fn authorized(server: &Server, table: &TableName) -> Self {
        let bearer = format!("Bearer {}", token(server, &token_form(table)).await);
        let headers = [("authorization", &*bearer), (TABLE_HEADER, table.as_str())];
        Self::call(server, &headers).await
    }

    pub(crate) async fn send(&self, payload: Payload) {
        let request = EphemeralStreamRequest {
            payload: Some(payload),
        };
        // A server that has ended the stream already says so in its answers.
        let _ = self.sender.as_ref().unwrap().send(request).await;
    }

    pub(crate) fn half_close(&mut self) {
        self.sender = None;
    }

    pub(crate) async fn next(&mut self) -> Said {
        let payload = match self.answers.message().await {
            Ok(Some(message)) => message.payload.unwrap(),
            Ok(None) => return Said::End,
            Err(status) => return Said::Failed(status.code(), status.message().to_owned()),
        };
        match payload {
            ephemeral_stream_response::Payload::CreateStreamResponse(created) => {
                assert!(!created.stream_id.unwrap().is_empty());
                Said::Created
            }
            ephemeral_stream_response::Payload::IngestRecordResponse(ack) => {
                Said::Ack(ack.durability_ack_up_to_offset.unwrap_or(Said::NO_OFFSET))
            }
            ephemeral_stream_response::Payload::CloseStreamSignal(signal) => {
                Said::Close(signal.duration.unwrap().try_into().unwrap())
            }
        }
    }

    /// Waits for a close signal, and gives the seconds and nanoseconds it says as they are.
    pub(crate) async fn close_signal(&mut self) -> Option<(i64, i32)> {
        let message = self.answers.message().await.unwrap().unwrap();
        match message.payload.unwrap() {
            ephemeral_stream_response::Payload::CloseStreamSignal(signal) => {
                signal.duration.map(|said| (said.seconds, said.nanos))
            }
            other => panic!("{other:?} instead of a close signal"),
        }
    }

    /// Waits until this offset is acknowledged; acknowledgements must grow.
    pub(crate) async fn acked(&mut self, offset: i64) {
        let mut last = None;
        loop {
            match self.next().await {
                Said::Ack(ack) => {
                    assert!(Some(ack) > last && ack <= offset, "{ack} after {last:?}");
                    if ack == offset {
                        return;
                    }
                    last = Some(ack);
                }
                other => panic!("{other:?} instead of an acknowledgement"),
            }
        }
    }

    /// What the server says last, after any acknowledgements.
    pub(crate) async fn end(&mut self) -> (Option<i64>, Said) {
        let mut last = None;
        loop {
            match self.next().await {
                Said::Ack(ack) => last = Some(ack),
                said => return (last, said),
            }
        }
    }
}

/// Expects the stream to be refused, and gives the reason.
pub(crate) async fn refusal(stream: &mut Stream) -> (Code, String) {
    match stream.next().await {
        Said::Failed(code, message) => (code, message),
        other => panic!("{other:?} instead of a refusal"),
    }
}
