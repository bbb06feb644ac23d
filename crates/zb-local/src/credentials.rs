//! The client id, its secret and the key that signs tokens: made once, kept in the directory.
//!
//! A server that is started again in the same directory accepts the same client and the tokens it
//! issued before, as the service does over its own restarts.

use std::{fs, io, path::Path};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rand::RngCore as _;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use zb_types::{ExposeSecret as _, Secret};

use crate::{error::Error, private_file};

/// Where the credentials are kept, below the directory of the tables.
const FILE: &str = ".zb-local.json";

/// The one client this endpoint knows, and the key of its tokens.
#[derive(Debug)]
pub(crate) struct Credentials {
    pub(crate) client_id: String,
    pub(crate) client_secret: Secret,
    pub(crate) signing_key: Secret,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    client_id: String,
    client_secret: String,
    signing_key: String,
}

impl Credentials {
    /// Reads the credentials of `dir`, or makes and keeps new ones.
    pub(crate) fn of_directory(dir: &Path) -> Result<Self, Error> {
        let path = dir.join(FILE);
        let kept = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|source| Error::Credentials {
                path,
                source: source.into(),
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let kept = Kept::generate();
                serde_json::to_vec_pretty(&kept)
                    .map_err(io::Error::from)
                    .and_then(|json| private_file::write(&path, &json))
                    .map_err(|source| Error::directory(&path, source))?;
                kept
            }
            Err(error) => return Err(Error::directory(&path, error)),
        };
        Ok(Self {
            client_id: kept.client_id,
            client_secret: kept.client_secret.into(),
            signing_key: kept.signing_key.into(),
        })
    }

    /// Whether these are the client's id and secret. How long it takes says nothing about them.
    pub(crate) fn accept(&self, client_id: &str, client_secret: &str) -> bool {
        let id = self.client_id.as_bytes().ct_eq(client_id.as_bytes());
        let secret = self.client_secret.expose_secret().as_bytes();
        (id & secret.ct_eq(client_secret.as_bytes())).into()
    }
}

impl Kept {
    fn generate() -> Self {
        // The shapes that Databricks gives to service principals: a UUID, and `dose` with hex.
        let secret = u128::from_ne_bytes(random_bytes());
        Self {
            client_id: uuid::Uuid::new_v4().to_string(),
            client_secret: format!("dose{secret:032x}"),
            signing_key: BASE64_STANDARD.encode(random_bytes::<32>()),
        }
    }
}

fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_same_directory_has_the_same_credentials() {
        let dir = tempfile::tempdir().unwrap();
        let first = Credentials::of_directory(dir.path()).unwrap();
        let again = Credentials::of_directory(dir.path()).unwrap();
        assert_eq!(first.client_id, again.client_id);
        assert!(again.accept(&first.client_id, first.client_secret.expose_secret()));
        assert!(!again.accept(&first.client_id, "dose"));
        assert!(!again.accept("", first.client_secret.expose_secret()));
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_the_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        Credentials::of_directory(dir.path()).unwrap();
        let mode = fs::metadata(dir.path().join(FILE))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn debug_shows_no_secret() {
        let dir = tempfile::tempdir().unwrap();
        let credentials = Credentials::of_directory(dir.path()).unwrap();
        let shown = format!("{credentials:?}");
        assert!(!shown.contains(credentials.client_secret.expose_secret()));
        assert!(!shown.contains(credentials.signing_key.expose_secret()));
    }

    #[test]
    fn a_damaged_file_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), "{").unwrap();
        let error = Credentials::of_directory(dir.path()).unwrap_err();
        assert!(matches!(error, Error::Credentials { .. }));
        assert_eq!(fs::read(dir.path().join(FILE)).unwrap(), b"{");
    }
}
