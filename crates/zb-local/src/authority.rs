//! TLS with a certificate authority of the server's own: made once, kept in the directory.
//!
//! Clients are told to trust the authority's certificate, and go on trusting a server that is
//! started again. The server's own certificate is made at each start and never written down.

use std::{
    error::Error as StdError,
    fs, io,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

use crate::{error::Error, private_file};

/// The certificate, for clients.
const CERTIFICATE: &str = "zb-local-ca.pem";
/// The key, for nobody else.
const KEY: &str = ".zb-local-ca.key";

const DAY: Duration = Duration::from_hours(24);
/// How long the authority is good for.
const YEARS: Duration = Duration::from_hours(24 * 3650);
/// How long a certificate of the server is good for; some clients take none with a longer life.
const A_YEAR: Duration = Duration::from_hours(24 * 365);

type Failed = Box<dyn StdError + Send + Sync>;

/// Who vouches for the server.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    path: PathBuf,
}

impl Authority {
    /// The authority of `dir`, made where there is none.
    pub(crate) fn of_directory(dir: &Path) -> Result<Self, Error> {
        let key_path = dir.join(KEY);
        let path = dir.join(CERTIFICATE);
        let unusable = |path: &Path, source: Failed| Error::Authority {
            path: path.to_owned(),
            source,
        };
        let key = match fs::read_to_string(&key_path) {
            Ok(pem) => KeyPair::from_pem(&pem).map_err(|e| unusable(&key_path, e.into()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = KeyPair::generate().map_err(|e| unusable(&key_path, e.into()))?;
                private_file::write(&key_path, key.serialize_pem().as_bytes())
                    .map_err(|source| Error::directory(&key_path, source))?;
                // A certificate of another key is worth nothing.
                remove(&path)?;
                key
            }
            Err(error) => return Err(Error::directory(&key_path, error)),
        };
        let params = authority_params();
        let pem = match fs::read_to_string(&path) {
            Ok(pem) => pem,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let certificate = params
                    .self_signed(&key)
                    .map_err(|e| unusable(&path, e.into()))?;
                let pem = certificate.pem();
                fs::write(&path, &pem).map_err(|source| Error::directory(&path, source))?;
                pem
            }
            Err(error) => return Err(Error::directory(&path, error)),
        };
        let issuer = Issuer::new(params, key);
        Ok(Self { issuer, pem, path })
    }

    /// The certificate that clients are to trust.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// The file that it is in.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// TLS for a server that is reached under these names, and under the loopback's.
    pub(crate) fn acceptor(&self, names: &[String]) -> Result<TlsAcceptor, Error> {
        self.config(names)
            .map(|config| TlsAcceptor::from(Arc::new(config)))
            .map_err(|source| Error::Authority {
                path: self.path.clone(),
                source,
            })
    }

    fn config(&self, names: &[String]) -> Result<ServerConfig, Failed> {
        let mut all = vec!["localhost".to_owned(), "127.0.0.1".into(), "::1".into()];
        all.extend(names.iter().filter(|name| is_specific(name)).cloned());
        let mut params = CertificateParams::new(all)?;
        params
            .distinguished_name
            .push(DnType::CommonName, "zb-local");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        (params.not_before, params.not_after) = validity(A_YEAR);
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;

        // The provider by name: there are two in the tree, and no default is installed.
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// The same at every start: only the key makes one authority differ from another.
fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, "zb-local authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = validity(YEARS);
    params
}

/// From yesterday, since clocks differ.
fn validity<T: From<SystemTime>>(lasting: Duration) -> (T, T) {
    let now = SystemTime::now();
    ((now - DAY).into(), (now + lasting).into())
}

/// Whether a client can mean this by its name: all addresses at once are none.
fn is_specific(name: &str) -> bool {
    name.parse::<IpAddr>()
        .map_or(!name.is_empty(), |address| !address.is_unspecified())
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::directory(path, error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_directory_has_the_same_authority() {
        let dir = tempfile::tempdir().unwrap();
        let first = Authority::of_directory(dir.path()).unwrap();
        let again = Authority::of_directory(dir.path()).unwrap();
        assert_eq!(first.pem(), again.pem());
        assert_eq!(fs::read_to_string(first.path()).unwrap(), first.pem());
    }

    #[test]
    fn a_new_key_has_a_new_certificate() {
        let dir = tempfile::tempdir().unwrap();
        let first = Authority::of_directory(dir.path()).unwrap();
        fs::remove_file(dir.path().join(KEY)).unwrap();
        let again = Authority::of_directory(dir.path()).unwrap();
        assert_ne!(first.pem(), again.pem());
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_the_key() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::of_directory(dir.path()).unwrap();
        assert!(!authority.pem().contains("PRIVATE"));
        let key = dir.path().join(KEY);
        assert!(fs::read_to_string(&key).unwrap().contains("PRIVATE KEY"));
        assert_eq!(
            fs::metadata(key).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    #[test]
    fn a_damaged_key_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(KEY), "nonsense").unwrap();
        let error = Authority::of_directory(dir.path()).err().unwrap();
        assert!(matches!(error, Error::Authority { .. }), "{error}");
        assert_eq!(fs::read(dir.path().join(KEY)).unwrap(), b"nonsense");
    }
}
