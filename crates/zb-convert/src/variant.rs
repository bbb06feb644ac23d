//! Variants: structs of two binaries that stand for a value of any type, sent as JSON.
//!
//! The extension type is `arrow.parquet.variant` of the Arrow project; the bytes are those of the
//! "Variant Binary Encoding" of Apache Parquet.

use arrow_schema::DataType;

mod json;
mod value;

pub(crate) use json::write_json;

/// The parts of the struct that the extension type asks for.
pub(crate) const METADATA: &str = "metadata";
/// See [`METADATA`].
pub(crate) const VALUE: &str = "value";

/// The name of the extension type.
pub(crate) const NAME: &str = "arrow.parquet.variant";

/// Whether an extension type is a variant; the second name is an older one.
pub(crate) fn is_name(name: &str) -> bool {
    matches!(name, NAME | "parquet.variant")
}

/// Why the storage of a variant is not read, and what to do about it; `None` where it is.
pub(crate) fn refusal(storage: &DataType) -> Option<&'static str> {
    let DataType::Struct(fields) = storage else {
        return Some("its storage is a struct of the binaries `metadata` and `value`");
    };
    if fields.find("typed_value").is_some() {
        return Some("it is shredded; put it together again (`unshred_variant` in arrow) first");
    }
    let is_binary = |name| {
        fields.find(name).is_some_and(|(_, field)| {
            matches!(
                field.data_type(),
                DataType::Binary | DataType::LargeBinary | DataType::BinaryView
            )
        })
    };
    if is_binary(METADATA) && is_binary(VALUE) {
        None
    } else {
        Some("its storage is a struct of the binaries `metadata` and `value`")
    }
}
