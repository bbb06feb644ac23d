//! What is taken from the environment: tokens, credentials, the place of the profiles, proxies.
//!
//! A process must not change its own variables while others read them, so these tests run
//! themselves again in one of their own.

use std::{
    env,
    io::{Read, Write},
    net::TcpListener,
    process::Command,
    thread,
};

use tempfile::TempDir;
use zb_auth::{
    ClientCredentials, EnvToken, Error, Place, PlaceProblem, Profile, Scope, TokenSource,
};
use zb_types::{ExposeSecret, Secret};

use crate::endpoint::{CLIENT_ID, CLIENT_SECRET};

const MARK: &str = "ZB_AUTH_TEST_CHILD";

/// Whether this is the process with these variables. If not, it is made, and the test passes when it
/// does there.
fn is_child(test: &str, variables: &[(&str, &str)]) -> bool {
    if env::var_os(MARK).is_some() {
        return true;
    }
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", test])
        .env_clear()
        .envs(variables.iter().copied())
        .env(MARK, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "no such test: {text}");
    false
}

fn place(error: Error) -> (Place, PlaceProblem) {
    match error {
        Error::Place { place, problem, .. } => (place, problem),
        other => panic!("{other:?}"),
    }
}

fn variable(name: &str) -> Place {
    Place::Variable(name.to_owned())
}

#[tokio::test]
async fn a_variable_holds_a_token() {
    let variables = [
        ("GOOD", " t.o-k_e+n \n"),
        ("BAD", "hunter2 hunter2"),
        ("BLANK", " "),
    ];
    if !is_child("environment::a_variable_holds_a_token", &variables) {
        return;
    }
    let read = async |name| EnvToken::new(name).fetch(&Scope::Workspace).await;
    let token = read("GOOD").await.unwrap();
    assert_eq!(token.secret().expose_secret(), "t.o-k_e+n");
    assert_eq!(token.expires_at(), None, "nobody says how long it lives");
    for (name, problem) in [
        ("BAD", PlaceProblem::Illegal),
        ("BLANK", PlaceProblem::Empty),
        ("NOTHING", PlaceProblem::Missing),
    ] {
        let error = read(name).await.unwrap_err();
        assert!(
            !format!("{error} {error:?}").contains("hunter2"),
            "{error:?}"
        );
        assert!(!error.is_transient(), "nobody changes it from outside");
        assert_eq!(place(error), (variable(name), problem));
    }
}

#[test]
fn the_environment_holds_a_service_principal() {
    let mut variables = vec![
        ("DATABRICKS_HOST", "dbc-1.cloud.databricks.com"),
        ("DATABRICKS_CLIENT_ID", CLIENT_ID),
        ("DATABRICKS_CLIENT_SECRET", CLIENT_SECRET),
    ];
    if is_child(
        "environment::the_environment_holds_a_service_principal",
        &variables,
    ) {
        let found = ClientCredentials::from_environment("1");
        match env::var("DATABRICKS_CLIENT_SECRET") {
            Ok(_) => drop(found.unwrap().build().unwrap()),
            Err(_) => assert_eq!(
                place(found.unwrap_err()),
                (variable("DATABRICKS_CLIENT_SECRET"), PlaceProblem::Missing)
            ),
        }
        return;
    }
    variables.pop();
    is_child(
        "environment::the_environment_holds_a_service_principal",
        &variables,
    );
}

#[test]
fn profiles_are_where_the_databricks_tools_have_them() {
    let test = "environment::profiles_are_where_the_databricks_tools_have_them";
    if env::var_os(MARK).is_some() {
        let profile = Profile::load("etl");
        match env::var("EXPECTED") {
            Ok(expected) => {
                let host = profile.unwrap();
                assert_eq!(host.get("host").unwrap().expose_secret(), expected);
            }
            Err(_) => assert_eq!(
                place(profile.unwrap_err()),
                (variable("HOME"), PlaceProblem::Missing)
            ),
        }
        return;
    }
    let dir = TempDir::new().unwrap();
    let write = |name: &str, host: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, format!("[etl]\nhost = {host}\n")).unwrap();
        path
    };
    write(".databrickscfg", "at-home");
    let other = write("other", "elsewhere");
    let (home, other) = (dir.path().to_str().unwrap(), other.to_str().unwrap());
    let home = ("HOME", home);
    is_child(test, &[home, ("EXPECTED", "at-home")]);
    is_child(
        test,
        &[
            home,
            ("DATABRICKS_CONFIG_FILE", other),
            ("EXPECTED", "elsewhere"),
        ],
    );
    is_child(test, &[]);
}

#[test]
fn proxies_are_those_of_the_environment() {
    let test = "environment::proxies_are_those_of_the_environment";
    if env::var_os(MARK).is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let secret = Secret::from(CLIENT_SECRET);
        // Nobody has this name.
        let credentials = ClientCredentials::builder("http://zb.invalid", CLIENT_ID, secret, "1");
        let credentials = credentials.allow_plaintext().build().unwrap();
        let token = runtime
            .unwrap()
            .block_on(credentials.fetch(&Scope::Workspace));
        assert_eq!(token.unwrap().secret().expose_secret(), "t");
        return;
    }
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let asked = thread::spawn(move || {
        let (mut stream, _) = proxy.accept().unwrap();
        let mut request = [0; 4096];
        let length = stream.read(&mut request).unwrap();
        let body = r#"{"access_token":"t","expires_in":60}"#;
        let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length";
        write!(stream, "{head}: {}\r\n\r\n{body}", body.len()).unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    is_child(test, &[("http_proxy", &address)]);
    let asked = asked.join().unwrap();
    assert!(
        asked.starts_with("POST http://zb.invalid/oidc/v1/token "),
        "{asked}"
    );
}
