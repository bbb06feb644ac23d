//! What is refused, and what is said of it.

use super::*;

fn refused(text: &str) -> String {
    let (_kept, places) = file(text);
    let error = look(&places, &[]).unwrap_err();
    format!("{error} {error:?}")
}

#[test]
fn a_key_that_is_none_is_refused_with_its_line_and_the_nearest() {
    let text = refused("client_secret = 'very secret'\n\n# Streams.\nstreems = 4\n");
    assert!(
        text.contains("there is no setting streems") && text.contains("zb.toml:4"),
        "{text}"
    );
    assert!(text.contains("did you mean streams?"), "{text}");
    assert!(!text.contains("very secret"), "{text}");
    let text = refused("[delivery]\nstreams = 4\n");
    assert!(
        text.contains("no setting delivery") && text.contains("zb.toml:1"),
        "{text}"
    );
    assert!(!text.contains("did you mean"), "{text}");
}

#[test]
fn a_value_that_cannot_be_is_refused_with_its_place_and_what_may_be() {
    for (text, words) in [
        (
            "streams = 65",
            [
                "streams is a whole number from 1 to 64, not 65 (",
                "zb.toml:1)",
            ],
        ),
        ("streams = '4'", ["streams", "not \"4\" in quotes"]),
        ("streams = 2.5", ["streams", "not 2.5"]),
        ("streams = -1", ["streams", "not -1"]),
        ("streams = [4]", ["streams", "an array of other things"]),
        (
            "streams = 99999999999999999999",
            ["streams", "not 99999999999999999999"],
        ),
        (
            "stamp_rows = 'true'",
            ["stamp_rows is true or false", "in quotes"],
        ),
        ("stamp_rows = 1", ["stamp_rows is true or false", "not 1"]),
        (
            "request_bytes = '16 apples'",
            ["a number of bytes from 1 to 10420224", "not \"16 apples\""],
        ),
        ("request_bytes = '16MiB'", ["request_bytes", "not 16 MiB"]),
        ("\nack_timeout = 'soon'", ["a time above 0", "zb.toml:2"]),
        ("ack_timeout = 0", ["a time above 0", "not 0s"]),
        ("ack_timeout = -1.5", ["ack_timeout", "not -1.5"]),
        ("ack_timeout = nan", ["ack_timeout", "not NaN"]),
        (
            "fit = 'sometimes'",
            [
                "fit is \"when_readable\", \"required\" or \"off\"",
                "not \"sometimes\"",
            ],
        ),
        ("fit = true", ["fit is", "not true"]),
        (
            "endpoint = 12",
            ["endpoint is a text in one line", "not 12"],
        ),
        ("endpoint = 1979-05-27", ["endpoint", "not a date"]),
        ("endpoint.host = 'h'", ["endpoint", "not a table"]),
        (
            "client_id = \"\"\"a\nb\"\"\"",
            ["client_id is a text in one line", "not \"a\\nb\""],
        ),
        ("debug_hash = 3", ["debug_hash is a list of names", "not 3"]),
    ] {
        let said = refused(text);
        for word in words {
            assert!(said.contains(word), "{text}: {said}");
        }
    }
}

#[test]
fn a_secret_is_not_repeated() {
    for text in [
        "client_secret = 123456789\n",
        "client_secret = very secret\n",
        "client_secret = ['very secret']\n",
        "client_secret = \"\"\"very\nsecret\"\"\"\n",
    ] {
        let said = refused(text);
        assert!(said.contains("zb.toml:1"), "{said}");
        assert!(!said.contains("12345") && !said.contains("very"), "{said}");
    }
    let mut variables = COMPLETE;
    variables[3].1 = "very\nsecret";
    let said = look(&environment(), &variables).unwrap_err().to_string();
    assert!(
        said.contains("environment variable DATABRICKS_CLIENT_SECRET"),
        "{said}"
    );
    assert!(!said.contains("very"), "{said}");
}

#[test]
fn a_variable_that_is_none_is_told_of_and_not_heeded() {
    let variables = [
        ("ZEROBUS_STREEMS", "4"),
        ("ZEROBUS_SDK_WARNINGS_ENABLED", "1"),
        ("ZEROBUS_COLOUR", "red"),
        ("PATH", "/bin"),
        ("ZEROBUS_STREAMS", "2"),
    ];
    let settings = settings(&environment(), &variables);
    let told: Vec<_> = settings.unknown.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "there is no setting for the environment variable ZEROBUS_COLOUR",
            "there is no setting for the environment variable ZEROBUS_STREEMS; did you mean ZEROBUS_STREAMS?",
        ]
    );
    assert_eq!(settings.value("streams"), Some("2"));
    let said = look(&environment(), &[("ZEROBUS_STREAMS", "many")]).unwrap_err();
    assert_eq!(
        said.to_string(),
        "streams is a whole number from 1 to 64, not \"many\" (environment variable ZEROBUS_STREAMS)"
    );
}

#[test]
fn a_key_of_a_profile_that_is_none_of_ours_is_told_of() {
    let home = home("[a]\nhost = h\nzerobus_streem = 4\nwarehouse_id = w\n");
    let places = Places {
        profile: Some("a".to_owned()),
        ..Places::default()
    };
    let settings = settings(&places, &[("HOME", home.path().to_str().unwrap())]);
    let [told] = settings.unknown.as_slice() else {
        panic!("{:?}", settings.unknown);
    };
    let told = told.to_string();
    assert!(
        told.contains("zerobus_streem") && told.ends_with("did you mean zerobus_streams?"),
        "{told}"
    );
}

#[test]
fn a_profile_or_file_that_is_not_there_or_not_right_is_an_error() {
    let with_profile = |name: &str| Places {
        profile: Some(name.to_owned()),
        ..environment()
    };
    let empty = TempDir::new().unwrap();
    let variables = [("HOME", empty.path().to_str().unwrap())];
    let text = resolve(&with_profile("x"), &variables)
        .unwrap_err()
        .to_string();
    assert!(text.contains(".databrickscfg"), "{text}");
    let home = home("[a]\nhost = h\n");
    let variables = [("HOME", home.path().to_str().unwrap())];
    let text = resolve(&with_profile("x"), &variables)
        .unwrap_err()
        .to_string();
    assert!(text.contains("[x]") && text.contains("[a]"), "{text}");
    let places = Places {
        file: Some(home.path().join("nowhere.toml")),
        ..Places::default()
    };
    let text = resolve(&places, &[]).unwrap_err().to_string();
    assert!(text.contains("nowhere.toml"), "{text}");
}

#[test]
fn what_does_nothing_is_refused_where_it_is_meant_for_this_run() {
    let layer = |key: &str, given: &str, origin: Origin| {
        let mut layer = Layer::default();
        layer
            .give_by_name(key, &Given::from(given), origin, |_| true)
            .unwrap();
        layer
    };
    let flag = || Origin::Flag("--debug-only".to_owned());
    let idle = layer("debug_only", "arrow", flag()).check().unwrap_err();
    assert_eq!(
        idle.to_string(),
        "debug_only does nothing without debug_dir (flag --debug-only)"
    );
    let standing = layer("debug_only", "arrow", Origin::Environment("X".to_owned()));
    assert!(standing.check().is_ok());
    let directory = layer("debug_dir", "d", Origin::Environment("X".to_owned()));
    let both = layer("debug_only", "arrow", flag()).under(directory);
    assert!(both.check().is_ok());
}

#[test]
fn names_from_elsewhere_are_checked_as_well() {
    let set = |name: &str, given: Given| {
        let builder = crate::Client::builder();
        let keyword = Origin::Keyword(name.to_owned());
        builder.set(name, given, keyword).map(drop)
    };
    let said = set("steams", Given::Integer(4)).unwrap_err().to_string();
    assert_eq!(
        said,
        "there is no setting steams (keyword steams); did you mean streams?"
    );
    let said = set("streams", Given::Integer(0)).unwrap_err().to_string();
    assert_eq!(
        said,
        "streams is a whole number from 1 to 64, not 0 (keyword streams)"
    );
    assert!(set("streams", Given::Integer(4)).is_ok());
    // A method takes what its type has; it is found out when the client is made.
    let error = crate::Client::builder().streams(65).dry_run().unwrap_err();
    assert_eq!(
        error.to_string(),
        "streams is a whole number from 1 to 64, not 65 (the program)"
    );
    assert_eq!(error.kind(), crate::ErrorKind::Config);
}
