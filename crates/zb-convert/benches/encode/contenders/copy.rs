//! The limit: the bytes of the output, which are there already, copied.

use std::hint::black_box;

use super::name;
use crate::{
    measure::{Contender, Form},
    set::Set,
};

/// Small enough that what is copied to stays near the core.
const PIECE: usize = 256 << 10;

pub(super) fn all(set: &Set) -> [Contender<'_>; 2] {
    let from = set.whole.bytes();
    let mut whole = from.to_vec();
    let mut piece = vec![0; PIECE];
    [
        set.contender(name::COPY, Form::Copy, move || {
            whole.copy_from_slice(black_box(from));
            black_box(&whole);
        }),
        set.contender(name::COPY_IN_PIECES, Form::Copy, move || {
            for from in from.chunks(PIECE) {
                piece[..from.len()].copy_from_slice(black_box(from));
                black_box(&piece);
            }
        }),
    ]
}
