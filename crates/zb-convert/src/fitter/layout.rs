//! How an array becomes one of the type that goes on the wire, decided once for a column.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BooleanArray, StructArray, cast::AsArray as _, new_empty_array, new_null_array,
};
use arrow_buffer::NullBuffer;
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType, FieldRef, Fields};
use arrow_select::{nullif::nullif, take::take};

use super::{lists, scalars::Scalar};
use crate::shape::{Column, Shape, values_type};

#[derive(Debug, Clone)]
pub(super) struct Layout {
    kind: Kind,
    /// What it becomes.
    wire: DataType,
    /// Whether it may not be null.
    required: bool,
    /// Whether there can be values that it has no place for. Those that there are were found before
    /// it is applied.
    doubtful: bool,
}

#[derive(Debug, Clone)]
enum Kind {
    Scalar(Scalar),
    Struct {
        fields: Fields,
        /// Where each comes from; one that is nowhere is null throughout.
        children: Vec<Option<(usize, Layout)>>,
    },
    List {
        item: FieldRef,
        items: Box<Layout>,
    },
    Map {
        entries: FieldRef,
        parts: Fields,
        keys: Box<Layout>,
        values: Box<Layout>,
    },
}

impl Layout {
    /// `source` is what was found for the column `target`, which is `wire`.
    pub(super) fn new(source: &Column, target: &Column, wire: &DataType) -> Self {
        let nested = match (&source.shape, &target.shape, wire) {
            (Shape::Message(found), Shape::Message(wanted), DataType::Struct(fields)) => {
                Some(structs(found, wanted, fields))
            }
            (Shape::List(found), Shape::List(wanted), DataType::List(item)) => Some(Kind::List {
                item: item.clone(),
                items: Box::new(Self::new(found, wanted, item.data_type())),
            }),
            (Shape::Map(key, value), Shape::Map(to_key, to_value), DataType::Map(entries, _)) => {
                maps([(key, to_key), (value, to_value)], entries)
            }
            _ => None,
        };
        let kind = nested.unwrap_or_else(|| Kind::Scalar(Scalar::new(source, target, wire)));
        Self {
            doubtful: match &kind {
                Kind::Scalar(scalar) => scalar.is_doubtful(),
                nested => nested.parts().any(|part| part.doubtful),
            },
            kind,
            wire: wire.clone(),
            required: !target.nullable,
        }
    }

    pub(super) fn is_doubtful(&self) -> bool {
        self.doubtful
    }

    /// Whether something in it may not be null.
    pub(super) fn requires(&self) -> bool {
        self.required || self.kind.parts().any(Self::requires)
    }

    /// Whether an array may have a null where none may be.
    pub(super) fn may_lack(&self, array: &dyn Array) -> bool {
        if !self.requires() {
            return false;
        }
        if self.required && array.logical_null_count() > 0 {
            return true;
        }
        match (&self.kind, array.data_type()) {
            (Kind::Scalar(_), _) => false,
            (Kind::Struct { children, .. }, DataType::Struct(_)) => {
                let of = array.as_struct();
                let mut children = children.iter().flatten();
                children.any(|(at, child)| child.may_lack(of.column(*at)))
            }
            (Kind::List { items, .. }, DataType::List(_)) => {
                items.may_lack(array.as_list::<i32>().values())
            }
            (Kind::List { items, .. }, DataType::LargeList(_)) => {
                items.may_lack(array.as_list::<i64>().values())
            }
            (Kind::Map { keys, values, .. }, DataType::Map(..)) => {
                let map = array.as_map();
                keys.may_lack(map.keys()) || values.may_lack(map.values())
            }
            // In other layouts it is not looked for here.
            _ => true,
        }
    }

    /// The array with the type that it is to have. Values at places that `hidden` calls null are
    /// nobody's, and may be anything.
    pub(super) fn apply(
        &self,
        array: &ArrayRef,
        hidden: Option<&NullBuffer>,
    ) -> Result<ArrayRef, ArrowError> {
        if !self.doubtful && *array.data_type() == self.wire {
            return Ok(array.clone());
        }
        let mut array = unpacked(array)?;
        if self.doubtful
            && let Some(hidden) = hidden
        {
            array = nullif(&array, &BooleanArray::new(!hidden.inner(), None))?;
        }
        Ok(match &self.kind {
            Kind::Scalar(scalar) => scalar.apply(&array)?,
            Kind::Struct { fields, children } => {
                let of = array.as_struct();
                // Null as well where what is around it is: there may be anything inside.
                let nulls = NullBuffer::union(of.nulls(), hidden);
                let arrays = children
                    .iter()
                    .zip(fields)
                    .map(|(child, field)| match child {
                        Some((at, layout)) => layout.apply(of.column(*at), nulls.as_ref()),
                        None => Ok(new_null_array(field.data_type(), of.len())),
                    });
                let arrays = arrays.collect::<Result<_, _>>()?;
                Arc::new(StructArray::try_new(fields.clone(), arrays, nulls)?)
            }
            Kind::List { item, items } => lists::list(&array, item, items)?,
            Kind::Map {
                entries,
                parts,
                keys,
                values,
            } => lists::map(&array, entries, parts, keys, values)?,
        })
    }
}

impl Kind {
    fn parts(&self) -> impl Iterator<Item = &Layout> {
        let (children, parts) = match self {
            Self::Scalar(_) => (&[][..], [None, None]),
            Self::Struct { children, .. } => (&children[..], [None, None]),
            Self::List { items, .. } => (&[][..], [Some(&**items), None]),
            Self::Map { keys, values, .. } => (&[][..], [Some(&**keys), Some(&**values)]),
        };
        let children = children.iter().flatten().map(|(_, layout)| layout);
        children.chain(parts.into_iter().flatten())
    }
}

fn structs(found: &[Column], wanted: &[Column], fields: &Fields) -> Kind {
    let children = wanted.iter().zip(fields).map(|(target, wire)| {
        let child = found.iter().find(|child| child.number == target.number)?;
        let layout = Layout::new(child, target, wire.data_type());
        Some((child.position, layout))
    });
    Kind::Struct {
        fields: fields.clone(),
        children: children.collect(),
    }
}

fn maps([key, value]: [(&Column, &Column); 2], entries: &FieldRef) -> Option<Kind> {
    let DataType::Struct(parts) = entries.data_type() else {
        return None;
    };
    let [key_field, value_field] = &parts[..] else {
        return None;
    };
    Some(Kind::Map {
        entries: entries.clone(),
        parts: parts.clone(),
        keys: Box::new(Layout::new(key.0, key.1, key_field.data_type())),
        values: Box::new(Layout::new(value.0, value.1, value_field.data_type())),
    })
}

/// With dictionaries and runs taken off.
fn unpacked(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    if array.is_empty() {
        // Runs that there are none of are more than arrow-cast can take.
        return Ok(new_empty_array(values_type(array.data_type())));
    }
    match array.data_type() {
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            if dictionary.values().is_empty() {
                return Ok(new_null_array(values_type(array.data_type()), array.len()));
            }
            take(&unpacked(dictionary.values())?, dictionary.keys(), None)
        }
        DataType::RunEndEncoded(_, values) => unpacked(&cast(array, values.data_type())?),
        _ => Ok(array.clone()),
    }
}
