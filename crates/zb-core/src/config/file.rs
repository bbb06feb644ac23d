//! Settings from a TOML file.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::{
    Given, Origin,
    declared::{Declared, declared},
    error::ConfigError,
    kind::Kind,
    layer::Layer,
    nearest::nearest,
};

/// The settings of the file. A key that is none is an error: the file is ours alone.
pub(super) fn layer(path: &Path) -> Result<Layer, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let line_at = |position: usize| {
        let before = text.get(..position).unwrap_or(&text);
        before.matches('\n').count() + 1
    };
    // What the parser says repeats the line, in which a secret may be.
    let table = DeTable::parse(&text).map_err(|error| ConfigError::Malformed {
        path: path.to_owned(),
        line: error.span().map_or(1, |span| line_at(span.start)),
    })?;
    let mut entries: Vec<_> = table.get_ref().iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    let mut layer = Layer::default();
    for (key, value) in entries {
        let name = key.get_ref().as_ref();
        let origin = Origin::File {
            path: path.to_owned(),
            line: line_at(key.span().start),
        };
        let Some(setting) = Declared::find(name) else {
            return Err(ConfigError::Unknown {
                name: name.to_owned(),
                origin,
                nearest: nearest(name, declared().iter().map(Declared::key)),
            });
        };
        layer.give(setting, &given(value.get_ref(), &setting.kind), origin)?;
    }
    Ok(layer)
}

fn given(value: &DeValue<'_>, kind: &Kind) -> Given {
    match value {
        // The file has words of its own for these.
        DeValue::String(text) if matches!(kind, Kind::Count(..) | Kind::Flag(_)) => {
            Given::Other(format!("{text:?} in quotes"))
        }
        DeValue::String(text) => Given::Text(text.clone().into_owned()),
        DeValue::Integer(n) => i128::from_str_radix(n.as_str(), n.radix())
            .map_or_else(|_| Given::Other(n.to_string()), Given::Integer),
        DeValue::Float(n) => n
            .as_str()
            .parse()
            .map_or_else(|_| Given::Other(n.to_string()), Given::Number),
        DeValue::Boolean(flag) => Given::Flag(*flag),
        DeValue::Datetime(_) => Given::Other("a date".to_owned()),
        DeValue::Array(items) => {
            let names = items.iter().map(|item| item.get_ref().as_str());
            let names: Option<Vec<_>> = names.map(|name| name.map(str::to_owned)).collect();
            names.map_or_else(
                || Given::Other("an array of other things".to_owned()),
                Given::Names,
            )
        }
        DeValue::Table(_) => Given::Other("a table".to_owned()),
    }
}
