//! Kernels for numbers whose column in the target has another type.

use super::{Varints, odd};
use crate::{
    coercion::Coercion,
    raw::{Prefix, Slots},
    source::Source,
};

/// Whether [`append`] can do it.
pub(crate) fn covers(source: &Source<'_>, coercion: Coercion) -> bool {
    let whole = matches!(
        source,
        Source::Int8(_)
            | Source::Int16(_)
            | Source::Int32(_)
            | Source::Int64(_)
            | Source::UInt8(_)
            | Source::UInt16(_)
            | Source::UInt32(_)
            | Source::UInt64(_)
    );
    match coercion {
        Coercion::Range(..) => whole,
        Coercion::Double => whole || matches!(source, Source::Float32(_)),
        _ => false,
    }
}

/// As [`super::append`], in the form that the target takes.
#[expect(
    clippy::cast_lossless,
    reason = "one macro for integers of every width"
)]
pub(super) fn append(
    source: &Source<'_>,
    coercion: Coercion,
    prefix: Prefix,
    valid: u64,
    rows: std::ops::Range<usize>,
    slots: &mut Slots,
) -> u64 {
    macro_rules! whole {
        ($array:expr) => {{
            let values = &$array.values()[rows];
            match coercion {
                Coercion::Range(min, max) => {
                    Varints::of(values.iter().map(|&v| v as u64)).append(prefix, valid, slots);
                    odd(values, |&v| {
                        !i64::try_from(v).is_ok_and(|v| (min..=max).contains(&v))
                    })
                }
                _ => {
                    let doubles = values.iter().map(|&v| ((v as f64).to_bits(), 8));
                    slots.append(prefix, valid, doubles);
                    odd(values, |&v| v as f64 as i128 != i128::from(v))
                }
            }
        }};
    }
    let odd = match source {
        Source::Int8(a) => whole!(a),
        Source::Int16(a) => whole!(a),
        Source::Int32(a) => whole!(a),
        Source::Int64(a) => whole!(a),
        Source::UInt8(a) => whole!(a),
        Source::UInt16(a) => whole!(a),
        Source::UInt32(a) => whole!(a),
        Source::UInt64(a) => whole!(a),
        Source::Float32(a) => {
            let values = a.values()[rows].iter();
            slots.append(prefix, valid, values.map(|&v| (f64::from(v).to_bits(), 8)));
            0
        }
        // `covers` says so.
        _ => u64::MAX,
    };
    odd & valid
}
