//! Setting up a client.

mod files;
mod parts;
mod settings;

use std::{fmt, path::PathBuf, sync::Arc};

#[cfg(feature = "local")]
use zb_auth::workspace_id_from_endpoint;
use zb_debug::{MirrorsBuilder, QuarantineDirBuilder};
use zb_ingest::{Observer, SenderOptions};
use zb_telemetry::Recorder;

use crate::{
    Client, ConfigError, Error, Fit, Given, Origin,
    config::{Config, Looked, Places, Plan, Process, Reach},
};

use files::Files;
use parts::{NoTokens, Parts, source};

/// Sets up a [`Client`].
///
/// What is set here wins over what is found in a file, that over a profile, that over the
/// environment. Nowhere is looked without being told to. [Every setting](crate::declared) has a method
/// of its own, and [`set`](Self::set) takes its name.
#[derive(Default)]
#[must_use]
pub struct ClientBuilder {
    places: Places,
    tokens: Option<Arc<dyn zb_auth::TokenSource>>,
    changes: Changes,
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
    /// `host`, `client_id`, `client_secret`, `oidc_token_filepath`, and keys of our own, such as
    /// `zerobus_endpoint`.
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.places.profile = Some(name.into());
        self
    }

    /// Looks in a TOML file, which may have any [setting](crate::declared) and nothing else.
    pub fn config_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.places.file = Some(path.into());
        self
    }

    /// Sets the setting of this name, for who has names and values from elsewhere: flags, keywords.
    /// A blank text changes nothing.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Unknown`] when there is no such setting, [`ConfigError::Invalid`] when it cannot
    /// have this value.
    pub fn set(
        mut self,
        name: &str,
        value: impl Into<Given>,
        origin: Origin,
    ) -> Result<Self, ConfigError> {
        let program = &mut self.places.program;
        program.give_by_name(name, &value.into(), origin, |_| true)?;
        Ok(self)
    }

    /// What a setting is where no place says otherwise, for a program that has defaults of its own.
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set).
    pub fn fallback(mut self, name: &str, value: impl Into<Given>) -> Result<Self, ConfigError> {
        let fallback = &mut self.places.fallback;
        fallback.give_by_name(name, &value.into(), Origin::Default, |_| true)?;
        Ok(self)
    }

    /// A token source of your own; no credentials are looked for then. Its tokens are cached and
    /// renewed as long as they say how long they live.
    pub fn token_source(mut self, source: impl zb_auth::TokenSource + 'static) -> Self {
        self.tokens = Some(Arc::new(source));
        self
    }

    /// Changes the settings of every sender of the client, whatever the places say: for what
    /// [has no name](crate::declared), such as budgets of retries.
    pub fn options(
        mut self,
        with: impl FnOnce(SenderOptions) -> SenderOptions + Send + Sync + 'static,
    ) -> Self {
        self.changes.0.push(Box::new(with));
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

    /// Keeps what is handed in, or what is sent, or both, in files for people to look at, whatever the
    /// [settings](Self::debug_dir) say. The client ends them when it is closed. A mirror that fails
    /// fails no send: it counts, see [`Client::mirrors`].
    pub fn mirrors(mut self, mirrors: MirrorsBuilder) -> Self {
        self.files.mirrors = Some(mirrors);
        self
    }

    /// Keeps rejected rows in files, with the reasons beside them, before the receipt is given out,
    /// whatever the [setting](Self::quarantine_dir) says.
    pub fn quarantine(mut self, quarantine: QuarantineDirBuilder) -> Self {
        self.files.quarantine = Some(quarantine);
        self
    }

    /// Opens no quarantine, though a setting has a directory for it: for a program that keeps rejected
    /// rows itself. [`Client::settings`] has the directory.
    pub fn without_quarantine(mut self) -> Self {
        self.files.no_quarantine = true;
        self
    }

    /// Opens no mirrors, though a setting has a directory for them: for a program that only looks.
    pub fn without_mirrors(mut self) -> Self {
        self.files.no_mirrors = true;
        self
    }

    /// What is found in the places that this builder looks in, and where: for telling a person. What
    /// [`options`](Self::options) changes is not seen here, but in [`Client::settings`].
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when a place cannot be read, or has a value that cannot be.
    pub fn settings(&self) -> Result<crate::Settings, Error> {
        let looked = self.places.look(Reach::Service, &Process)?;
        Ok(looked.settings(&looked.plan(), None, self.tokens.is_some()))
    }

    /// Where a client would connect to and as whom, from all the places that this builder looks in.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when a setting is missing or wrong, or a place cannot be read.
    pub fn config(&self) -> Result<Config, Error> {
        let looked = self.places.look(Reach::Service, &Process)?;
        Ok(looked.config(&looked.plan(), self.tokens.is_some())?)
    }

    /// Makes the client. Nothing is connected to yet.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when a setting is missing or wrong or a place cannot be read, [`Error::Auth`]
    /// or [`Error::Ingest`] when an address cannot be used, [`Error::Debug`] when the directory of
    /// mirrors or quarantine cannot.
    pub fn build(mut self) -> Result<Client, Error> {
        let looked = self.places.look(Reach::Service, &Process)?;
        let mut plan = looked.plan();
        let tokens = self.tokens.take();
        let config = looked.config(&plan, tokens.is_some())?;
        let Config { endpoint, host, .. } = config.clone();
        plan.sender(|options| options.endpoint(endpoint));
        let plaintext = plan.connection.allow_plaintext;
        if plaintext {
            plan.sender(SenderOptions::allow_plaintext);
        }
        let parts = self.parts(&looked, &plan, tokens.is_some())?;
        match tokens {
            Some(tokens) => parts.client(tokens, &host),
            None => parts.client(source(config, plaintext)?, &host),
        }
    }

    /// Makes a client of an endpoint inside this process: [`Client::local`] with the settings of
    /// this builder. Addresses and credentials are the endpoint's own.
    ///
    /// # Errors
    ///
    /// As [`Client::local`], and [`Error::Config`] when a setting is wrong or a place cannot be read.
    #[cfg(feature = "local")]
    pub async fn local(self, dir: impl Into<PathBuf>) -> Result<Client, Error> {
        self.local_with(zb_local::Server::builder(dir)).await
    }

    /// [`local`](Self::local) with an endpoint that was set up: with faults, with TLS for others, with
    /// a page for people. The client ends it when it is closed.
    ///
    /// # Errors
    ///
    /// As [`Client::local`].
    #[cfg(feature = "local")]
    pub async fn local_with(mut self, server: zb_local::ServerBuilder) -> Result<Client, Error> {
        // It acknowledges soon, and keeps what it has not committed in the memory of the same process.
        self = self.fallback("max_in_flight_bytes", "8MiB")?;
        let looked = self.places.look(Reach::Own, &Process)?;
        let mut plan = looked.plan();
        let server = server.start().await?;
        plan.sender(|options| options.endpoint(server.endpoint()));
        let host = server.unity_catalog_url().to_owned();
        let workspace = workspace_id_from_endpoint(server.endpoint())?;
        let secret = server.client_secret().clone();
        let tokens =
            zb_auth::ClientCredentials::builder(&host, server.client_id(), secret, workspace);
        let parts = self.parts(&looked, &plan, true)?;
        Ok(parts.client(tokens.build()?, &host)?.serving(server))
    }

    /// Makes a client that converts and checks and connects to nothing: what would be sent comes
    /// back as [not sent](crate::Receipt::not_sent). It needs no address and no credentials.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] or [`Error::Ingest`] when a setting cannot be.
    pub fn dry_run(self) -> Result<Client, Error> {
        // A name that by its standard (RFC 6761) is nobody's.
        let nowhere = "https://dry-run.invalid";
        let looked = self.places.look(Reach::Own, &Process)?;
        let mut plan = looked.plan();
        plan.fit = Fit::Off;
        plan.sender(|options| options.endpoint(nowhere).dry_run());
        self.parts(&looked, &plan, true)?.client(NoTokens, nowhere)
    }

    /// What is found with these environment variables.
    #[cfg(test)]
    pub(crate) fn looked(
        &self,
        variables: &dyn crate::config::Variables,
    ) -> Result<Looked, ConfigError> {
        self.places.look(Reach::Service, variables)
    }

    /// What the client is made of, besides its tokens.
    fn parts(self, looked: &Looked, plan: &Plan, tokens: bool) -> Result<Parts, Error> {
        looked.warn();
        let mut changed = plan.clone();
        self.changes.apply(&mut changed);
        let settings = looked.settings(plan, Some(&changed), tokens);
        let (options, beside) = self.files.open(&changed, self.recorder.as_ref())?;
        Ok(Parts {
            options,
            fit: changed.fit,
            beside,
            recorder: self.recorder,
            settings,
        })
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
struct Changes(Vec<Box<dyn FnOnce(SenderOptions) -> SenderOptions + Send + Sync>>);

impl Changes {
    fn apply(self, plan: &mut Plan) {
        for with in self.0 {
            plan.sender(with);
        }
    }
}
