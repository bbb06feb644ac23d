//! Everything that turns the same record batch into the same bytes.

mod copy;
mod ours;
mod ptars;
mod reflect;
mod structs;

pub(crate) use reflect::ROWS as REFLECT_ROWS;

use crate::{by_hand::Record, measure::Contender, set::Set};

/// The names that goals are about.
pub(crate) mod name {
    pub(crate) const OURS: &str = "ours, one buffer";
    pub(crate) const OURS_VECS: &str = "ours, Vec per row";
    pub(crate) const OURS_TWO_THREADS: &str = "ours, two threads";
    pub(crate) const STRUCTS: &str = "structs, Vec per row";
    pub(crate) const STRUCT_VECS: &str = "struct reused, Vec per row";
    pub(crate) const STRUCT_BUFFER: &str = "struct and buffer reused";
    pub(crate) const REFLECT: &str = "prost-reflect, Vec per row";
    /// Those that prost encodes.
    pub(crate) const PROST: [&str; 4] = [STRUCTS, STRUCT_VECS, STRUCT_BUFFER, REFLECT];
    pub(crate) const PTARS: &str = "ptars, one array";
    pub(crate) const PTARS_VECS: &str = "ptars, Vec per row";
    pub(crate) const COPY: &str = "copy of the output";
    pub(crate) const COPY_IN_PIECES: &str = "copy in pieces of 256 KiB";
}

/// A contender that does not take part, and why.
pub(crate) struct LeftOut {
    pub(crate) contender: &'static str,
    pub(crate) reason: String,
}

/// All that run on a set, ours first, each of them proved to give our bytes, and those that do
/// not run.
pub(crate) fn all<R: Record + 'static>(set: &Set) -> (Vec<Contender<'_>>, Vec<LeftOut>) {
    let mut contenders = vec![
        ours::one_buffer(set),
        ours::vec_per_row(set),
        ours::two_threads(set),
    ];
    contenders.extend(structs::all::<R>(set));
    contenders.push(reflect::vec_per_row(set));
    let mut left_out = Vec::new();
    match ptars::all(set) {
        Ok(ptars) => contenders.extend(ptars),
        Err(one) => left_out.push(one),
    }
    contenders.extend(copy::all(set));
    (contenders, left_out)
}
