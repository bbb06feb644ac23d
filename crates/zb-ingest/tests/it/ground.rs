//! A server with the table of flights, and senders to it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use zb_ingest::{Error, Sender, SenderOptions, TokenSource, Transport};
use zb_local::{Server, ServerBuilder};
use zb_retry::Policy;

use crate::{
    flights::{schema, table},
    landed,
    machine::Machine,
    patience::PATIENCE,
    tokens::Tokens,
};

pub(crate) struct Ground {
    pub(crate) machine: Machine,
    pub(crate) server: Server,
    dir: TempDir,
}

/// What is left of a ground whose server is gone: its directory, and where it was.
pub(crate) struct Ruin {
    dir: TempDir,
    address: String,
}

/// No row is committed before its stream ends.
pub(crate) fn withholding(builder: ServerBuilder) -> ServerBuilder {
    builder.commit_every(Duration::from_hours(1))
}

/// Rows are committed as soon as there are any.
pub(crate) fn prompt(builder: ServerBuilder) -> ServerBuilder {
    builder.commit_every(Duration::from_millis(10))
}

/// Many attempts, close together.
pub(crate) fn patient() -> Policy {
    Policy::new()
        .with_base(Duration::from_millis(5))
        .with_cap(Duration::from_millis(40))
        .with_max_attempts(500)
}

/// Few attempts, close together.
pub(crate) fn impatient() -> Policy {
    patient().with_max_attempts(4)
}

/// How rows travel in every test that does not say it: `ZB_TRANSPORT=flight` has all of them hold for
/// Arrow Flight.
pub(crate) fn transport() -> Transport {
    match std::env::var("ZB_TRANSPORT").as_deref() {
        Ok("flight") => Transport::Flight,
        _ => Transport::Protobuf,
    }
}

/// Whether a test that counts the bytes of Protobuf, or knows how the SDK words what it makes of an
/// acknowledgement there, is out of place.
pub(crate) fn is_flight() -> bool {
    transport() == Transport::Flight
}

impl Ground {
    pub(crate) async fn new() -> Self {
        Self::with(prompt).await
    }

    pub(crate) async fn with(set_up: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let machine = Machine::switched_on();
        let builder = set_up(Server::builder(dir.path()));
        let starting = async {
            let server = builder.start().await.unwrap();
            server.create_table(&table(), &schema()).await.unwrap();
            server
        };
        let server = machine.run(starting).await;
        Self {
            machine,
            server,
            dir,
        }
    }

    pub(crate) fn tokens(&self) -> Arc<Tokens> {
        Tokens::of(&self.server)
    }

    pub(crate) fn options(&self) -> SenderOptions {
        SenderOptions::new(self.server.endpoint())
            .retry(patient())
            .transport(transport())
    }

    pub(crate) async fn sender(&self, options: SenderOptions) -> Sender {
        self.open(self.tokens(), options).await.unwrap()
    }

    pub(crate) async fn open(
        &self,
        tokens: Arc<dyn TokenSource>,
        options: SenderOptions,
    ) -> Result<Sender, Error> {
        Sender::open(table(), &schema(), tokens, options).await
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.server.table_path(&table())
    }

    /// The ids in the table, in the order in which they were committed.
    pub(crate) fn landed(&self) -> Vec<i64> {
        landed::ids(&self.path())
    }

    /// The server's machine is switched off.
    pub(crate) fn crash(self) -> Ruin {
        let address = self.server.endpoint().replace("http://", "");
        Ruin {
            dir: self.dir,
            address,
        }
    }
}

impl Ruin {
    /// The server is started again, where it was.
    pub(crate) async fn rebuild(self, set_up: impl Fn(ServerBuilder) -> ServerBuilder) -> Ground {
        let end = Instant::now() + PATIENCE;
        let machine = Machine::switched_on();
        loop {
            let builder = Server::builder(self.dir.path()).listen(&self.address);
            match machine.run(set_up(builder).start()).await {
                Ok(server) => {
                    return Ground {
                        machine,
                        server,
                        dir: self.dir,
                    };
                }
                // The former one has not let go of the port yet.
                Err(error) if Instant::now() < end => {
                    tracing::debug!(%error, "not yet");
                    sleep(Duration::from_millis(5)).await;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}
