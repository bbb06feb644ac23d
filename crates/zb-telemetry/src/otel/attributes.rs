//! The attributes of a table, made once for each.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use opentelemetry::KeyValue;
use zb_types::TableName;

use super::error_type;
use crate::names::attribute;

/// What the measurements of a table carry.
pub(super) struct Attributes {
    pub(super) base: Vec<KeyValue>,
    pub(super) sent: Vec<KeyValue>,
    durable: Outcome,
    rejected: Outcome,
    not_sent: Outcome,
    unknown: Outcome,
}

/// What the measurements of a settled batch carry.
pub(super) struct Outcome {
    pub(super) settled: Vec<KeyValue>,
    pub(super) operation: Vec<KeyValue>,
}

impl Attributes {
    fn new(base: Vec<KeyValue>) -> Self {
        let mut sent = base.clone();
        sent.push(KeyValue::new(attribute::OPERATION_NAME, "send"));
        let outcome = |word| Outcome::new(&base, &sent, word);
        Self {
            durable: outcome("durable"),
            rejected: outcome("rejected"),
            not_sent: outcome("not_sent"),
            unknown: outcome("unknown"),
            base,
            sent,
        }
    }

    /// Those of a batch with this outcome.
    pub(super) fn outcome(&self, word: &str) -> &Outcome {
        match word {
            "durable" => &self.durable,
            "rejected" => &self.rejected,
            "not_sent" => &self.not_sent,
            _ => &self.unknown,
        }
    }
}

impl Outcome {
    fn new(base: &[KeyValue], sent: &[KeyValue], word: &'static str) -> Self {
        let mut settled = base.to_vec();
        settled.push(KeyValue::new(attribute::OUTCOME, word));
        let mut operation = sent.to_vec();
        operation.push(KeyValue::new(attribute::OPERATION_TYPE, "send"));
        if word != "durable" {
            operation.push(error_type(word));
        }
        Self { settled, operation }
    }
}

/// The attributes of all tables that were met.
pub(super) struct Tables {
    known: RwLock<HashMap<TableName, Arc<Attributes>>>,
    shared: Vec<KeyValue>,
    /// The same for all, if tables are not told apart.
    nameless: Option<Arc<Attributes>>,
}

impl Tables {
    pub(super) fn new(shared: Vec<KeyValue>) -> Self {
        Self {
            known: RwLock::default(),
            shared,
            nameless: None,
        }
    }

    /// What all tables have in common. Before the first of them is met.
    pub(super) fn set_shared(&mut self, shared: Vec<KeyValue>) {
        self.shared = shared;
        if self.nameless.is_some() {
            self.leave_out_names();
        }
    }

    pub(super) fn leave_out_names(&mut self) {
        self.nameless = Some(Arc::new(Attributes::new(self.shared.clone())));
    }

    pub(super) fn get(&self, table: &TableName) -> Arc<Attributes> {
        if let Some(nameless) = &self.nameless {
            return nameless.clone();
        }
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(attributes) = known.get(table) {
            return attributes.clone();
        }
        drop(known);
        let mut base = self.shared.clone();
        base.push(KeyValue::new(
            attribute::DESTINATION,
            table.as_str().to_owned(),
        ));
        self.known
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(table.clone())
            .or_insert_with(|| Arc::new(Attributes::new(base)))
            .clone()
    }
}
