//! `zb-convert`.

use std::hint::black_box;

use zb_convert::{Encoded, EncodedVecs};

use super::name;
use crate::{
    measure::{Clock, Contender, Form},
    set::{CHUNK, Set},
};

pub(super) fn one_buffer(set: &Set) -> Contender<'_> {
    let mut chunk = Encoded::default();
    set.contender(name::OURS, Form::Buffer, move || {
        set.each_chunk(0..set.batch.num_rows(), &mut chunk, |chunk| {
            black_box(chunk.bytes());
        });
    })
}

/// As the SDK takes them.
pub(super) fn vec_per_row(set: &Set) -> Contender<'_> {
    let mut chunk = EncodedVecs::default();
    set.contender(name::OURS_VECS, Form::Vecs, move || {
        let (encoder, batch) = (&set.encoder, &set.batch);
        let mut next = 0;
        while next < batch.num_rows() {
            next = encoder.encode_vecs(batch, next, CHUNK, &mut chunk).unwrap();
            black_box(chunk.take_rows());
        }
    })
}

/// The chunks on two threads of a pool.
pub(super) fn two_threads(set: &Set) -> Contender<'_> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build();
    let pool = pool.unwrap();
    let contender = set.contender(name::OURS_TWO_THREADS, Form::Buffer, move || {
        let chunks = pool.install(|| set.encoder.encode_par(&set.batch, CHUNK));
        black_box(chunks.unwrap());
    });
    Contender {
        clock: Clock::Wall,
        ..contender
    }
}
