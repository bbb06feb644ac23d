//! Which place has the last word.

use super::*;

fn client(config: &Config) -> (&str, &str) {
    match &config.credentials {
        Credentials::Client { id, secret } => (id, secret.expose_secret()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_environment_is_enough() {
    let config = resolve(&environment(), &COMPLETE).unwrap();
    assert_eq!(config.endpoint, "https://1.zerobus.env");
    assert_eq!(client(&config), ("id-env", "secret-env"));
    let mut other = COMPLETE;
    other[0].0 = "ZEROBUS_ENDPOINT";
    assert!(resolve(&environment(), &other).is_ok(), "the other name");
}

#[test]
fn what_is_missing_is_named_with_where_it_could_be() {
    let error = resolve(&environment(), &COMPLETE[..3]).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("client_secret"), "{text}");
    assert!(text.contains("DATABRICKS_CLIENT_SECRET"), "{text}");
    let all = resolve(&environment(), &[]).unwrap_err().to_string();
    for name in [
        "ZEROBUS_SERVER_ENDPOINT",
        "DATABRICKS_HOST",
        "DATABRICKS_CLIENT_ID",
    ] {
        assert!(all.contains(name), "{all}");
    }
    let mut blank = COMPLETE;
    blank[2].1 = "  ";
    let text = resolve(&environment(), &blank).unwrap_err().to_string();
    assert!(
        text.contains("DATABRICKS_CLIENT_ID"),
        "blank is missing: {text}"
    );
}

#[test]
fn a_token_of_an_identity_provider_needs_no_secret() {
    let mut variables = COMPLETE[..2].to_vec();
    variables.push(("DATABRICKS_OIDC_TOKEN_FILEPATH", "/run/token"));
    let oidc = |variables: &[_]| match resolve(&environment(), variables).unwrap().credentials {
        Credentials::OidcToken { file, client_id } => (file, client_id),
        other => panic!("{other:?}"),
    };
    assert_eq!(oidc(&variables), (PathBuf::from("/run/token"), None));
    variables.push(COMPLETE[2]);
    assert_eq!(oidc(&variables).1.as_deref(), Some("id-env"));
    variables.push(COMPLETE[3]);
    let config = resolve(&environment(), &variables).unwrap();
    assert_eq!(client(&config), ("id-env", "secret-env"), "a secret wins");
    variables.remove(3);
    let text = resolve(&environment(), &variables).unwrap_err().to_string();
    assert!(
        text.contains("DATABRICKS_CLIENT_ID"),
        "whose secret? {text}"
    );
}

#[test]
fn tokens_of_the_program_need_no_credentials() {
    let looked = look(&environment(), &COMPLETE[..2]).unwrap();
    let config = looked.config(&looked.plan(), true).unwrap();
    assert!(matches!(config.credentials, Credentials::Program));
}

#[test]
fn later_places_win_setting_by_setting() {
    let home = home(
        "[DEFAULT]\nhost = https://default\n\n\
         [etl]\nhost = https://profile\nzerobus_streams = 2\nzerobus_request_rows = 2\nzerobus_max_probes = 2\n",
    );
    let (_kept, file) = file("request_rows = 3\nmax_probes = 3\n");
    let mut variables = COMPLETE.to_vec();
    variables.extend([
        ("HOME", home.path().to_str().unwrap()),
        ("DATABRICKS_CONFIG_PROFILE", "etl"),
        ("ZEROBUS_MAX_ATTEMPTS", "1"),
        ("ZEROBUS_STREAMS", "1"),
        ("ZEROBUS_REQUEST_ROWS", "1"),
        ("ZEROBUS_MAX_PROBES", "1"),
    ]);
    let places = Places {
        environment: true,
        fallback: program("retry_cap", "7s").under(program("max_attempts", "9")),
        program: program("max_probes", "4"),
        ..file
    };
    let settings = settings(&places, &variables);
    let found = |name: &str| {
        let setting = settings.all.iter().find(|setting| setting.name == name);
        let setting = setting.unwrap();
        (setting.value.clone().unwrap(), setting.origin.to_string())
    };
    let profile = format!("profile [etl] of {}/.databrickscfg", home.path().display());
    let line = format!("{}:1", places.file.as_ref().unwrap().display());
    for (name, value, origin) in [
        ("retry_cap", "7s", "the program"),
        (
            "max_attempts",
            "1",
            "environment variable ZEROBUS_MAX_ATTEMPTS",
        ),
        ("host", "https://profile", profile.as_str()),
        ("streams", "2", profile.as_str()),
        ("request_rows", "3", line.as_str()),
        ("max_probes", "4", "the program"),
        ("request_bytes", "2 MiB", "default"),
    ] {
        assert_eq!(found(name), (value.to_owned(), origin.to_owned()), "{name}");
    }
}

#[test]
fn a_client_with_its_own_endpoint_heeds_all_but_the_connection_and_reads_no_profile() {
    let (_kept, file) = file("streams = 3\nendpoint = 'https://elsewhere'\n");
    let places = Places {
        environment: true,
        ..file
    };
    let variables = HashMap::from([
        ("DATABRICKS_CONFIG_PROFILE", "one that is not there"),
        ("DATABRICKS_HOST", "two\nlines"),
        ("ZEROBUS_REQUEST_ROWS", "9"),
    ]);
    let looked = places.look(Reach::Own, &variables).unwrap();
    let settings = looked.settings(&looked.plan(), None, true);
    let values = ["streams", "request_rows", "endpoint", "host"].map(|name| settings.value(name));
    assert_eq!(values, [Some("3"), Some("9"), None, None]);
}

#[test]
fn no_secret_shows_itself() {
    let looked = look(&environment(), &COMPLETE).unwrap();
    let config = looked.config(&looked.plan(), false).unwrap();
    let settings = looked.settings(&looked.plan(), None, false);
    let text = format!("{config:?} {looked:?} {:?} {settings:?}", looked.plan());
    assert!(!text.contains("secret-env"), "{text}");
    assert_eq!(settings.value("client_secret"), Some("***"));
}
