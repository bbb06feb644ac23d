//! The spans of a sender are those that `zb-telemetry` describes, though neither knows the other.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use tracing::{Metadata, Span, span};
use tracing_subscriber::{Layer, layer::Context, prelude::*};
use zb_core::{
    Fit,
    local::faults::{Code, Fault},
    telemetry::spans,
};

use crate::ground::{Ground, table};

/// The fields of each span of the target, by its name.
type Fields = BTreeMap<String, BTreeSet<String>>;

#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Fields>>);

impl<S: tracing::Subscriber> Layer<S> for Seen {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, _: &span::Id, _: Context<'_, S>) {
        let metadata: &Metadata<'_> = attributes.metadata();
        if metadata.target() == spans::TARGET {
            let fields = metadata
                .fields()
                .iter()
                .map(|field| field.name().to_owned());
            let mut seen = self.0.lock().unwrap();
            seen.entry(metadata.name().to_owned())
                .or_default()
                .extend(fields);
        }
    }
}

impl Seen {
    fn listening(&self) -> impl tracing::Subscriber + Send + Sync {
        tracing_subscriber::registry().with(self.clone())
    }

    fn fields(&self) -> Fields {
        self.0.lock().unwrap().clone()
    }
}

fn described() -> Fields {
    let seen = Seen::default();
    tracing::subscriber::with_default(seen.listening(), || {
        let send = spans::send(&table(), 1);
        let wait = spans::wait(&send, 1, 1);
        let others: [Span; 3] = [
            spans::convert(&send, 1),
            spans::submit(&send, 1, 1),
            spans::retry(&send, &wait, "unavailable", 2, 1, 1),
        ];
        drop(others);
    });
    seen.fields()
}

#[tokio::test]
async fn a_sender_opens_the_spans_that_are_described_with_their_fields() {
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    let batch = RecordBatch::try_from_iter([("id", ids)]).unwrap();
    let lost = Fault::on_request().nth(1).status(Code::Unavailable, "gone");
    let ground = Ground::with(&batch.schema(), |builder| builder.faults(lost)).await;
    let client = ground.builder().fit(Fit::Off).build().unwrap();
    // Of the whole process: another test that opens such a span first, on a thread where nobody listens,
    // would have it switched off for this one. Theirs have the same fields.
    let seen = Seen::default();
    tracing::subscriber::set_global_default(seen.listening()).unwrap();
    let receipt = client.send(&table(), batch).await.unwrap();
    assert!(receipt.is_all_durable(), "{receipt:?}");
    client.close().await.unwrap();
    let described = described();
    assert_eq!(described.len(), 5, "{described:?}");
    assert_eq!(seen.fields(), described);
}
