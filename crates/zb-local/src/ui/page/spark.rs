//! A minute as a line.

use std::fmt::Write as _;

use maud::{Markup, html};

/// The height of the drawing; its width is one for each second.
const HEIGHT: f64 = 20.0;

/// The sums of some seconds, the highest at the top. Decoration: what matters stands beside it.
pub(super) fn line(seconds: &[u64]) -> Markup {
    let highest = seconds.iter().copied().max().unwrap_or(0).max(1) as f64;
    let mut line = String::new();
    for (at, sum) in seconds.iter().enumerate() {
        let y = HEIGHT - *sum as f64 / highest * (HEIGHT - 2.0) - 1.0;
        let command = if at == 0 { 'M' } else { 'L' };
        // Writing to a string never fails.
        let _ = write!(line, "{command}{at} {y:.1}");
    }
    let right = seconds.len().saturating_sub(1);
    let area = format!("{line}L{right} {HEIGHT}L0 {HEIGHT}Z");
    html! {
        svg.spark viewBox={ "0 0 " (right) " " (HEIGHT) } preserveAspectRatio="none" aria-hidden="true" {
            path.area d=(area) {}
            path.line d=(line) {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_second_is_at_the_top() {
        let svg = line(&[0, 5, 10]).into_string();
        assert!(svg.contains(r#"d="M0 19.0L1 10.0L2 1.0""#), "{svg}");
        assert!(svg.contains(r#"viewBox="0 0 2 20""#), "{svg}");
        assert!(line(&[0, 0]).into_string().contains("M0 19.0L1 19.0"));
        line(&[]);
    }
}
