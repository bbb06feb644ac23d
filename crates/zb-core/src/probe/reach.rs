//! Whether a name resolves, and whether somebody answers there.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};

use super::Address;

/// How long a name may take to resolve, and an address to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why an address is not reached.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReachError {
    /// The name has no address.
    #[error("the name {host} does not resolve")]
    Name {
        /// The name.
        host: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// The host is there and nobody listens.
    #[error("nobody listens on {address}")]
    Refused {
        /// The host and the port.
        address: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// No answer in time.
    #[error("no answer from {address} within {after:?}")]
    Silence {
        /// The host and the port, or the name.
        address: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// Another failure of the network.
    #[error("{address} is not reached")]
    Network {
        /// The host and the port.
        address: String,
        /// What the operating system said.
        source: io::Error,
    },
}

/// The addresses of a host.
///
/// # Errors
///
/// [`ReachError::Name`] when there are none, [`ReachError::Silence`] when nobody says in time.
pub async fn resolve(address: &Address) -> Result<Vec<SocketAddr>, ReachError> {
    let host = address.host.clone();
    let looking = lookup_host((address.host.as_str(), address.port));
    let found = match timeout(PATIENCE, looking).await {
        Ok(Ok(found)) => found.collect::<Vec<_>>(),
        Ok(Err(source)) => return Err(ReachError::Name { host, source }),
        Err(_) => {
            return Err(ReachError::Silence {
                address: host,
                after: PATIENCE,
            });
        }
    };
    if found.is_empty() {
        let source = io::Error::from(io::ErrorKind::NotFound);
        return Err(ReachError::Name { host, source });
    }
    Ok(found)
}

/// Connects to the first of the addresses that answers, and lets go.
///
/// # Errors
///
/// What the last of them said.
pub async fn connect(addresses: &[SocketAddr]) -> Result<SocketAddr, ReachError> {
    let mut last = None;
    for &address in addresses {
        match timeout(PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return Ok(address),
            Ok(Err(source)) if source.kind() == io::ErrorKind::ConnectionRefused => {
                let address = address.to_string();
                last = Some(ReachError::Refused { address, source });
            }
            Ok(Err(source)) => {
                let address = address.to_string();
                last = Some(ReachError::Network { address, source });
            }
            Err(_) => {
                last = Some(ReachError::Silence {
                    address: address.to_string(),
                    after: PATIENCE,
                });
            }
        }
    }
    Err(last.unwrap_or_else(|| ReachError::Network {
        address: "no address".to_owned(),
        source: io::ErrorKind::NotFound.into(),
    }))
}
