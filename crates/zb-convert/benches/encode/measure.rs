//! The clock: contenders of a set take turns, so that what disturbs one disturbs all.

use std::{
    borrow::Cow,
    time::{Duration, Instant},
};

use criterion::{Criterion, SamplingMode, Throughput};
use rustix::time::{ClockId, clock_gettime};

use crate::counting;

/// Of an odd number of rounds one is the median.
const ROUNDS: usize = 11;

/// What comes out, and so what may be compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Rows of a chunk in one piece of memory, and where each ends.
    Buffer,
    /// A vector for each row, as the SDK takes them.
    Vecs,
    /// The bytes of the output moved, and nothing else done.
    Copy,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// The processor's time of this thread: a busy machine distorts it less.
    Thread,
    /// For work on several threads.
    Wall,
}

/// One way to do the work.
pub(crate) struct Contender<'a> {
    pub(crate) name: Cow<'static, str>,
    pub(crate) form: Form,
    pub(crate) clock: Clock,
    /// What one call of `work` encodes.
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
    pub(crate) work: Box<dyn FnMut() + 'a>,
}

pub(crate) struct Measured {
    pub(crate) set: &'static str,
    pub(crate) name: Cow<'static, str>,
    pub(crate) form: Form,
    pub(crate) clock: Clock,
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
    /// The median of the rounds.
    pub(crate) seconds: f64,
    /// From the lower to the upper quartile of the rounds, as a part of the median.
    pub(crate) spread: f64,
    /// Of one call.
    pub(crate) allocations: usize,
}

impl Measured {
    pub(crate) fn ns_per_row(&self) -> f64 {
        self.seconds * 1e9 / self.rows as f64
    }

    pub(crate) fn rows_per_second(&self) -> f64 {
        self.rows as f64 / self.seconds
    }

    pub(crate) fn mb_per_second(&self) -> f64 {
        self.bytes as f64 / self.seconds / 1e6
    }
}

/// Lets each contender do its work once a round.
pub(crate) fn in_turns(set: &'static str, mut contenders: Vec<Contender<'_>>) -> Vec<Measured> {
    let allocations: Vec<usize> = contenders
        .iter_mut()
        .map(|contender| {
            (contender.work)();
            counting::allocations(&mut contender.work)
        })
        .collect();
    let mut rounds = vec![Vec::with_capacity(ROUNDS); contenders.len()];
    for _ in 0..ROUNDS {
        for (contender, times) in contenders.iter_mut().zip(&mut rounds) {
            times.push(time(contender.clock, &mut contender.work).as_secs_f64());
        }
    }
    contenders
        .into_iter()
        .zip(rounds)
        .zip(allocations)
        .map(|((contender, mut times), allocations)| {
            times.sort_by(f64::total_cmp);
            let seconds = times[ROUNDS / 2];
            Measured {
                set,
                name: contender.name,
                form: contender.form,
                clock: contender.clock,
                rows: contender.rows,
                bytes: contender.bytes,
                seconds,
                spread: (times[ROUNDS * 3 / 4] - times[ROUNDS / 4]) / seconds,
                allocations,
            }
        })
        .collect()
}

/// One contender after another.
pub(crate) fn under_criterion(
    criterion: &mut Criterion,
    set: &str,
    contenders: &mut [Contender<'_>],
) {
    let mut group = criterion.benchmark_group(set);
    group.sampling_mode(SamplingMode::Flat);
    for Contender {
        name,
        clock,
        bytes,
        work,
        ..
    } in contenders
    {
        group.throughput(Throughput::Bytes(*bytes as u64));
        group.bench_function(&**name, |bencher| {
            bencher.iter_custom(|iterations| {
                time(*clock, || {
                    for _ in 0..iterations {
                        work();
                    }
                })
            });
        });
    }
    group.finish();
}

fn time(clock: Clock, work: impl FnOnce()) -> Duration {
    match clock {
        Clock::Thread => {
            let start = thread_time();
            work();
            thread_time().saturating_sub(start)
        }
        Clock::Wall => {
            let start = Instant::now();
            work();
            start.elapsed()
        }
    }
}

fn thread_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}
