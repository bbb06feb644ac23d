//! The words for kinds of errors.

use zb_core::{auth, debug, local};

/// Of each the variant and the word.
fn each(kinds: &[(String, &'static str)]) {
    for (variant, name) in kinds {
        let mut word = String::new();
        for letter in variant.chars() {
            if letter.is_uppercase() && !word.is_empty() {
                word.push('_');
            }
            word.extend(letter.to_lowercase());
        }
        assert_eq!(*name, word);
    }
}

#[test]
fn the_word_for_a_kind_is_its_variant_in_snake_case() {
    each(
        &[
            auth::ErrorKind::Credentials,
            auth::ErrorKind::Permission,
            auth::ErrorKind::Endpoint,
            auth::ErrorKind::Unavailable,
            auth::ErrorKind::Protocol,
            auth::ErrorKind::Place,
            auth::ErrorKind::Source,
        ]
        .map(|kind| (format!("{kind:?}"), kind.name())),
    );
    each(
        &[
            debug::ErrorKind::NothingToDo,
            debug::ErrorKind::Directory,
            debug::ErrorKind::Unsafe,
            debug::ErrorKind::Start,
            debug::ErrorKind::Create,
            debug::ErrorKind::Write,
            debug::ErrorKind::Encode,
            debug::ErrorKind::Lost,
            debug::ErrorKind::Late,
            debug::ErrorKind::Read,
            debug::ErrorKind::Damaged,
        ]
        .map(|kind| (format!("{kind:?}"), kind.name())),
    );
    each(
        &[
            local::ErrorKind::AddressInUse,
            local::ErrorKind::Address,
            local::ErrorKind::Directory,
            local::ErrorKind::DirectoryInUse,
            local::ErrorKind::Credentials,
            local::ErrorKind::Authority,
            local::ErrorKind::Schema,
            local::ErrorKind::TableNotFound,
            local::ErrorKind::TableName,
            local::ErrorKind::Statement,
            local::ErrorKind::FaultNotFound,
            local::ErrorKind::Table,
            local::ErrorKind::Unfinished,
        ]
        .map(|kind| (format!("{kind:?}"), kind.name())),
    );
}
