//! From flags to a client.

use zb_core::{Client, ClientBuilder, Secret};

use crate::{
    arguments::{Connection, Fit},
    failure::Failure,
};

impl Connection {
    /// The client that the flags, the files and the environment describe.
    pub(crate) async fn open(&self, builder: ClientBuilder) -> Result<Client, Failure> {
        let builder = builder.fit(match self.fit {
            Fit::WhenReadable => zb_core::Fit::WhenReadable,
            Fit::Required => zb_core::Fit::Required,
            Fit::Off => zb_core::Fit::Off,
        });
        if let Some(dir) = &self.local {
            return Ok(builder.local(dir).await?);
        }
        Ok(self.describe(builder).await?.build()?)
    }

    /// A client of a service elsewhere, before it is made.
    pub(crate) async fn describe(&self, builder: ClientBuilder) -> Result<ClientBuilder, Failure> {
        let mut builder = builder.environment().application("zb-cli");
        if let Some(profile) = &self.profile {
            builder = builder.profile(profile);
        }
        if let Some(path) = &self.config {
            builder = builder.config_file(path);
        }
        if let Some(url) = &self.endpoint {
            builder = builder.endpoint(url);
        }
        if let Some(url) = &self.host {
            builder = builder.host(url);
        }
        if let Some(id) = &self.client_id {
            builder = builder.client_id(id);
        }
        if let Some(path) = &self.client_secret_file {
            let secret = tokio::fs::read_to_string(path).await.map_err(|source| {
                Failure::usage(format!("{} cannot be read", path.display())).because(source)
            })?;
            builder = builder.client_secret(Secret::from(secret.trim()));
        }
        if let Some(path) = &self.oidc_token_file {
            builder = builder.oidc_token_file(path);
        }
        if self.allow_plaintext {
            builder = builder.allow_plaintext();
        }
        Ok(builder)
    }
}
