//! A token as a source yields it.

use std::time::Duration;

use tokio::time::Instant;
use zb_types::{ExposeSecret, Secret};

/// Longer lives than a year are cut to it: no clock overflows, and no token should live as long.
const MAX_LIFE: Duration = Duration::from_hours(365 * 24);

/// A bearer token and, if known, how long it lives.
#[derive(Debug, Clone)]
pub struct Token {
    secret: Secret,
    life: Option<Life>,
}

/// From when, and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Life {
    pub(crate) start: Instant,
    pub(crate) span: Duration,
}

impl Life {
    pub(crate) fn end(self) -> Instant {
        self.start + self.span
    }
}

impl Token {
    /// A token of which nobody knows how long it lives. It is used once and never cached.
    pub fn new(secret: impl Into<Secret>) -> Self {
        Self {
            secret: secret.into(),
            life: None,
        }
    }

    /// Says that it lives for `expires_in`, counted from when it was asked for: the server's count
    /// started no earlier than that. Zero means unknown; over a year means a year.
    #[must_use]
    pub fn expiring(mut self, asked: Instant, expires_in: Duration) -> Self {
        self.life = (!expires_in.is_zero()).then(|| Life {
            start: asked,
            span: expires_in.min(MAX_LIFE),
        });
        self
    }

    /// The token itself.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// When it ends, if that is known.
    pub fn expires_at(&self) -> Option<Instant> {
        self.life.map(Life::end)
    }

    pub(crate) fn life(&self) -> Option<Life> {
        self.life
    }

    pub(crate) fn into_secret(self) -> Secret {
        self.secret
    }

    /// Whether it can be the value of an `authorization` header on any transport: one or more
    /// visible ASCII characters.
    pub(crate) fn is_legal(&self) -> bool {
        let text = self.secret.expose_secret();
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
    }
}
