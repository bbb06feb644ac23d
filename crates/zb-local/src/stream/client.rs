//! Who opened a stream, and what can be done to it.

use tonic::{Request, Status, Streaming, metadata::MetadataMap};
use zb_types::TableName;

use super::{Last, TABLE_HEADER};
use crate::{endpoint::Endpoint, faults::Action, wire::Connection};

/// The other side of a stream.
#[derive(Debug)]
pub(crate) struct Client {
    /// The headers of its call.
    pub(crate) metadata: MetadataMap,
    /// What the call came over.
    pub(crate) connection: Connection,
}

impl Client {
    /// The client of a call, and what it sends.
    pub(crate) fn of<T>(request: Request<Streaming<T>>) -> (Self, Streaming<T>) {
        let (metadata, extensions, inbound) = request.into_parts();
        let client = Self {
            metadata,
            connection: extensions.get::<Connection>().cloned().unwrap_or_default(),
        };
        (client, inbound)
    }

    /// The table that the headers name, if they do.
    pub(crate) fn table(&self) -> Option<TableName> {
        self.metadata.get(TABLE_HEADER)?.to_str().ok()?.parse().ok()
    }

    /// The token that the headers bring, if they do.
    fn bearer(&self) -> Option<&str> {
        let header = self.metadata.get("authorization")?.to_str().ok()?;
        header.strip_prefix("Bearer ")
    }

    /// Makes its token worth nothing.
    pub(crate) fn expire_token(&self, endpoint: &Endpoint) {
        if let Some(token) = self.bearer() {
            endpoint.tokens.expire(token);
        }
    }

    /// What an injected action ends the stream with; nothing, where it does not end it.
    pub(crate) fn last(&self, endpoint: &Endpoint, action: &Action) -> Option<Last> {
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
    pub(crate) fn disturb(&self, action: &Action) {
        match action {
            Action::CutAfter(bytes) => self.connection.cut_after(*bytes),
            Action::ReadSlowly(rate) => self.connection.read_slowly(*rate),
            _ => {}
        }
    }
}
