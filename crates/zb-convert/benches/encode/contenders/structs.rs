//! Structs by hand, encoded by prost.

use std::hint::black_box;

use super::name;
use crate::{
    by_hand::Record,
    measure::{Contender, Form},
    set::Set,
};

pub(super) fn all<R: Record + 'static>(set: &Set) -> [Contender<'_>; 3] {
    let columns = R::bind(&set.batch);
    let mut row = R::default();
    let rows = (0..set.batch.num_rows()).map(|i| {
        row.fill(&columns, i);
        row.encode_to_vec()
    });
    assert_eq!(
        set.first_other(set.batch.num_rows(), rows),
        None,
        "a row by hand is other"
    );
    [
        structs::<R>(set),
        struct_reused::<R>(set),
        struct_and_buffer_reused::<R>(set),
    ]
}

/// A new struct and a new vector for each row.
fn structs<R: Record + 'static>(set: &Set) -> Contender<'_> {
    set.contender(name::STRUCTS, Form::Vecs, || {
        let columns = R::bind(&set.batch);
        for chunk in &set.chunks {
            let rows = chunk.clone().map(|i| {
                let mut row = R::default();
                row.fill(&columns, i);
                row.encode_to_vec()
            });
            black_box(rows.collect::<Vec<_>>());
        }
    })
}

/// The same with one struct, whose strings keep their memory.
fn struct_reused<R: Record + 'static>(set: &Set) -> Contender<'_> {
    let mut row = R::default();
    set.contender(name::STRUCT_VECS, Form::Vecs, move || {
        let columns = R::bind(&set.batch);
        for chunk in &set.chunks {
            let rows = chunk.clone().map(|i| {
                row.fill(&columns, i);
                row.encode_to_vec()
            });
            black_box(rows.collect::<Vec<_>>());
        }
    })
}

fn struct_and_buffer_reused<R: Record + 'static>(set: &Set) -> Contender<'_> {
    let (mut row, mut bytes, mut ends) = (R::default(), Vec::new(), Vec::new());
    set.contender(name::STRUCT_BUFFER, Form::Buffer, move || {
        let columns = R::bind(&set.batch);
        for chunk in &set.chunks {
            bytes.clear();
            ends.clear();
            for i in chunk.clone() {
                row.fill(&columns, i);
                row.encode_raw(&mut bytes);
                ends.push(bytes.len());
            }
            black_box((&bytes, &ends));
        }
    })
}
