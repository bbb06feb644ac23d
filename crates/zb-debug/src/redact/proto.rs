//! Fields of a record.

use std::{collections::HashMap, sync::Arc};

use prost_types::{
    DescriptorProto,
    field_descriptor_proto::{Label, Type},
};

use super::{Hasher, Redaction, Redactions};
use crate::{proto::Records, varint};

/// What becomes of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Hash,
    Omit,
}

/// How the records of one descriptor are redacted.
#[derive(Debug)]
struct Plan {
    /// The descriptor of what is written: hashes are strings, and what is omitted is optional.
    descriptor: Arc<DescriptorProto>,
    /// By the number of the field.
    actions: HashMap<u64, Action>,
}

/// The plans for the descriptors that were seen last.
#[derive(Debug, Default)]
pub(crate) struct Plans(Vec<(Arc<DescriptorProto>, Plan)>);

/// How many there are.
const MAX_PLANS: usize = 32;

impl Plans {
    /// The records as they may be written, with their descriptor, and how many cannot be read and
    /// may not be written at all.
    pub(crate) fn redact(
        &mut self,
        redactions: &Redactions,
        hasher: &Hasher,
        descriptor: &Arc<DescriptorProto>,
        records: Records,
    ) -> (Arc<DescriptorProto>, Records, u64) {
        let plan = self.plan(redactions, descriptor);
        if plan.actions.is_empty() {
            return (Arc::clone(descriptor), records, 0);
        }
        let mut redacted = Records::default();
        let mut unreadable = 0;
        let mut to = Vec::new();
        for record in records.iter() {
            to.clear();
            match plan.record(record, hasher, &mut to) {
                Some(()) => redacted.push(&to),
                None => unreadable += 1,
            }
        }
        (Arc::clone(&plan.descriptor), redacted, unreadable)
    }

    fn plan(&mut self, redactions: &Redactions, descriptor: &Arc<DescriptorProto>) -> &Plan {
        let known = |(seen, _): &(Arc<DescriptorProto>, Plan)| {
            Arc::ptr_eq(seen, descriptor) || seen == descriptor
        };
        let entry = match self.0.iter().position(known) {
            Some(at) => self.0.remove(at),
            None => (Arc::clone(descriptor), Plan::new(redactions, descriptor)),
        };
        // The one that was used longest ago is first.
        if self.0.len() == MAX_PLANS {
            self.0.remove(0);
        }
        let (_, plan) = self.0.push_mut(entry);
        plan
    }
}

impl Plan {
    fn new(redactions: &Redactions, descriptor: &DescriptorProto) -> Self {
        let mut actions = HashMap::new();
        let mut mirrored = descriptor.clone();
        for field in &mut mirrored.field {
            let Some(how) = redactions.of(field.name()) else {
                continue;
            };
            let is_bytes = matches!(field.r#type(), Type::String | Type::Bytes);
            let action = if how == Redaction::Hash && is_bytes {
                field.set_type(Type::String);
                Action::Hash
            } else {
                if field.label() == Label::Required {
                    field.set_label(Label::Optional);
                }
                Action::Omit
            };
            // It would be read in place of what is not there.
            field.default_value = None;
            let number = u64::try_from(field.number()).unwrap_or_default();
            actions.insert(number, action);
        }
        Self {
            descriptor: Arc::new(mirrored),
            actions,
        }
    }

    /// None if the record is no message: then nobody knows what is in it.
    fn record(&self, mut record: &[u8], hasher: &Hasher, to: &mut Vec<u8>) -> Option<()> {
        while !record.is_empty() {
            let field = varint::take_field(&mut record)?;
            match self.actions.get(&field.number) {
                None => to.extend_from_slice(field.whole),
                Some(Action::Omit) => {}
                Some(Action::Hash) => {
                    let hash = hasher.hash(field.contents?);
                    varint::push(to, field.number << 3 | 2);
                    varint::push(to, hash.len() as u64);
                    to.extend_from_slice(hash.as_bytes());
                }
            }
        }
        Some(())
    }
}
