//! Where the server of a case runs: in this process, in one of its own, or nowhere.

use std::{fs, path::Path, time::Duration};

use zb_core::{
    Secret,
    local::{Server, faults::FaultScript},
};
use zb_tests::Serve;

use super::rows;

/// Where a server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Where {
    /// In this process.
    Here,
    /// In this process, over TLS, with a certificate that the client does not trust.
    Untrusted,
    /// `zb serve`, in a process of its own.
    Process,
    /// There is none: the client is sent to these addresses, the endpoint and the workspace.
    Nowhere(&'static str, &'static str),
}

/// A server that runs, or not.
pub(super) enum Host {
    Here(Box<Server>),
    Process(Box<Serve>),
    Nowhere(&'static str, &'static str),
}

/// What a client needs to know.
#[derive(Debug, Clone)]
pub(super) struct Address {
    pub(super) endpoint: String,
    pub(super) workspace: String,
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
}

impl Host {
    /// In this process, at `listen` if that is said.
    pub(super) async fn here(
        lake: &Path,
        script: &str,
        stamped: bool,
        listen: Option<&str>,
    ) -> Result<Self, zb_core::local::Error> {
        let script: FaultScript = script
            .parse()
            .unwrap_or_else(|error| panic!("{error}: {script}"));
        let builder = Server::builder(lake).commit_every(Duration::from_millis(10));
        let builder = builder.listen(listen.unwrap_or("127.0.0.1:0"));
        let server = builder.faults(script).start().await?;
        let schema = if stamped {
            rows::stamped_schema()
        } else {
            rows::schema()
        };
        server.create_table(&rows::table(), &schema).await?;
        Ok(Self::Here(Box::new(server)))
    }

    /// In this process, with a certificate of an authority that nobody knows.
    pub(super) async fn untrusted(lake: &Path) -> Self {
        let server = Server::builder(lake).tls().start().await.unwrap();
        let created = server.create_table(&rows::table(), &rows::schema()).await;
        created.unwrap();
        Self::Here(Box::new(server))
    }

    /// In a process of its own, at `listen` if that is said.
    pub(super) async fn process(lake: &Path, script: &str, listen: Option<&str>) -> Self {
        let sql = lake.with_extension("sql");
        fs::write(&sql, rows::CREATE).unwrap();
        let faults = lake.with_extension("toml");
        fs::write(&faults, script).unwrap();
        let create = format!("{}={}", rows::table(), sql.display());
        let faults = faults.display().to_string();
        let mut arguments = vec!["--create".to_owned(), create, "--faults".to_owned(), faults];
        if let Some(listen) = listen {
            arguments.extend(["--listen".to_owned(), listen.to_owned()]);
        }
        let lake = lake.to_path_buf();
        let serve = tokio::task::spawn_blocking(move || Serve::start(&lake, arguments));
        Self::Process(Box::new(serve.await.unwrap()))
    }

    pub(super) fn address(&self) -> Address {
        match self {
            Self::Here(server) => Address {
                endpoint: server.endpoint().to_owned(),
                workspace: server.unity_catalog_url().to_owned(),
                client_id: server.client_id().to_owned(),
                client_secret: server.client_secret().clone(),
            },
            Self::Process(serve) => Address {
                endpoint: serve.address.endpoint.clone(),
                workspace: serve.address.unity_catalog_url.clone(),
                client_id: serve.address.client_id.clone(),
                client_secret: serve.address.client_secret.as_str().into(),
            },
            Self::Nowhere(endpoint, workspace) => Address {
                endpoint: (*endpoint).to_owned(),
                workspace: (*workspace).to_owned(),
                client_id: "nobody".to_owned(),
                client_secret: "nothing".into(),
            },
        }
    }

    /// The faults that did not happen.
    pub(super) fn idle_faults(&self) -> Vec<String> {
        match self {
            Self::Here(server) => {
                let idle = server.faults().into_iter().filter(|fault| fault.fired == 0);
                idle.map(|fault| fault.name).collect()
            }
            // Nobody can ask them.
            Self::Process(_) | Self::Nowhere(..) => Vec::new(),
        }
    }
}
