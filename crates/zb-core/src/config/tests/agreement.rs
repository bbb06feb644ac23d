//! Every setting means the same, wherever it is set.

use std::time::Duration;

use zb_convert::SubMicroseconds;
use zb_debug::WhenFull;
use zb_ingest::{SenderOptions, Transport};
use zb_retry::Policy;

use super::*;
use crate::{Client, ClientBuilder, Fit};

type Method = fn(ClientBuilder) -> ClientBuilder;
type ByHand = fn(SenderOptions) -> SenderOptions;

/// The method of each setting with the example of its declaration, and the same by hand where options of
/// senders are what it is about.
const METHODS: &[(&str, Method, Option<ByHand>)] = &[
    (
        "endpoint",
        |b| b.endpoint("https://1.zerobus.example"),
        None,
    ),
    ("host", |b| b.host("https://workspace.example"), None),
    ("client_id", |b| b.client_id("5f0c"), None),
    (
        "client_secret",
        |b| b.client_secret(Secret::from("dose-of-canary")),
        None,
    ),
    ("oidc_token_file", |b| b.oidc_token_file("/run/token"), None),
    ("allow_plaintext", ClientBuilder::allow_plaintext, None),
    ("fit", |b| b.fit(Fit::Required), None),
    (
        "application",
        |b| b.application("nightly-etl"),
        Some(|o| o.application("nightly-etl")),
    ),
    (
        "transport",
        |b| b.transport(Transport::Flight),
        Some(|o| o.transport(Transport::Flight)),
    ),
    ("streams", |b| b.streams(4), Some(|o| o.streams(4))),
    (
        "max_in_flight_bytes",
        |b| b.max_in_flight_bytes(32 << 20),
        Some(|o| o.max_in_flight_bytes(32 << 20)),
    ),
    (
        "request_bytes",
        |b| b.request_bytes(1 << 20),
        Some(|o| o.request_bytes(1 << 20)),
    ),
    (
        "request_rows",
        |b| b.request_rows(1000),
        Some(|o| o.request_rows(1000)),
    ),
    (
        "connect_timeout",
        |b| b.connect_timeout(Duration::from_secs(20)),
        Some(|o| o.connect_timeout(Duration::from_secs(20))),
    ),
    (
        "ack_timeout",
        |b| b.ack_timeout(Duration::from_secs(90)),
        Some(|o| o.ack_timeout(Duration::from_secs(90))),
    ),
    (
        "max_attempts",
        |b| b.max_attempts(3),
        Some(|o| o.retry(Policy::new().with_max_attempts(3))),
    ),
    (
        "give_up_after",
        |b| b.give_up_after(Duration::from_mins(10)),
        Some(|o| o.retry(Policy::new().with_deadline(Duration::from_mins(10)))),
    ),
    (
        "retry_base",
        |b| b.retry_base(Duration::from_millis(100)),
        Some(|o| o.retry(Policy::new().with_base(Duration::from_millis(100)))),
    ),
    (
        "retry_cap",
        |b| b.retry_cap(Duration::from_secs(5)),
        Some(|o| o.retry(Policy::new().with_cap(Duration::from_secs(5)))),
    ),
    (
        "max_probes",
        |b| b.max_probes(50),
        Some(|o| o.max_probes(50)),
    ),
    (
        "stamp_rows",
        ClientBuilder::stamp_rows,
        Some(SenderOptions::stamp_rows),
    ),
    (
        "sub_microseconds",
        |b| b.sub_microseconds(SubMicroseconds::Truncate),
        Some(|o| {
            let encoding = zb_convert::Options::default();
            o.encoding(encoding.sub_microseconds(SubMicroseconds::Truncate))
        }),
    ),
    ("quarantine", |b| b.quarantine_dir("/kept/rejected"), None),
    ("debug_dir", |b| b.debug_dir("/kept/debug"), None),
    ("debug_only", |b| b.debug_only(zb_debug::Kind::Proto), None),
    ("debug_file_bytes", |b| b.debug_file_bytes(10 << 20), None),
    ("debug_keep_files", |b| b.debug_keep_files(5), None),
    ("debug_hash", |b| b.debug_hash(["name", "mail"]), None),
    ("debug_null", |b| b.debug_null(["salary"]), None),
    (
        "debug_when_full",
        |b| b.debug_when_full(WhenFull::Block),
        None,
    ),
];

/// All that a client would be made of, as text. A secret is told by its length and its last letters.
fn effect(looked: &Looked) -> String {
    let plan = looked.plan();
    let secret = plan.connection.client_secret.as_ref();
    let secret = secret.map(|secret| secret.expose_secret().split_at(8).1.to_owned());
    format!("{plan:?} {secret:?}")
}

fn by_program(with: impl FnOnce(ClientBuilder) -> ClientBuilder) -> String {
    effect(&with(Client::builder()).looked(&HashMap::new()).unwrap())
}

#[test]
fn each_setting_means_the_same_by_method_name_file_variable_and_profile() {
    let plain = by_program(|builder| builder);
    for setting in declared() {
        let key = setting.key();
        let method = METHODS.iter().find(|(name, ..)| *name == key);
        let (_, method, _) = method.expect(key);
        let by_method = by_program(method);
        assert_ne!(by_method, plain, "{key} changes something");

        let text = setting.example();
        let by_name = |builder: ClientBuilder| builder.set(key, text, Origin::Program).unwrap();
        assert_eq!(by_program(by_name), by_method, "{key} by its name");

        let (_kept, places) = file(&format!("{key} = {}\n", setting.toml_example()));
        let by_file = effect(&look(&places, &[]).unwrap());
        assert_eq!(by_file, by_method, "{key} in a TOML file");

        for variable in setting.variables() {
            let by_variable = look(&environment(), &[(&variable, text)]).unwrap();
            assert_eq!(effect(&by_variable), by_method, "{key} as {variable}");
        }

        let home = home(&format!("[p]\n{} = {text}\n", setting.profile_key()));
        let places = Places {
            profile: Some("p".to_owned()),
            ..Places::default()
        };
        let by_profile = look(&places, &[("HOME", home.path().to_str().unwrap())]).unwrap();
        assert_eq!(effect(&by_profile), by_method, "{key} in a profile");
    }
    assert_eq!(METHODS.len(), declared().len(), "no method is left over");
}

#[test]
fn options_of_senders_are_those_that_one_sets_by_hand() {
    let options = |client: &Client| format!("{client:?}");
    let plain = options(&Client::builder().dry_run().unwrap());
    for (key, method, by_hand) in METHODS {
        let Some(by_hand) = by_hand else { continue };
        let set = method(Client::builder()).dry_run().unwrap();
        let changed = Client::builder().options(by_hand).dry_run().unwrap();
        assert_ne!(options(&set), plain, "{key}");
        assert_eq!(options(&set), options(&changed), "{key}");
        // And what is changed by hand is seen.
        let shown = |client: &Client| {
            let settings = client.settings();
            let setting = settings.all.iter().find(|setting| setting.name == *key);
            setting.map(|setting| (setting.value.clone(), setting.origin.clone()))
        };
        assert_eq!(shown(&set), shown(&changed), "{key}");
        assert_eq!(shown(&changed).unwrap().1, Origin::Program, "{key}");
    }
    let delivery = declared().iter().filter(|s| s.group() == Group::Delivery);
    let by_hand = METHODS.iter().filter(|(.., by_hand)| by_hand.is_some());
    assert_eq!(by_hand.count(), delivery.count(), "every one is compared");
}

#[test]
fn defaults_are_those_of_the_parts() {
    let settings = settings(&Places::default(), &[]);
    for (name, value) in [
        ("max_in_flight_bytes", "16 MiB"),
        ("request_bytes", "2 MiB"),
        ("request_rows", "32768"),
        ("connect_timeout", "30s"),
        ("ack_timeout", "1m"),
        ("max_attempts", "8"),
        ("streams", "1"),
        ("fit", "when_readable"),
        ("transport", "protobuf"),
        ("sub_microseconds", "reject"),
        ("debug_file_bytes", "100 MiB"),
    ] {
        assert_eq!(settings.value(name), Some(value), "{name}");
    }
    assert_eq!(settings.value("give_up_after"), None);
    assert_eq!(settings.all.len(), declared().len());
}

#[test]
fn names_are_unique_in_every_place() {
    let all = |of: fn(&Declared) -> Vec<String>| {
        let mut names: Vec<_> = declared().iter().flat_map(of).collect();
        let before = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), before, "{names:?}");
    };
    all(|setting| vec![setting.key().to_owned()]);
    all(Declared::variables);
    all(|setting| vec![setting.profile_key()]);
    all(|setting| vec![setting.flag_name()]);
    all(|setting| vec![setting.method().to_owned()]);
    for setting in declared() {
        assert!(setting.check(&setting.example().into()).is_ok());
        assert_ne!(
            setting.default_value(),
            "",
            "{} says what is so",
            setting.key()
        );
    }
}
