//! Settings from a TOML file.

use std::path::Path;

use serde::Deserialize;

use super::{error::ConfigError, layer::Layer, origin::Origin};

/// The names of the settings.
const KEYS: [&str; 5] = [
    "endpoint",
    "host",
    "client_id",
    "client_secret",
    "oidc_token_file",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    endpoint: Option<String>,
    host: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    oidc_token_file: Option<String>,
}

pub(super) fn layer(path: &Path) -> Result<Layer, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let malformed = |problem| ConfigError::Malformed {
        path: path.to_owned(),
        problem,
    };
    // In two steps, since the second one's messages repeat values, of which one may be the secret.
    let table: toml::Table = toml::from_str(&text)
        .map_err(|error| malformed(format!("it is not TOML{}", line(&text, &error))))?;
    for (key, value) in &table {
        if KEYS.contains(&key.as_str()) && !value.is_str() {
            return Err(malformed(format!(
                "{key} is not a string; put quotes around it"
            )));
        }
    }
    let file: Settings = table
        .try_into()
        .map_err(|error: toml::de::Error| malformed(error.message().to_owned()))?;
    Ok(Layer::from_lookup(|setting| {
        let value = match setting {
            "endpoint" => &file.endpoint,
            "host" => &file.host,
            "client_id" => &file.client_id,
            "client_secret" => &file.client_secret,
            _ => &file.oidc_token_file,
        };
        Some((value.clone()?, Origin::File(path.to_owned())))
    }))
}

fn line(text: &str, error: &toml::de::Error) -> String {
    error
        .span()
        .and_then(|span| text.get(..span.start))
        .map_or_else(String::new, |before| {
            format!(" (line {})", before.matches('\n').count() + 1)
        })
}
