//! Tokens and credentials from files, profiles and functions.

use std::{fs, io, path::PathBuf, time::Duration};

use tempfile::TempDir;
use tokio::time::Instant;
use zb_auth::{
    Callback, ClientCredentials, Error, ErrorKind, FileToken, Place, PlaceProblem, Profile, Scope,
    Token, TokenCache, TokenSource,
};
use zb_types::ExposeSecret;

use crate::{
    endpoint::{CLIENT_ID, CLIENT_SECRET, Endpoint, token},
    request::flights,
};

struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn write(&self, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join("file");
        fs::write(&path, content).unwrap();
        path
    }
}

async fn read(source: &impl TokenSource) -> Result<String, Error> {
    let token = source.fetch(&flights()).await?;
    assert_eq!(token.expires_at(), None, "nobody says how long it lives");
    Ok(token.secret().expose_secret().to_owned())
}

#[track_caller]
fn problem(error: &Error) -> PlaceProblem {
    match error {
        Error::Place { problem, .. } => problem.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_file_is_read_for_each_token() {
    let home = Home::new();
    let path = home.write("first\n");
    let cache = TokenCache::new(FileToken::new(&path));
    for text in ["first", "second", "third"] {
        home.write(format!(" {text} \r\n"));
        let lease = cache.token(&Scope::Workspace).await.unwrap();
        assert_eq!(lease.secret().expose_secret(), text);
    }
}

#[tokio::test]
async fn a_file_without_a_token_says_what_is_wrong() {
    let home = Home::new();
    let limit = 256 * 1024;
    for (content, expected) in [
        (&b" \n"[..], PlaceProblem::Empty),
        (b"two words", PlaceProblem::Illegal),
        (b"a\r\nx: y", PlaceProblem::Illegal),
        ("t\u{f6}k".as_bytes(), PlaceProblem::Illegal),
        (b"\xff\xfe", PlaceProblem::Unreadable),
        (&vec![b'x'; limit + 1], PlaceProblem::TooLarge { limit }),
    ] {
        let path = home.write(content);
        let error = read(&FileToken::new(&path)).await.unwrap_err();
        assert_eq!(problem(&error), expected);
        assert!(
            error.to_string().starts_with(path.to_str().unwrap()),
            "{error}"
        );
        // It may be written just now.
        assert_eq!(error.is_transient(), expected == PlaceProblem::Empty);
    }
    let directory = read(&FileToken::new(home.0.path())).await.unwrap_err();
    assert_eq!(problem(&directory), PlaceProblem::Unreadable);
    let nothing = FileToken::new(home.0.path().join("nothing"));
    let nothing = read(&nothing).await.unwrap_err();
    assert_eq!(
        (nothing.kind(), problem(&nothing)),
        (ErrorKind::Place, PlaceProblem::Missing)
    );
    assert!(!nothing.is_transient());
    assert_eq!(
        read(&FileToken::new(home.write("x".repeat(limit))))
            .await
            .unwrap()
            .len(),
        limit
    );
}

#[tokio::test]
async fn a_function_is_told_what_the_token_is_for() {
    let source =
        Callback::new(|scope| async move {
            match scope {
                Scope::Workspace => Err(Error::permanent(io::Error::other("not here"))),
                scope => Ok(Token::new(format!("{scope:?}"))
                    .expiring(Instant::now(), Duration::from_mins(1))),
            }
        });
    let cache = TokenCache::new(source);
    let lease = cache.token(&flights()).await.unwrap();
    assert_eq!(
        lease.secret().expose_secret(),
        r#"Table("main.nyc.flights")"#
    );
    let error = cache.token(&Scope::Workspace).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Source);
}

#[tokio::test]
async fn a_profile_is_a_service_principal() {
    let endpoint = Endpoint::start([token("t", 3600)]).await;
    let home = Home::new();
    let path = home.write(format!(
        "[DEFAULT]\nhost = https://elsewhere\n\n\
         [etl]\nhost = {}\nclient_id={CLIENT_ID}\nclient_secret = {CLIENT_SECRET}\\n \n",
        endpoint.url
    ));
    let profile = Profile::read(&path, "etl").unwrap();
    assert_eq!((profile.name(), profile.path()), ("etl", path.as_path()));
    let secret = profile.get("client_secret").unwrap().expose_secret();
    assert_eq!(
        secret,
        format!("{CLIENT_SECRET}\\n"),
        "a backslash is a backslash"
    );
    assert!(!format!("{profile:?}").contains(CLIENT_SECRET));

    let credentials = ClientCredentials::from_profile(&profile, "1").unwrap();
    let credentials = credentials.build().unwrap();
    let token = credentials.fetch(&Scope::Workspace).await.unwrap();
    assert_eq!(token.secret().expose_secret(), "t");
}

#[test]
fn a_profile_that_is_not_enough_says_what_is_missing() {
    let home = Home::new();
    let path =
        home.write("[DEFAULT]\nhost = h\n[a]\nhost = h\nclient_id =\nclient_secret = hunter2\n");
    let place = |name: &str| Place::Profile {
        path: path.clone(),
        name: name.to_owned(),
    };
    match Profile::read(&path, "b").unwrap_err() {
        Error::Place {
            place: found,
            problem,
            ..
        } => {
            let others = ["DEFAULT", "a"].map(str::to_owned).to_vec();
            let problem_there = PlaceProblem::NoProfile { found: others };
            assert_eq!((found, problem), (place("b"), problem_there));
        }
        other => panic!("{other:?}"),
    }
    for (name, setting) in [("DEFAULT", "client_id"), ("a", "client_id")] {
        let profile = Profile::read(&path, name).unwrap();
        let error = ClientCredentials::from_profile(&profile, "1").unwrap_err();
        let expected = PlaceProblem::NoSetting {
            name: setting.to_owned(),
        };
        assert_eq!(problem(&error), expected);
        assert_eq!(
            error.to_string(),
            format!("profile [{name}] of {} has no {setting}", path.display())
        );
    }
    let broken = home.write("[a]\nhost = h\n[b\nclient_secret = hunter2\n");
    let error = Profile::read(&broken, "a").unwrap_err();
    assert!(
        matches!(problem(&error), PlaceProblem::Malformed { .. }),
        "{error}"
    );
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    let error = Profile::read(&home.0.path().join("nothing"), "a").unwrap_err();
    assert_eq!(problem(&error), PlaceProblem::Missing);
}
