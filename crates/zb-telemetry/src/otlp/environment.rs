//! What `opentelemetry-otlp` leaves to us of the environment's variables.
//!
//! It reads endpoints, headers, timeouts and compression itself, and the SDK the service name,
//! resource attributes, samplers and intervals. Which transport to take, whom to trust and whether to
//! export at all is read here.

use std::{env, fs, time::Duration};

use super::{Error, Protocol, Signal};

/// The standard's limit for one export.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Whom to trust, and as whom to appear. Nothing: the roots of the machine, as nobody.
#[derive(Default, Clone)]
pub(super) struct Tls {
    /// PEM of an authority, beside those of the machine.
    pub(super) authority: Option<Vec<u8>>,
    /// PEM of a certificate and of its key.
    pub(super) identity: Option<(Vec<u8>, Vec<u8>)>,
}

/// Whether the standard's variable for switching everything off is set.
pub(super) fn is_disabled() -> bool {
    text("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// Whether this signal is to be exported.
pub(super) fn is_exported(signal: Signal) -> Result<bool, Error> {
    let name = format!("OTEL_{}_EXPORTER", signal.variable());
    match text(&name).as_deref() {
        None | Some("otlp") => Ok(true),
        Some("none") => Ok(false),
        Some(other) => Err(Error::setting(
            name,
            format!("{other:?} is neither `otlp` nor `none`"),
        )),
    }
}

/// The transport for this signal; without a word of the environment, HTTP.
pub(super) fn protocol(signal: Signal) -> Result<Protocol, Error> {
    let Some((name, value)) = of_signal(signal, "PROTOCOL") else {
        return Ok(Protocol::HttpProtobuf);
    };
    match value.as_str() {
        "http/protobuf" => Ok(Protocol::HttpProtobuf),
        "grpc" => Ok(Protocol::Grpc),
        other => Err(Error::setting(
            name,
            format!("{other:?} is neither `http/protobuf` nor `grpc`"),
        )),
    }
}

/// How long one export may take.
pub(super) fn timeout(signal: Signal) -> Result<Duration, Error> {
    let Some((name, value)) = of_signal(signal, "TIMEOUT") else {
        return Ok(TIMEOUT);
    };
    let millis = value
        .parse()
        .map_err(|_| Error::setting(name, format!("{value:?} is not a number of milliseconds")))?;
    Ok(Duration::from_millis(millis))
}

/// The files that the environment names.
pub(super) fn tls(signal: Signal) -> Result<Tls, Error> {
    let authority = file(signal, "CERTIFICATE")?;
    let certificate = file(signal, "CLIENT_CERTIFICATE")?;
    let key = file(signal, "CLIENT_KEY")?;
    let identity = match (certificate, key) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        (Some(_), None) => return Err(half("OTEL_EXPORTER_OTLP_CLIENT_KEY")),
        (None, Some(_)) => return Err(half("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE")),
    };
    Ok(Tls {
        authority,
        identity,
    })
}

fn half(missing: &str) -> Error {
    Error::setting(missing, "a certificate and its key go together")
}

fn file(signal: Signal, what: &str) -> Result<Option<Vec<u8>>, Error> {
    let Some((name, path)) = of_signal(signal, what) else {
        return Ok(None);
    };
    match fs::read(&path) {
        Ok(pem) => Ok(Some(pem)),
        Err(error) => Err(Error::setting(name, format!("{path}: {error}"))),
    }
}

/// A variable of the exporters: that of the signal before that for all.
fn of_signal(signal: Signal, what: &str) -> Option<(String, String)> {
    let own = format!("OTEL_EXPORTER_OTLP_{}_{what}", signal.variable());
    let shared = format!("OTEL_EXPORTER_OTLP_{what}");
    [own, shared]
        .into_iter()
        .find_map(|name| text(&name).map(|value| (name, value)))
}

/// As the standard has it, an empty variable is none.
fn text(name: &str) -> Option<String> {
    env::var(name)
        .ok()
        .map(|value| value.trim().to_owned())
        .filter(|value| !value.is_empty())
}
