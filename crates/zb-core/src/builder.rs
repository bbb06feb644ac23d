//! Setting up a client.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use zb_auth::{
    ClientCredentials, FileToken, Scope, Token, TokenExchange, workspace_id_from_endpoint,
};
use zb_debug::{MirrorsBuilder, QuarantineDirBuilder};
use zb_ingest::{Observer, SenderOptions};
use zb_telemetry::Recorder;
use zb_types::Secret;

use crate::{
    Client, Config, Credentials, Error, Fit,
    config::{Layer, Places},
    mirrors::{Beside, Kept, Mirrored},
    recorded::{Recorded, WatchedMirrors, WatchedTokens},
};

/// How many bytes may be in flight to the embedded endpoint, which acknowledges soon and keeps
/// what it has not committed in the memory of the same process.
#[cfg(feature = "local")]
const LOCAL_IN_FLIGHT_BYTES: usize = 8 << 20;

/// Sets up a [`Client`].
///
/// What is set here wins over what is found in a file, that over a profile, that over the
/// environment. Nowhere is looked without being told to.
#[derive(Default)]
#[must_use]
pub struct ClientBuilder {
    places: Places,
    allow_plaintext: bool,
    tokens: Option<Arc<dyn zb_auth::TokenSource>>,
    fit: Fit,
    settings: Settings,
    files: Files,
    recorder: Option<Arc<dyn Recorder>>,
}

impl ClientBuilder {
    /// Looks in the environment, as [`Client::from_env`] does.
    pub fn environment(mut self) -> Self {
        self.places.environment = true;
        self
    }

    /// Looks in a profile of `~/.databrickscfg` (or of the file in `DATABRICKS_CONFIG_FILE`):
    /// `host`, `client_id`, `client_secret`, `oidc_token_filepath`, and `zerobus_endpoint` of our
    /// own.
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.places.profile = Some(name.into());
        self
    }

    /// Looks in a TOML file: `endpoint`, `host`, `client_id`, `client_secret`, `oidc_token_file`.
    pub fn config_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.places.file = Some(path.into());
        self
    }

    /// The Zerobus endpoint, such as
    /// `https://1234567890.zerobus.us-west-2.cloud.databricks.com`.
    pub fn endpoint(self, url: impl Into<String>) -> Self {
        self.set(|layer| layer.endpoint(url))
    }

    /// The workspace, such as `https://dbc-a1b2c3d4-e5f6.cloud.databricks.com`.
    pub fn host(self, url: impl Into<String>) -> Self {
        self.set(|layer| layer.host(url))
    }

    /// The id of the service principal.
    pub fn client_id(self, id: impl Into<String>) -> Self {
        self.set(|layer| layer.client_id(id))
    }

    /// Its OAuth secret.
    pub fn client_secret(self, secret: Secret) -> Self {
        self.set(|layer| layer.client_secret(secret))
    }

    /// The file that holds the token of an identity provider which the workspace trusts (workload
    /// identity federation). A client secret, if there is one, is used instead.
    pub fn oidc_token_file(self, path: impl AsRef<Path>) -> Self {
        self.set(|layer| layer.oidc_token_file(path.as_ref()))
    }

    /// A token source of your own; no credentials are looked for then. Its tokens are cached and
    /// renewed as long as they say how long they live.
    pub fn token_source(mut self, source: impl zb_auth::TokenSource + 'static) -> Self {
        self.tokens = Some(Arc::new(source));
        self
    }

    /// Lets secrets, tokens and rows travel in clear text to `http` addresses of other machines.
    pub fn allow_plaintext(mut self) -> Self {
        self.allow_plaintext = true;
        self
    }

    /// Whether rows are made to fit the table: [where its columns can be read](Fit::WhenReadable),
    /// unless said otherwise.
    pub fn fit(mut self, fit: Fit) -> Self {
        self.fit = fit;
        self
    }

    /// The name of the program, for the service's logs.
    pub fn application(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.options(|options| options.application(name))
    }

    /// Changes the settings of every sender of the client: budgets, retries, streams, quarantine.
    pub fn options(
        mut self,
        with: impl FnOnce(SenderOptions) -> SenderOptions + Send + Sync + 'static,
    ) -> Self {
        self.settings.0.push(Box::new(with));
        self
    }

    /// Who is told what every sender of the client does.
    pub fn observer(self, observer: Arc<dyn Observer>) -> Self {
        self.options(|options| options.observer(observer))
    }

    /// Who counts what every sender of the client does, its tokens and its mirrors: a
    /// [`Stats`](crate::telemetry::Stats), a recorder for OpenTelemetry, or several.
    pub fn recorder(mut self, recorder: impl Recorder + 'static) -> Self {
        self.recorder = Some(Arc::new(recorder));
        self
    }

    /// Keeps what is handed in, or what is sent, or both, in files for people to look at. The client
    /// ends them when it is closed. A mirror that fails fails no send: it counts, see
    /// [`Client::mirrors`].
    pub fn mirrors(mut self, mirrors: MirrorsBuilder) -> Self {
        self.files.mirrors = Some(mirrors);
        self
    }

    /// Keeps rejected rows in files, with the reasons beside them, before the receipt is given out.
    pub fn quarantine(mut self, quarantine: QuarantineDirBuilder) -> Self {
        self.files.quarantine = Some(quarantine);
        self
    }

    /// What is found in the places that this builder looks in, and where: for telling a person.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when a place cannot be read.
    pub fn settings(&self) -> Result<crate::Settings, Error> {
        Ok(self.places.settings(self.tokens.is_some())?)
    }

    /// Makes the client. Nothing is connected to yet.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when a setting is missing or a place cannot be read, [`Error::Auth`] or
    /// [`Error::Ingest`] when an address cannot be used, [`Error::Debug`] when the directory of
    /// mirrors or quarantine cannot.
    pub fn build(self) -> Result<Client, Error> {
        let Config {
            endpoint,
            host,
            credentials,
        } = self.places.resolve(self.tokens.is_some())?;
        let mut options = SenderOptions::new(&endpoint);
        if self.allow_plaintext {
            options = options.allow_plaintext();
        }
        let (options, files) = self
            .files
            .open(self.settings.apply(options), self.recorder.as_ref())?;
        let workspace = workspace_id_from_endpoint(&endpoint);
        let made = match (credentials, self.tokens) {
            (_, Some(tokens)) => client(options, tokens, &host, self.fit, self.recorder),
            (Credentials::Client { id, secret }, None) => {
                let mut source = ClientCredentials::builder(&host, id, secret, workspace?);
                if self.allow_plaintext {
                    source = source.allow_plaintext();
                }
                client(options, source.build()?, &host, self.fit, self.recorder)
            }
            (Credentials::OidcToken { file, client_id }, None) => {
                let mut source = TokenExchange::builder(&host, FileToken::new(file), workspace?);
                if let Some(id) = client_id {
                    source = source.with_client_id(id);
                }
                if self.allow_plaintext {
                    source = source.allow_plaintext();
                }
                client(options, source.build()?, &host, self.fit, self.recorder)
            }
            // Found only where there is a source of the program's own.
            (Credentials::Program, None) => {
                client(options, NoTokens, &host, self.fit, self.recorder)
            }
        };
        Ok(made?.with(files))
    }

    /// Makes a client of an endpoint inside this process: [`Client::local`] with the settings of
    /// this builder. Addresses and credentials are the endpoint's own.
    ///
    /// # Errors
    ///
    /// As [`Client::local`].
    #[cfg(feature = "local")]
    pub async fn local(self, dir: impl Into<PathBuf>) -> Result<Client, Error> {
        self.local_with(zb_local::Server::builder(dir)).await
    }

    /// A client of this server, which it ends when it is closed.
    #[cfg(feature = "local")]
    pub(crate) fn serve(self, server: zb_local::Server) -> Result<Client, Error> {
        let options =
            SenderOptions::new(server.endpoint()).max_in_flight_bytes(LOCAL_IN_FLIGHT_BYTES);
        let host = server.unity_catalog_url().to_owned();
        let workspace = workspace_id_from_endpoint(server.endpoint())?;
        let secret = server.client_secret().clone();
        let source = ClientCredentials::builder(&host, server.client_id(), secret, workspace);
        let (options, files) = self
            .files
            .open(self.settings.apply(options), self.recorder.as_ref())?;
        let made = client(options, source.build()?, &host, self.fit, self.recorder)?;
        Ok(made.with(files).serving(server))
    }

    /// Makes a client that converts and checks and connects to nothing: what would be sent comes
    /// back as [not sent](crate::Receipt::not_sent). It needs no address and no credentials.
    ///
    /// # Errors
    ///
    /// [`Error::Ingest`] when a setting cannot be.
    pub fn dry_run(self) -> Result<Client, Error> {
        // A name that by its standard (RFC 6761) is nobody's.
        let options = SenderOptions::new("https://dry-run.invalid");
        let (options, files) = self.files.open(
            self.settings.apply(options).dry_run(),
            self.recorder.as_ref(),
        )?;
        let client = Client::new(
            options,
            NoTokens,
            "https://dry-run.invalid",
            Fit::Off,
            self.recorder,
        )?;
        Ok(client.with(files))
    }

    fn set(mut self, with: impl FnOnce(Layer) -> Layer) -> Self {
        self.places.program = with(self.places.program);
        self
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("places", &self.places)
            .finish_non_exhaustive()
    }
}

/// What is changed about the settings of every sender, in this order.
#[derive(Default)]
struct Settings(Vec<Box<dyn FnOnce(SenderOptions) -> SenderOptions + Send + Sync>>);

impl Settings {
    fn apply(self, options: SenderOptions) -> SenderOptions {
        self.0
            .into_iter()
            .fold(options, |options, with| with(options))
    }
}

/// A client whose tokens are watched, if someone counts.
fn client(
    options: SenderOptions,
    source: impl zb_auth::TokenSource + 'static,
    host: &str,
    fit: Fit,
    recorder: Option<Arc<dyn Recorder>>,
) -> Result<Client, Error> {
    match recorder {
        Some(recorder) => {
            let watched = WatchedTokens {
                source,
                recorder: Arc::clone(&recorder),
            };
            Client::new(options, watched, host, fit, Some(recorder))
        }
        None => Client::new(options, source, host, fit, None),
    }
}

/// The files that are kept beside what is sent.
#[derive(Default)]
struct Files {
    mirrors: Option<MirrorsBuilder>,
    quarantine: Option<QuarantineDirBuilder>,
}

impl Files {
    fn open(
        self,
        mut options: SenderOptions,
        recorder: Option<&Arc<dyn Recorder>>,
    ) -> Result<(SenderOptions, Beside), Error> {
        let mut beside = Beside::default();
        if let Some(recorder) = recorder {
            options = options.observer(Arc::new(Recorded(Arc::clone(recorder))));
        }
        if let Some(mirrors) = self.mirrors {
            let mirrors = Arc::new(mirrors.start()?);
            options = options.observer(Arc::new(Mirrored(Arc::clone(&mirrors))));
            if let Some(recorder) = recorder {
                options = options.observer(Arc::new(WatchedMirrors {
                    mirrors: Arc::clone(&mirrors),
                    recorder: Arc::clone(recorder),
                    told: Default::default(),
                }));
            }
            beside.mirrors = Some(mirrors);
        }
        if let Some(quarantine) = self.quarantine {
            let quarantine = Arc::new(quarantine.open()?);
            options = options.quarantine(Arc::new(Kept(Arc::clone(&quarantine))));
            beside.quarantine = Some(quarantine);
        }
        Ok((options, beside))
    }
}

/// The tokens of a client that connects to nothing, and why there are none.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("a dry run connects to nothing and has no token")]
struct NoTokens;

#[async_trait]
impl zb_auth::TokenSource for NoTokens {
    async fn fetch(&self, _: &Scope) -> Result<Token, zb_auth::Error> {
        Err(zb_auth::Error::permanent(*self))
    }
}
