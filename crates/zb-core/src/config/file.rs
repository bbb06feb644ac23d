//! Settings from a TOML file.

use std::path::Path;

use serde::Deserialize;

use super::{error::ConfigError, layer::Layer, origin::Origin};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    endpoint: Option<String>,
    host: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
}

pub(super) fn layer(path: &Path) -> Result<Layer, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let file: File = toml::from_str(&text).map_err(|error| ConfigError::Malformed {
        path: path.to_owned(),
        // The message alone: its usual display repeats the line, which may hold the secret.
        problem: format!("{}{}", error.message(), line(&text, &error)),
    })?;
    Ok(Layer::from_lookup(|setting| {
        let value = match setting {
            "endpoint" => &file.endpoint,
            "host" => &file.host,
            "client_id" => &file.client_id,
            _ => &file.client_secret,
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
