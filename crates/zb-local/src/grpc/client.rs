//! Who opened a stream, and what can be done to it.

use tonic::{Status, metadata::MetadataMap};
use zb_types::TableName;

use super::ending::Last;
use crate::{endpoint::Endpoint, faults::Action, wire::Connection};

/// The header that names the table, before any message does.
pub(super) const TABLE_HEADER: &str = "x-databricks-zerobus-table-name";

/// The other side of a stream.
#[derive(Debug)]
pub(super) struct Client {
    /// The headers of its call.
    pub(super) metadata: MetadataMap,
    /// What the call came over.
    pub(super) connection: Connection,
}

impl Client {
    /// The table that the headers name, if they do.
    pub(super) fn table(&self) -> Option<TableName> {
        self.metadata.get(TABLE_HEADER)?.to_str().ok()?.parse().ok()
    }

    /// The token that the headers bring, if they do.
    fn bearer(&self) -> Option<&str> {
        let header = self.metadata.get("authorization")?.to_str().ok()?;
        header.strip_prefix("Bearer ")
    }

    /// Makes its token worth nothing.
    pub(super) fn expire_token(&self, endpoint: &Endpoint) {
        if let Some(token) = self.bearer() {
            endpoint.tokens.expire(token);
        }
    }

    /// What an injected action ends the stream with; nothing, where it does not end it.
    pub(super) fn last(&self, endpoint: &Endpoint, action: &Action) -> Option<Last> {
        match action {
            Action::Status(code, message) => {
                let code = tonic::Code::from_i32(code.number());
                Some(Last::Status(Status::new(code, message.as_ref())))
            }
            Action::ExpireToken => {
                self.expire_token(endpoint);
                let status = Status::unauthenticated("the token has expired");
                Some(Last::Status(status))
            }
            Action::End => Some(Last::End),
            Action::Cut => Some(Last::Cut),
            _ => None,
        }
    }

    /// Does what an injected action does to the connection while the stream goes on.
    pub(super) fn disturb(&self, action: &Action) {
        match action {
            Action::CutAfter(bytes) => self.connection.cut_after(*bytes),
            Action::ReadSlowly(rate) => self.connection.read_slowly(*rate),
            _ => {}
        }
    }
}
