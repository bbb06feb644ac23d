//! Does a JSON value fit a type unchanged? Asked of each line before it is decoded, because the
//! decoder would make 1 of 1.5 where integers are expected.

use std::fmt;

use arrow_schema::{DataType, FieldRef, Fields};
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::error::shown;

/// Doubles hold every integer up to this one.
const MAX_EXACT: u64 = 1 << 53;

/// A value that does not fit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    /// The names on the way to it, the outermost last.
    path: Vec<String>,
    pub(super) reason: Reason,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// No column has this name.
    UnknownColumn,
    /// The column has another type.
    Type { found: String, expected: DataType },
}

impl Misfit {
    /// Where it is, as `outer.inner`.
    pub(super) fn column(&self) -> String {
        let names: Vec<&str> = self.path.iter().rev().map(String::as_str).collect();
        names.join(".")
    }
}

/// Why a line is not a row.
#[derive(Debug)]
pub(super) enum Fault {
    /// It is not JSON.
    Syntax(serde_json::Error),
    /// A value of it does not fit.
    Misfit(Misfit),
}

/// Checks that one line is one object that fits these columns.
pub(super) fn check(line: &[u8], fields: &Fields) -> Result<(), Fault> {
    let mut misfit = None;
    let mut json = serde_json::Deserializer::from_slice(line);
    let fits = Row {
        fields,
        misfit: &mut misfit,
    };
    let outcome = fits.deserialize(&mut json).and_then(|()| json.end());
    match (outcome, misfit) {
        (_, Some(misfit)) => Err(Fault::Misfit(misfit)),
        (Err(error), None) => Err(Fault::Syntax(error)),
        (Ok(()), None) => Ok(()),
    }
}

/// An object and the columns it must have values for.
struct Row<'a> {
    fields: &'a Fields,
    misfit: &'a mut Option<Misfit>,
}

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut next = 0;
        let name = Name {
            fields: self.fields,
            next: &mut next,
        };
        let mut found = map.next_key_seed(name)?;
        while let Some(field) = found {
            let field = match field {
                Ok(field) => field,
                Err(unknown) => {
                    *self.misfit = Some(Misfit {
                        path: vec![unknown],
                        reason: Reason::UnknownColumn,
                    });
                    return Err(A::Error::custom("an unknown column"));
                }
            };
            let value = Value {
                data_type: field.data_type(),
                misfit: &mut *self.misfit,
            };
            if let Err(error) = map.next_value_seed(value) {
                if let Some(misfit) = self.misfit {
                    misfit.path.push(field.name().clone());
                }
                return Err(error);
            }
            let name = Name {
                fields: self.fields,
                next: &mut next,
            };
            found = map.next_key_seed(name)?;
        }
        Ok(())
    }
}

/// A key: the column of this name, or the name itself if there is none. Lines mostly have their keys
/// in the same order, so the search begins after the one before.
struct Name<'a, 'n> {
    fields: &'a Fields,
    next: &'n mut usize,
}

impl<'de, 'a> DeserializeSeed<'de> for Name<'a, '_> {
    type Value = Result<&'a FieldRef, String>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Name<'a, '_> {
    type Value = Result<&'a FieldRef, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        let rotated = (*self.next..self.fields.len()).chain(0..*self.next);
        let mut fields = rotated.filter_map(|i| Some((i, self.fields.get(i)?)));
        Ok(match fields.find(|(_, field)| field.name() == name) {
            Some((i, field)) => {
                *self.next = i + 1;
                Ok(field)
            }
            None => Err(name.to_owned()),
        })
    }
}

/// A value and the type it must fit.
struct Value<'a> {
    data_type: &'a DataType,
    misfit: &'a mut Option<Misfit>,
}

impl Value<'_> {
    fn fit<E: serde::de::Error>(self, fits: bool, found: impl FnOnce() -> String) -> Result<(), E> {
        if fits {
            return Ok(());
        }
        *self.misfit = Some(Misfit {
            path: Vec::new(),
            reason: Reason::Type {
                found: found(),
                expected: self.data_type.clone(),
            },
        });
        Err(E::custom("another type"))
    }

    fn is_text(&self) -> bool {
        *self.data_type == DataType::Utf8
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

/// Columns of text take any scalar: they are where the sample had several types.
impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        let fits = self.is_text() || *self.data_type == DataType::Boolean;
        self.fit(fits, || value.to_string())
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        let fits = match self.data_type {
            DataType::Int64 | DataType::Utf8 => true,
            DataType::Float64 => value.unsigned_abs() <= MAX_EXACT,
            _ => false,
        };
        self.fit(fits, || value.to_string())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        let fits = match self.data_type {
            DataType::Int64 => i64::try_from(value).is_ok(),
            DataType::Float64 => value <= MAX_EXACT,
            DataType::Utf8 => true,
            _ => false,
        };
        self.fit(fits, || value.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        let fits = self.is_text() || *self.data_type == DataType::Float64;
        self.fit(fits, || value.to_string())
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        let fits = self.is_text();
        self.fit(fits, || shown(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let DataType::List(item) = self.data_type else {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            return self.fit(false, || "a list".to_owned());
        };
        loop {
            let value = Value {
                data_type: item.data_type(),
                misfit: &mut *self.misfit,
            };
            if list.next_element_seed(value)?.is_none() {
                return Ok(());
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let DataType::Struct(fields) = self.data_type else {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return self.fit(false, || "an object".to_owned());
        };
        let row = Row {
            fields,
            misfit: self.misfit,
        };
        row.visit_map(map)
    }
}
