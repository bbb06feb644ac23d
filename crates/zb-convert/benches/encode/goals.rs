//! What the encoder is meant to reach, and whether it does.

use crate::{
    contenders::name,
    measure::{Form, Measured},
    scaling::{Scaled, Series},
};

/// The sets that have goals.
const SETS: [&str; 4] = ["flat", "nested", "wide", "strings"];

/// How much dearer a row or a cell may be in one shape of batches than in another and still be
/// called equally dear.
const EQUAL: f64 = 1.25;

pub(crate) struct Goal {
    pub(crate) set: &'static str,
    pub(crate) text: String,
    pub(crate) bound: Bound,
    pub(crate) measured: f64,
}

#[derive(Clone, Copy)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Goal {
    pub(crate) fn met(&self) -> bool {
        match self.bound {
            Bound::AtLeast(bound) => self.measured >= bound,
            Bound::AtMost(bound) => self.measured <= bound,
        }
    }
}

/// The goals of the sets that were measured. One without a contender to compare with is absent.
pub(crate) fn of_contenders(results: &[Measured]) -> Vec<Goal> {
    SETS.into_iter()
        .flat_map(|set| {
            let of_set: Vec<&Measured> = results.iter().filter(|r| r.set == set).collect();
            goals_of(set, &of_set).into_iter().flatten()
        })
        .collect()
}

fn goals_of(set: &'static str, results: &[&Measured]) -> [Option<Goal>; 4] {
    let ns = |name| {
        let result = results.iter().find(|result| result.name == name)?;
        Some(result.ns_per_row())
    };
    let best = |wanted: &dyn Fn(&Measured) -> bool| {
        let wanted = results.iter().filter(|result| wanted(result));
        wanted.min_by(|a, b| a.ns_per_row().total_cmp(&b.ns_per_row()))
    };
    let over = |ours: Option<f64>, factor: f64, text: String, theirs: Option<f64>| {
        Some(Goal {
            set,
            text,
            bound: Bound::AtLeast(factor),
            measured: theirs? / ours?,
        })
    };
    let (buffer, vecs) = (ns(name::OURS), ns(name::OURS_VECS));
    let prost = best(&|r| name::PROST.contains(&&*r.name));
    let same = best(&|r| r.form == Form::Vecs && r.name != name::OURS_VECS);
    let of = |best: Option<&&Measured>| best.map(|best| best.ns_per_row());
    let named = |best: Option<&&Measured>| best.map_or_else(String::new, |r| r.name.to_string());
    [
        over(
            buffer,
            4.0,
            format!("one buffer, over {}", name::PTARS),
            ns(name::PTARS),
        ),
        over(
            buffer,
            4.0,
            format!("one buffer, over {}", name::STRUCTS),
            ns(name::STRUCTS),
        ),
        over(
            buffer,
            3.0,
            format!("one buffer, over the best of prost: {}", named(prost)),
            of(prost),
        ),
        over(
            vecs,
            1.5,
            format!("Vec per row, over the best: {}", named(same)),
            of(same),
        ),
    ]
}

pub(crate) fn of_scaling(scaled: &[Scaled]) -> Vec<Goal> {
    let series = |wanted: Series| scaled.iter().filter(move |s| s.series == wanted);
    if scaled.is_empty() {
        return Vec::new();
    }
    let goal = |text: &str, bound, measured| Goal {
        set: crate::scaling::NAME,
        text: text.to_owned(),
        bound: Bound::AtMost(bound),
        measured,
    };
    let rows = series(Series::Rows).map(|s| s.measured.ns_per_row());
    let cells = series(Series::Columns).map(Scaled::ns_per_cell);
    let allocations = series(Series::Rows).map(|s| s.whole_batch_allocations as f64);
    vec![
        goal(
            "a row of the dearest size of batch, over the cheapest",
            EQUAL,
            dearest_over_cheapest(rows),
        ),
        goal(
            "a cell of the dearest number of columns, over the cheapest",
            EQUAL,
            dearest_over_cheapest(cells),
        ),
        goal(
            "allocations for a batch of the most rows, over the fewest",
            1.0,
            dearest_over_cheapest(allocations),
        ),
    ]
}

fn dearest_over_cheapest(costs: impl Iterator<Item = f64>) -> f64 {
    let (least, most) = costs.fold((f64::MAX, 0.0_f64), |(least, most), cost| {
        (least.min(cost), most.max(cost))
    });
    most / least
}
