//! From flags to a client.

use zb_core::{Client, ClientBuilder, Given, Origin, Secret, Settings, Shape};

use crate::{
    arguments::{Connection, Flag, Sending},
    failure::Failure,
};

/// The name of the program, for the service's logs, if nobody says otherwise.
pub(crate) const APPLICATION: &str = "zb-cli";

/// Where rejected rows are kept if nobody says otherwise.
pub(crate) const QUARANTINE: &str = "zb-quarantine";

impl Sending {
    /// The client that the flags, the files and the environment describe. Rejected rows are kept by
    /// the program itself.
    pub(crate) async fn open(&self, builder: ClientBuilder) -> Result<Client, Failure> {
        let builder = self.describe(builder).await?.without_quarantine();
        let client = match &self.connection.local {
            _ if self.dry_run => builder.dry_run()?,
            Some(dir) => builder.local(dir).await?,
            None => builder.build()?,
        };
        tell_unknown(client.settings());
        Ok(client)
    }

    /// A client before it is made.
    async fn describe(&self, builder: ClientBuilder) -> Result<ClientBuilder, Failure> {
        let builder = self.connection.describe(builder).await?;
        set(builder, &self.how.given).await
    }
}

impl Connection {
    /// A client before it is made, with what is said of where to connect to.
    pub(crate) async fn describe(&self, builder: ClientBuilder) -> Result<ClientBuilder, Failure> {
        let mut builder = builder
            .environment()
            .fallback("application", APPLICATION)?
            .fallback("quarantine", QUARANTINE)?;
        if let Some(profile) = &self.profile {
            builder = builder.profile(profile);
        }
        if let Some(path) = &self.config {
            builder = builder.config_file(path);
        }
        set(builder, &self.flags.given).await
    }
}

/// With the flags that were given.
async fn set(mut builder: ClientBuilder, given: &[Flag]) -> Result<ClientBuilder, Failure> {
    for Flag { setting, value } in given {
        let value = match value {
            Given::Path(path) if setting.shape() == Shape::Secret => {
                let secret = tokio::fs::read_to_string(path).await.map_err(|source| {
                    Failure::usage(format!("{} cannot be read", path.display())).because(source)
                })?;
                Given::Secret(Secret::from(secret.trim()))
            }
            value => value.clone(),
        };
        let origin = Origin::Flag(format!("--{}", setting.flag_name()));
        builder = builder.set(setting.key(), value, origin)?;
    }
    Ok(builder)
}

/// Tells the user of what looks like a setting and is none.
#[expect(
    clippy::print_stderr,
    reason = "it is not heeded, and the user must know"
)]
fn tell_unknown(settings: &Settings) {
    for unknown in &settings.unknown {
        eprintln!("zb: {unknown}");
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use zb_core::declared;

    use super::*;
    use crate::arguments::{Arguments, Command};

    fn parse(more: &[String]) -> Result<Box<crate::arguments::Send>, clap::Error> {
        let line = ["zb", "send", "f.parquet", "--table", "a.b.c"].map(str::to_owned);
        match Arguments::try_parse_from(line.iter().chain(more))?.command {
            Command::Send(send) => Ok(send),
            other => panic!("{other:?}"),
        }
    }

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    async fn settings(line: &[String]) -> Settings {
        let send = parse(line).unwrap();
        let builder = send.sending.describe(Client::builder()).await.unwrap();
        builder.settings().unwrap()
    }

    #[tokio::test]
    async fn each_flag_means_what_the_setting_of_its_name_means() {
        let secret = tempfile::NamedTempFile::new().unwrap();
        for setting in declared() {
            let (key, flag) = (setting.key(), format!("--{}", setting.flag_name()));
            let mut line = match setting.shape() {
                Shape::Flag => vec![flag.clone()],
                Shape::Names => {
                    let names = setting.example().split(',');
                    names
                        .flat_map(|name| [flag.clone(), name.to_owned()])
                        .collect()
                }
                Shape::Secret => {
                    std::fs::write(&secret, format!("{}\n", setting.example())).unwrap();
                    vec![flag.clone(), secret.path().display().to_string()]
                }
                _ => vec![flag.clone(), setting.example().to_owned()],
            };
            if key.starts_with("debug_") && key != "debug_dir" {
                line.extend(words("--debug-dir d"));
            }
            let settings = settings(&line).await;
            let found = settings.all.iter().find(|found| found.name == key).unwrap();
            let given = Given::from(setting.example());
            let expected = Client::builder().set(key, given, Origin::Program).unwrap();
            let expected = expected.settings().unwrap();
            assert_eq!(found.value.as_deref(), expected.value(key), "{key}");
            assert_ne!(found.value, None, "{key}");
            assert_eq!(found.origin, Origin::Flag(flag), "{key}");
        }
    }

    #[tokio::test]
    async fn a_switch_takes_back_what_another_place_says_and_swallows_no_file() {
        let stamps = |line: &str| {
            let line = words(line);
            async move { settings(&line).await.value("stamp_rows").map(str::to_owned) }
        };
        assert_eq!(stamps("--stamp-rows").await.as_deref(), Some("true"));
        assert_eq!(stamps("--stamp-rows=false").await.as_deref(), Some("false"));
        let send = parse(&words("--stamp-rows more.parquet")).unwrap();
        assert_eq!(send.files.len(), 2);
    }

    #[test]
    fn what_cannot_be_is_refused_before_anything_is_done() {
        for (line, told) in [
            ("--streams 65", "a whole number from 1 to 64"),
            ("--streams many", "a whole number from 1 to 64"),
            ("--in-flight-bytes 1TiB", "a number of bytes"),
            ("--ack-timeout soon", "a time above 0"),
            ("--fit sometimes", "when-readable"),
            ("--stamp-rows=perhaps", "true or false"),
            ("--streems 4", "--streams"),
            ("--local d --endpoint e", "cannot be used with"),
            (
                "--oidc-token-file f --client-secret-file g",
                "cannot be used with",
            ),
        ] {
            let refused = parse(&words(line)).unwrap_err();
            assert_eq!(refused.exit_code(), 2, "{line}");
            let said = refused.to_string();
            assert!(said.contains(told), "{line}: {said}");
        }
    }

    #[tokio::test]
    async fn a_flag_of_mirrors_means_nothing_without_them() {
        let builder = parse(&words("--debug-only arrow")).unwrap();
        let builder = builder.sending.describe(Client::builder()).await.unwrap();
        let refused = Failure::from(builder.settings().unwrap_err());
        assert!(refused.message().contains("debug_dir"), "{refused}");
    }
}
