//! Whether a connection can be encrypted with somebody who is who they say.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        self, CertificateError, ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName,
    },
};

use super::Address;

/// How long a handshake may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a handshake came to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Handshake {
    /// The version of TLS, such as `TLSv1_3`.
    pub version: String,
    /// Whether the peer speaks HTTP/2, without which there is no stream.
    pub is_http2: bool,
}

/// Why a connection cannot be encrypted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The certificate is signed by nobody whom this machine trusts.
    #[error("the certificate of {host} is signed by nobody whom this machine trusts")]
    UnknownIssuer {
        /// The host.
        host: String,
    },
    /// The certificate is for another name.
    #[error("the certificate is for another name than {host}")]
    WrongName {
        /// The host.
        host: String,
    },
    /// The certificate has ended, or not begun, by this machine's clock.
    #[error("the certificate of {host} is not valid at this time, by the clock of this machine")]
    WrongTime {
        /// The host.
        host: String,
    },
    /// The certificate is no good for another reason.
    #[error("the certificate of {host} is refused")]
    Certificate {
        /// The host.
        host: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The peer speaks something else.
    #[error("{host} does not speak TLS")]
    NotTls {
        /// The host.
        host: String,
        /// How that showed itself.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The two found no common way, or the peer has said no.
    #[error("the handshake with {host} failed")]
    Handshake {
        /// The host.
        host: String,
        /// Why.
        source: io::Error,
    },
    /// No answer in time.
    #[error("no answer from {host} within {after:?}")]
    Silence {
        /// The host.
        host: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// This machine has no list of those whom it trusts.
    #[error("this machine has no certificates of authorities")]
    NoRoots,
}

/// Encrypts a connection to `at`, as whom `address` says, and lets go. Those are trusted whom this
/// machine trusts: its store, or the files of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
///
/// # Errors
///
/// [`TlsError`], by what is wrong.
pub async fn handshake(address: &Address, at: SocketAddr) -> Result<Handshake, TlsError> {
    let host = address.host.clone();
    let connector = TlsConnector::from(Arc::new(config(&host)?));
    let name = ServerName::try_from(host.clone())
        .map_err(|_| TlsError::WrongName { host: host.clone() })?;
    let shaking = async {
        let socket = TcpStream::connect(at).await?;
        connector.connect(name, socket).await
    };
    let stream = match timeout(PATIENCE, shaking).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(told_apart(host, error)),
        Err(_) => {
            return Err(TlsError::Silence {
                host,
                after: PATIENCE,
            });
        }
    };
    let (_, session) = stream.get_ref();
    let version = session.protocol_version();
    Ok(Handshake {
        version: version.map_or_else(String::new, |version| format!("{version:?}")),
        is_http2: session.alpn_protocol() == Some(b"h2"),
    })
}

fn config(host: &str) -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    // One that cannot be read is no reason to trust none.
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err(TlsError::NoRoots);
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|source| TlsError::Certificate {
            host: host.to_owned(),
            source: source.into(),
        })?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn told_apart(host: String, error: io::Error) -> TlsError {
    use rustls::Error as E;
    let inner = error.get_ref();
    let Some(source) = inner.and_then(|e| e.downcast_ref::<E>()).cloned() else {
        return TlsError::Handshake {
            host,
            source: error,
        };
    };
    match source {
        // Or by a namesake of somebody whom it trusts.
        E::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            TlsError::UnknownIssuer { host }
        }
        E::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => TlsError::WrongName { host },
        E::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => TlsError::WrongTime { host },
        source @ E::InvalidCertificate(_) => TlsError::Certificate {
            host,
            source: source.into(),
        },
        source @ E::InvalidMessage(_) => TlsError::NotTls {
            host,
            source: source.into(),
        },
        _ => TlsError::Handshake {
            host,
            source: error,
        },
    }
}

#[cfg(test)]
mod tests {
    use rustls::{AlertDescription, Error as E, InvalidMessage};

    use super::*;

    fn told(error: E) -> TlsError {
        // As tokio-rustls hands it on.
        let error = io::Error::new(io::ErrorKind::InvalidData, error);
        told_apart("h.com".to_owned(), error)
    }

    #[test]
    fn each_thing_that_can_be_wrong_with_a_certificate_is_told_apart() {
        use CertificateError as C;
        let of = |error| told(E::InvalidCertificate(error));
        assert!(matches!(
            of(C::UnknownIssuer),
            TlsError::UnknownIssuer { .. }
        ));
        assert!(matches!(
            of(C::BadSignature),
            TlsError::UnknownIssuer { .. }
        ));
        assert!(matches!(of(C::NotValidForName), TlsError::WrongName { .. }));
        assert!(matches!(of(C::Expired), TlsError::WrongTime { .. }));
        assert!(matches!(of(C::NotValidYet), TlsError::WrongTime { .. }));
        assert!(matches!(of(C::Revoked), TlsError::Certificate { .. }));
        let other = told(E::InvalidMessage(InvalidMessage::InvalidContentType));
        assert!(matches!(other, TlsError::NotTls { .. }));
        let alert = told(E::AlertReceived(AlertDescription::HandshakeFailure));
        assert!(matches!(alert, TlsError::Handshake { .. }));
        let cut = told_apart("h.com".to_owned(), io::ErrorKind::ConnectionReset.into());
        assert!(matches!(cut, TlsError::Handshake { .. }));
    }
}
