//! `zb-convert`.

use std::{hint::black_box, thread};

use zb_convert::Encoded;

use super::name;
use crate::{
    measure::{Clock, Contender, Form},
    set::Set,
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
    let mut chunk = Encoded::default();
    set.contender(name::OURS_VECS, Form::Vecs, move || {
        set.each_chunk(0..set.batch.num_rows(), &mut chunk, |chunk| {
            black_box(chunk.to_vecs());
        });
    })
}

/// Half of the chunks on another thread, which is started for it.
pub(super) fn two_threads(set: &Set) -> Contender<'_> {
    let rows = set.batch.num_rows();
    let half = set.chunks[set.chunks.len() / 2].start;
    let (mut first, mut second) = (Encoded::default(), Encoded::default());
    let contender = set.contender(name::OURS_TWO_THREADS, Form::Buffer, move || {
        thread::scope(|scope| {
            let second = &mut second;
            scope.spawn(move || {
                set.each_chunk(half..rows, second, |chunk| {
                    black_box(chunk.bytes());
                });
            });
            set.each_chunk(0..half, &mut first, |chunk| {
                black_box(chunk.bytes());
            });
        });
    });
    Contender {
        clock: Clock::Wall,
        ..contender
    }
}
