//! A token source that yields what it is told to, when it is told to.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep};
use zb_auth::{Error, Scope, Token, TokenSource, async_trait};

/// The outcome of one request, and how long it takes.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    pub(crate) takes: Duration,
    pub(crate) outcome: Result<Option<Duration>, Error>,
}

/// A token that lives this long.
pub(crate) fn lives(life: Duration) -> Turn {
    Turn {
        takes: Duration::ZERO,
        outcome: Ok(Some(life)),
    }
}

/// A token of unknown life.
pub(crate) fn fleeting() -> Turn {
    Turn {
        takes: Duration::ZERO,
        outcome: Ok(None),
    }
}

pub(crate) fn fails(error: Error) -> Turn {
    Turn {
        takes: Duration::ZERO,
        outcome: Err(error),
    }
}

impl Turn {
    pub(crate) fn taking(mut self, takes: Duration) -> Self {
        self.takes = takes;
        self
    }
}

/// Tokens named `token-1`, `token-2`, ... by the number of the request. The last turn repeats.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    turns: Arc<Mutex<VecDeque<Turn>>>,
    requests: Arc<AtomicUsize>,
}

impl Script {
    pub(crate) fn new(turns: impl IntoIterator<Item = Turn>) -> Self {
        Self {
            turns: Arc::new(Mutex::new(turns.into_iter().collect())),
            requests: Arc::default(),
        }
    }

    /// How many requests began.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl TokenSource for Script {
    async fn fetch(&self, _: &Scope) -> Result<Token, Error> {
        let asked = Instant::now();
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let turn = {
            let mut turns = self.turns.lock().unwrap();
            if turns.len() > 1 {
                turns.pop_front().unwrap()
            } else {
                turns[0].clone()
            }
        };
        sleep(turn.takes).await;
        let token = Token::new(format!("token-{number}"));
        turn.outcome.map(|life| match life {
            Some(life) => token.expiring(asked, life),
            None => token,
        })
    }
}
