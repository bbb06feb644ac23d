//! Where a client connects to and as whom, from whichever place says so.
//!
//! Later places win: the environment, a profile of `~/.databrickscfg`, a TOML file, and what the
//! program itself sets.

mod environment;
mod error;
mod file;
mod layer;
mod origin;
mod profile;
mod settings;

use std::path::PathBuf;

pub use error::{ConfigError, Missing};
pub(crate) use layer::Layer;
pub use origin::Origin;
pub use settings::{Setting, Settings};
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
    pub(crate) environment: bool,
    pub(crate) profile: Option<String>,
    pub(crate) file: Option<PathBuf>,
    pub(crate) program: Layer,
}

impl Places {
    /// Looks in every place, and takes the last word on each setting.
    /// `tokens` says that the program brings its own.
    pub(crate) fn resolve(self, tokens: bool) -> Result<Config, ConfigError> {
        self.resolve_with(tokens, &|name| std::env::var(name).ok())
    }

    /// Looks in every place, and says what is where.
    /// `tokens` says that the program brings its own.
    pub(crate) fn settings(&self, tokens: bool) -> Result<Settings, ConfigError> {
        let merged = self.merged(&|name| std::env::var(name).ok())?;
        Ok(merged.settings(tokens))
    }

    fn resolve_with(
        self,
        tokens: bool,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Config, ConfigError> {
        self.merged(variable)?.into_config(tokens)
    }

    /// The last word on each setting.
    fn merged(&self, variable: &dyn Fn(&str) -> Option<String>) -> Result<Layer, ConfigError> {
        let mut settings = Layer::default();
        let mut profile = self.profile.clone();
        if self.environment {
            settings = settings.under(environment::layer(variable));
            profile = profile.or_else(|| environment::profile(variable));
        }
        if let Some(name) = profile {
            settings = settings.under(profile::layer(&name, variable)?);
        }
        if let Some(path) = &self.file {
            settings = settings.under(file::layer(path)?);
        }
        Ok(settings.under(self.program.clone()))
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, fs};

    use tempfile::TempDir;
    use zb_types::ExposeSecret;

    use super::*;

    fn resolve(places: Places, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let variables: HashMap<_, _> = variables.iter().copied().collect();
        places.resolve_with(false, &|name| variables.get(name).map(|v| (*v).to_owned()))
    }

    fn client(config: &Config) -> (&str, &str) {
        match &config.credentials {
            Credentials::Client { id, secret } => (id, secret.expose_secret()),
            other => panic!("{other:?}"),
        }
    }

    const COMPLETE: [(&str, &str); 4] = [
        ("ZEROBUS_SERVER_ENDPOINT", "https://1.zerobus.env"),
        ("DATABRICKS_HOST", "https://env"),
        ("DATABRICKS_CLIENT_ID", "id-env"),
        ("DATABRICKS_CLIENT_SECRET", "secret-env"),
    ];

    fn environment() -> Places {
        Places {
            environment: true,
            ..Places::default()
        }
    }

    #[test]
    fn the_environment_is_enough() {
        let config = resolve(environment(), &COMPLETE).unwrap();
        assert_eq!(config.endpoint, "https://1.zerobus.env");
        assert_eq!(client(&config), ("id-env", "secret-env"));
        let mut other = COMPLETE;
        other[0].0 = "ZEROBUS_ENDPOINT";
        assert!(resolve(environment(), &other).is_ok(), "the other name");
    }

    #[test]
    fn what_is_missing_is_named_with_where_it_could_be() {
        let error = resolve(environment(), &COMPLETE[..3]).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("client_secret"), "{text}");
        assert!(text.contains("DATABRICKS_CLIENT_SECRET"), "{text}");
        let all = resolve(environment(), &[]).unwrap_err().to_string();
        for name in [
            "ZEROBUS_SERVER_ENDPOINT",
            "DATABRICKS_HOST",
            "DATABRICKS_CLIENT_ID",
        ] {
            assert!(all.contains(name), "{all}");
        }
        let mut blank = COMPLETE;
        blank[2].1 = "  ";
        let text = resolve(environment(), &blank).unwrap_err().to_string();
        assert!(
            text.contains("DATABRICKS_CLIENT_ID"),
            "blank is missing: {text}"
        );
    }

    #[test]
    fn a_token_of_an_identity_provider_needs_no_secret() {
        let mut variables = COMPLETE[..2].to_vec();
        variables.push(("DATABRICKS_OIDC_TOKEN_FILEPATH", "/run/token"));
        let oidc = |variables: &[_]| match resolve(environment(), variables).unwrap().credentials {
            Credentials::OidcToken { file, client_id } => (file, client_id),
            other => panic!("{other:?}"),
        };
        assert_eq!(oidc(&variables), (PathBuf::from("/run/token"), None));
        variables.push(COMPLETE[2]);
        assert_eq!(oidc(&variables).1.as_deref(), Some("id-env"));
        variables.push(COMPLETE[3]);
        let config = resolve(environment(), &variables).unwrap();
        assert_eq!(client(&config), ("id-env", "secret-env"), "a secret wins");
        variables.remove(3);
        let text = resolve(environment(), &variables).unwrap_err().to_string();
        assert!(
            text.contains("DATABRICKS_CLIENT_ID"),
            "whose secret? {text}"
        );
    }

    #[test]
    fn tokens_of_the_program_need_no_credentials() {
        let variables: HashMap<_, _> = COMPLETE[..2].iter().copied().collect();
        let look = |name: &str| variables.get(name).map(|v| (*v).to_owned());
        let config = environment().resolve_with(true, &look).unwrap();
        assert!(matches!(config.credentials, Credentials::Program));
    }

    #[test]
    fn later_places_win() {
        let home = TempDir::new().unwrap();
        fs::write(
            home.path().join(".databrickscfg"),
            "[DEFAULT]\nhost = https://default\n\n[etl]\nhost = https://profile\nclient_id = id-profile\n",
        )
        .unwrap();
        let home_path = home.path().to_str().unwrap();
        let toml = home.path().join("zb.toml");
        fs::write(&toml, "client_id = 'id-file'\n").unwrap();
        let mut variables = COMPLETE.to_vec();
        variables.push(("HOME", home_path));
        variables.push(("DATABRICKS_CONFIG_PROFILE", "etl"));

        let config = resolve(environment(), &variables).unwrap();
        assert_eq!(
            (config.host.as_str(), client(&config).0),
            ("https://profile", "id-profile")
        );
        let places = Places {
            file: Some(toml.clone()),
            ..environment()
        };
        assert_eq!(client(&resolve(places, &variables).unwrap()).0, "id-file");
        let places = Places {
            file: Some(toml),
            program: Layer::default().client_id("id-program"),
            ..environment()
        };
        assert_eq!(
            client(&resolve(places, &variables).unwrap()).0,
            "id-program"
        );
    }

    #[test]
    fn a_profile_or_file_that_is_not_there_or_not_right_is_an_error() {
        let home = TempDir::new().unwrap();
        let home_path = home.path().to_str().unwrap();
        let with_profile = |name: &str| Places {
            profile: Some(name.to_owned()),
            ..environment()
        };
        let variables = [("HOME", home_path)];
        let text = resolve(with_profile("x"), &variables)
            .unwrap_err()
            .to_string();
        assert!(text.contains(".databrickscfg"), "{text}");
        fs::write(home.path().join(".databrickscfg"), "[a]\nhost = h\n").unwrap();
        let text = resolve(with_profile("x"), &variables)
            .unwrap_err()
            .to_string();
        assert!(text.contains("[x]") && text.contains("[a]"), "{text}");

        let toml = home.path().join("zb.toml");
        fs::write(&toml, "client_idd = 'x'\nclient_secret = 'very secret'\n").unwrap();
        let places = Places {
            file: Some(toml.clone()),
            ..Places::default()
        };
        let error = resolve(places, &[]).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(
            text.contains("client_idd") && text.contains("client_id"),
            "{text}"
        );
        assert!(!text.contains("very secret"), "{text}");

        for (content, word) in [
            ("client_secret = 123456789\n", "quotes"),
            ("client_secret = very secret\n", "line 1"),
        ] {
            fs::write(&toml, content).unwrap();
            let places = Places {
                file: Some(toml.clone()),
                ..Places::default()
            };
            let error = resolve(places, &[]).unwrap_err();
            let text = format!("{error} {error:?}");
            assert!(text.contains(word), "{text}");
            assert!(!text.contains("12345") && !text.contains("very"), "{text}");
        }
    }

    #[test]
    fn no_secret_shows_itself() {
        let config = resolve(environment(), &COMPLETE).unwrap();
        assert!(!format!("{config:?}").contains("secret-env"));
        let layer = Layer::default().client_secret(Secret::from("secret-layer"));
        assert!(!format!("{layer:?}").contains("secret-layer"));
    }
}
