//! The page `docs/reference/configuration.md`.

use std::fmt::Write as _;

use super::declared::{Declared, Group, declared};

const HEAD: &str = "\
# Configuration

<!-- Made from crates/zb-core/src/config/declaration.rs. Write it anew with
     ZB_BLESS=1 cargo test -p zb-core --lib -- reference -->

Every setting can be given in each of these ways, and means the same in all of them. The later of these places
wins:

1. environment variables;
2. a profile of `~/.databrickscfg` (`--profile`, `profile=`, `DATABRICKS_CONFIG_PROFILE`; another file with
   `DATABRICKS_CONFIG_FILE`);
3. a TOML file (`--config`, `config_file=`);
4. the program: flags, keywords of Python, methods of `ClientBuilder`.

`zb doctor` says of every setting what it is and which place says so; `Client::settings()` in Rust and
`client.settings()` in Python do too.

- **Sizes** are numbers of bytes, or have a unit: `1048576`, `1MiB`, `64k`. Units are powers of 1024.
- **Times** are numbers of seconds, or have units: `30`, `1.5`, `500ms`, `2m`, `1h 30m`. Python takes a `timedelta` too.
- **Lists** are arrays in TOML, lists in Python, flags given again, and names with commas between them elsewhere.
- **Words** may be written with `-` for `_`.
- **Flags** of the kind yes or no are switches: `--stamp-rows`; `--stamp-rows=false` takes back what another place says.

A key of a TOML file that is no setting is refused, with the nearest name. A variable `ZEROBUS_…` or a key `zerobus_…` of
a profile that is none is warned of and not heeded: the environment and the profiles belong to other programs too, the
official SDK among them. A value that cannot be is refused wherever it stands, with the place: `zb.toml:7`,
`environment variable ZEROBUS_STREAMS`, `flag --streams`. A blank text counts as not given.

A client that has an endpoint of its own (`--local`, `Client::local`) or none (`--dry-run`) heeds all but the connection,
and reads no profile.

```toml
# zb.toml: each setting once, with a value that is not its default.
";

const TAIL: &str = "
## What is no setting

These are objects or belong to one of the ways, and are in none of the others: a token source
(`ClientBuilder::token_source`, `token=`), observers and recorders, a retry budget, `SlowDown`, the `jitter` and `hint_cap`
of a retry policy (`ClientBuilder::options`), `--otlp`, `telemetry=`, `telemetry_dir=`, `keep_rejected=`, and where to
look: `--profile`, `--config`, `environment=`, `profile=`, `config_file=`. What `ClientBuilder::options` changes wins over
all settings.
";

/// The reference of all settings, a page in Markdown.
pub fn reference() -> String {
    let mut page = HEAD.to_owned();
    for setting in declared() {
        // Writing to a string never fails.
        let _ = writeln!(page, "{} = {}", setting.key(), setting.toml_example());
    }
    page.push_str("```\n");
    for group in Group::ALL {
        let _ = write!(
            page,
            "\n## {}\n\n\
             | TOML, keyword | builder | environment | profile | flag | default | allowed | meaning |\n\
             |---|---|---|---|---|---|---|---|\n",
            group.title()
        );
        for setting in declared().iter().filter(|setting| setting.group() == group) {
            page.push_str(&row(setting));
        }
    }
    page.push_str(TAIL);
    page
}

fn row(setting: &Declared) -> String {
    let variables = setting.variables();
    let variables: Vec<_> = variables.iter().map(|name| format!("`{name}`")).collect();
    let words: Vec<_> = setting
        .words()
        .map(|(word, about)| format!("`{word}`: {}", uncapitalized(about)))
        .collect();
    let allowed = if words.is_empty() {
        setting.allowed()
    } else {
        words.join("; ")
    };
    format!(
        "| `{}` | `{}` | {} | `{}` | `--{}` | {} | {allowed} | {} |\n",
        setting.key(),
        setting.method(),
        variables.join(", "),
        setting.profile_key(),
        setting.flag_name(),
        setting.default_value(),
        setting.about(),
    )
}

fn uncapitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    })
}
