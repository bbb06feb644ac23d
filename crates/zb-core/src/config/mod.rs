//! Where a client connects to and as whom, and how it sends, from whichever place says so.
//!
//! Every setting is [declared] once; what a place says is a [`Layer`] of values with their origins.
//! Later places win: the environment, a profile of `~/.databrickscfg`, a TOML file, and what the
//! program itself sets. What is left in the end is set in a [`Plan`], of which a client is made.

mod declaration;
mod declared;
mod environment;
mod error;
mod file;
mod kind;
mod layer;
mod nearest;
mod origin;
mod plan;
mod profile;
mod quantity;
mod reference;
mod settings;
#[cfg(test)]
mod tests;
mod value;

use std::path::PathBuf;

pub use declared::{Declared, Group, Shape, declared};
pub(crate) use environment::{Process, Variables};
pub use error::ConfigError;
pub(crate) use layer::Layer;
pub use origin::Origin;
pub(crate) use plan::Plan;
pub use reference::reference;
pub use settings::{Missing, Setting, Settings, Unknown};
pub use value::Given;
pub(crate) use value::Value;
use zb_types::Secret;

/// Where a client connects to, and as whom.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// The Zerobus endpoint, such as
    /// `https://1234567890.zerobus.us-west-2.cloud.databricks.com`.
    pub endpoint: String,
    /// The workspace, such as `https://dbc-a1b2c3d4-e5f6.cloud.databricks.com`.
    pub host: String,
    /// As whom.
    pub credentials: Credentials,
}

/// What a client asks for tokens with.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Credentials {
    /// A service principal and its secret.
    Client {
        /// The id of the service principal.
        id: String,
        /// Its OAuth secret.
        secret: Secret,
    },
    /// The token of an identity provider that the workspace trusts, which something else renews.
    OidcToken {
        /// The file that holds it.
        file: PathBuf,
        /// The service principal; the workspace may tell it by the token alone.
        client_id: Option<String>,
    },
    /// The program brings its own [token source](crate::ClientBuilder::token_source).
    Program,
}

/// The places to look.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// What is so where no place says otherwise.
    pub(crate) fallback: Layer,
    pub(crate) environment: bool,
    pub(crate) profile: Option<String>,
    pub(crate) file: Option<PathBuf>,
    pub(crate) program: Layer,
}

/// The word of a setting that stands for what is done to a plan.
pub(crate) fn word_of(key: &str, with: impl FnOnce(&mut Plan)) -> Option<Value> {
    let mut plan = Plan::default();
    with(&mut plan);
    Declared::find(key)?.kind.get(&plan)
}

/// Whose settings are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Those of a client of a service.
    Service,
    /// Those of a client that has its own endpoint or none. It reads no profile, which says how a
    /// workspace is reached.
    Own,
}

impl Reach {
    fn wants(self, setting: &Declared) -> bool {
        self == Self::Service || setting.group() != Group::Connection
    }
}

/// What was found in all places.
#[derive(Debug)]
pub(crate) struct Looked {
    layer: Layer,
    unknown: Vec<Unknown>,
}

impl Places {
    /// Looks in every place, and takes the last word on each setting.
    pub(crate) fn look(
        &self,
        reach: Reach,
        variables: &dyn Variables,
    ) -> Result<Looked, ConfigError> {
        let wants = |setting: &Declared| reach.wants(setting);
        let mut layer = self.fallback.clone();
        let mut unknown = Vec::new();
        let mut profile = self.profile.clone();
        if self.environment {
            layer = layer.under(environment::layer(variables, wants)?);
            unknown.extend(environment::unknown(variables));
            profile = profile.or_else(|| environment::profile(variables));
        }
        if let Some(name) = profile.filter(|_| reach == Reach::Service) {
            let (found, others) = profile::layer(&name, variables)?;
            layer = layer.under(found);
            unknown.extend(others);
        }
        if let Some(path) = &self.file {
            layer = layer.under(file::layer(path)?);
        }
        let layer = layer.under(self.program.clone()).only(wants);
        layer.check()?;
        Ok(Looked { layer, unknown })
    }
}

impl Looked {
    /// A client as the settings have it.
    pub(crate) fn plan(&self) -> Plan {
        let mut plan = Plan::default();
        self.layer.apply(&mut plan);
        plan
    }

    /// Where to connect to and as whom, if everything is there. With `tokens` of the program's own no
    /// credentials are needed.
    pub(crate) fn config(&self, plan: &Plan, tokens: bool) -> Result<Config, ConfigError> {
        let missing = || ConfigError::Missing {
            settings: self.layer.missing(tokens),
        };
        let connection = plan.connection.clone();
        let (Some(endpoint), Some(host)) = (connection.endpoint, connection.host) else {
            return Err(missing());
        };
        let found = (
            connection.client_id,
            connection.client_secret,
            connection.oidc_token_file,
        );
        let credentials = match found {
            _ if tokens => Credentials::Program,
            (Some(id), Some(secret), _) => Credentials::Client { id, secret },
            (client_id, None, Some(file)) => Credentials::OidcToken { file, client_id },
            _ => return Err(missing()),
        };
        Ok(Config {
            endpoint,
            host,
            credentials,
        })
    }

    /// Every setting and what is missing. `since` is the plan once the program has changed it itself.
    pub(crate) fn settings(&self, plan: &Plan, since: Option<&Plan>, tokens: bool) -> Settings {
        Settings {
            all: self.layer.describe(plan, since),
            missing: self.layer.missing(tokens),
            unknown: self.unknown.clone(),
        }
    }

    /// Logs what looks like a setting and is none.
    pub(crate) fn warn(&self) {
        for unknown in &self.unknown {
            tracing::warn!("{unknown}");
        }
    }
}
