//! The spans of a batch, as a subscriber sees them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use tracing::{
    Subscriber,
    span::{Attributes, Id},
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt as _},
    registry::LookupSpan,
};
use zb_local::faults::{Code, Fault};

use crate::{
    flights::{flights, without_carrier},
    ground::{Ground, prompt},
    partition::assert_durable,
};

#[derive(Debug, Clone, Default)]
struct Seen {
    /// The name of each span and its parent's.
    spans: Vec<(String, Option<String>)>,
    /// What follows from what.
    links: Vec<(String, String)>,
    open: HashMap<u64, String>,
    fields: Vec<String>,
}

#[derive(Clone, Default)]
struct Watch(Arc<Mutex<Seen>>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Watch {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        if span.metadata().target() != "zb" {
            return;
        }
        let mut seen = self.0.lock().unwrap();
        let parent = span.parent().map(|parent| parent.name().to_owned());
        seen.spans.push((span.name().to_owned(), parent));
        seen.open.insert(id.into_u64(), span.name().to_owned());
        seen.fields.push(format!("{attributes:?}"));
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, context: Context<'_, S>) {
        // The transport below has spans of its own.
        if context.span(id).unwrap().metadata().target() != "zb" {
            return;
        }
        let name = |id| context.span(id).map(|span| span.name().to_owned());
        let link = (name(id).unwrap(), name(follows).unwrap());
        self.0.lock().unwrap().links.push(link);
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        self.0.lock().unwrap().open.remove(&id.into_u64());
    }
}

impl Watch {
    fn seen(&self) -> Seen {
        self.0.lock().unwrap().clone()
    }

    fn count(&self, name: &str, parent: Option<&str>) -> usize {
        let seen = self.seen();
        let spans = seen.spans.iter();
        spans
            .filter(|(n, p)| n == name && p.as_deref() == parent)
            .count()
    }
}

#[tokio::test]
async fn a_batch_has_a_span_with_its_parts_and_all_of_them_end() {
    let watch = Watch::default();
    let _guard =
        tracing::subscriber::set_default(tracing_subscriber::registry().with(watch.clone()));
    let ground = Ground::new().await;
    let sender = ground.sender(ground.options().request_rows(10)).await;
    let caller = tracing::info_span!(target: "zb", "caller");
    let submitting = sender.submit(without_carrier(0..40, &[7]));
    let ticket = tracing::Instrument::instrument(submitting, caller.clone()).await;
    // All are settled, though the ticket is still held.
    sender.flush().await.unwrap();
    drop(caller);
    assert_eq!(watch.count("send", Some("caller")), 1);
    for part in ["convert", "submit", "wait"] {
        assert_eq!(watch.count(part, Some("send")), 4, "{part}");
    }
    let seen = watch.seen();
    assert!(seen.open.is_empty(), "{:?}", seen.open);
    assert!(seen.links.is_empty());
    assert!(!seen.fields.concat().contains("UA"), "no value of a row");
    drop(ticket);
}

#[tokio::test]
async fn what_is_sent_again_is_linked_to_the_attempt_that_failed() {
    let watch = Watch::default();
    let _guard =
        tracing::subscriber::set_default(tracing_subscriber::registry().with(watch.clone()));
    let fault = Fault::on_request()
        .nth(2)
        .status(Code::Unauthenticated, "expired");
    let ground = Ground::with(|builder| prompt(builder).faults(fault)).await;
    let sender = ground.sender(ground.options().request_rows(10)).await;
    assert_durable(sender.submit(flights(0..10)).await.unwrap()).await;
    // Alone on its way, so that the status is read before anything else is noticed.
    assert_durable(sender.submit(flights(10..20)).await.unwrap()).await;
    sender.flush().await.unwrap();
    let seen = watch.seen();
    assert!(!seen.links.is_empty());
    for link in &seen.links {
        assert_eq!(*link, ("retry".to_owned(), "wait".to_owned()));
    }
    assert_eq!(watch.count("retry", Some("send")), seen.links.len());
    assert!(
        seen.fields.concat().contains("authentication"),
        "{:?}",
        seen.fields
    );
    assert!(seen.open.is_empty(), "{:?}", seen.open);
}
