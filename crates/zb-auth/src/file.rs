//! Tokens from a file that something else keeps.

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use tokio::task::spawn_blocking;
use zb_types::Secret;

use crate::{Error, Outage, Place, PlaceProblem, Scope, Token, TokenSource};

/// Far over any token: a JWT has a few kilobytes.
const MAX_FILE: usize = 256 * 1024;

/// A token that something else writes to a file and renews there: a Kubernetes service account, a
/// login helper, a sidecar.
///
/// The file is read for each token, whatever that is for, so a renewal is seen. Nobody says how long
/// it lives, so a cache does not keep it. White space around it does not count. A file that is empty
/// is one that is being written: a [transient](Error::is_transient) failure.
#[derive(Debug, Clone)]
pub struct FileToken {
    path: PathBuf,
}

impl FileToken {
    /// The token in this file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}

#[async_trait]
impl TokenSource for FileToken {
    async fn fetch(&self, _: &Scope) -> Result<Token, Error> {
        let path = self.path.clone();
        let read = spawn_blocking(move || read(&path)).await;
        // The task ends early only with its runtime.
        let text = read.unwrap_or_else(|_| Err(Error::outage(Outage::Abandoned)))?;
        let problem = |problem| Err(Error::place(Place::File(self.path.clone()), problem));
        match text.trim() {
            "" => problem(PlaceProblem::Empty),
            text => {
                let token = Token::new(Secret::from(text));
                if token.is_legal() {
                    Ok(token)
                } else {
                    problem(PlaceProblem::Illegal)
                }
            }
        }
    }
}

/// The text of a small file.
pub(crate) fn read(path: &Path) -> Result<String, Error> {
    let mut text = String::new();
    let length = std::fs::File::open(path)
        .and_then(|file| file.take(MAX_FILE as u64 + 1).read_to_string(&mut text))
        .map_err(|error| Error::Place {
            place: Place::File(path.to_owned()),
            problem: match error.kind() {
                io::ErrorKind::NotFound => PlaceProblem::Missing,
                _ => PlaceProblem::Unreadable,
            },
            source: Some(Arc::new(error)),
        })?;
    if length > MAX_FILE {
        let limit = MAX_FILE;
        let place = Place::File(path.to_owned());
        return Err(Error::place(place, PlaceProblem::TooLarge { limit }));
    }
    Ok(text)
}
