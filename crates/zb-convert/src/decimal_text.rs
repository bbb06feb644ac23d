//! Decimals as text: plain notation, an optional sign, at most one point.

mod read;
mod write;

pub use read::parse_decimal;
pub(crate) use write::{print_decimal, rescale};
