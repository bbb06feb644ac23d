//! Clients and endpoints inside this process.

use zb_types::Secret;

use crate::{Client, ClientBuilder, local::LocalZerobus};

/// How anybody on this machine reaches the endpoint inside this process: another client, a program, a
/// test in another language.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LocalAddress {
    /// The URL of the Zerobus endpoint.
    pub endpoint: String,
    /// The URL of the token endpoint and of Unity Catalog.
    pub unity_catalog_url: String,
    /// The id of the one client that it knows.
    pub client_id: String,
    /// The secret of that client.
    pub client_secret: Secret,
}

impl LocalAddress {
    pub(crate) fn of(server: &zb_local::Server) -> Self {
        Self {
            endpoint: server.endpoint().to_owned(),
            unity_catalog_url: server.unity_catalog_url().to_owned(),
            client_id: server.client_id().to_owned(),
            client_secret: server.client_secret().clone(),
        }
    }
}

impl ClientBuilder {
    /// Sends to an endpoint for tests, with its credentials: endpoint, host, client id and secret in
    /// one. The client is then what it would be against a workspace, and makes no tables.
    ///
    /// ```
    /// use zb_core::{Client, local::LocalZerobus};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let zerobus = LocalZerobus::builder()
    ///     .table_from_sql("CREATE TABLE main.default.readings (celsius DOUBLE)")
    ///     .start()
    ///     .await?;
    /// let client = Client::builder().against(&zerobus).build()?;
    /// # client.close().await?;
    /// # zerobus.shutdown().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn against(self, zerobus: &LocalZerobus) -> Self {
        self.endpoint(zerobus.endpoint())
            .host(zerobus.unity_catalog_url())
            .client_id(zerobus.client_id())
            .client_secret(zerobus.client_secret().clone())
    }
}

impl Client {
    /// How others reach the endpoint inside this process; none where there is no such endpoint. After
    /// [`close`](Self::close), nobody answers there.
    pub fn local_address(&self) -> Option<&LocalAddress> {
        self.address.as_ref()
    }
}
