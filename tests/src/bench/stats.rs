//! Numbers from several rounds.

/// The middle one of `values`, or the lower of the two in the middle.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len().checked_sub(1)? / 2).copied()
}

/// `1.04×`, or a dash when there is nothing to compare with.
pub(super) fn ratio(value: Option<f64>, base: Option<f64>) -> String {
    match (value, base) {
        (Some(value), Some(base)) if base > 0.0 => format!("{:.3}×", value / base),
        _ => dash(),
    }
}

/// A number with `digits` after the point, or a dash.
pub(super) fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(dash, |value| format!("{value:.digits$}"))
}

fn dash() -> String {
    "-".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slow_round_does_not_move_the_median() {
        assert_eq!(median(vec![1.0, 90.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![3.0, 1.0]), Some(1.0));
        assert_eq!(median(Vec::new()), None);
    }

    #[test]
    fn what_was_not_measured_is_a_dash() {
        assert_eq!(ratio(Some(1.0), None), "-");
        assert_eq!(ratio(Some(3.0), Some(2.0)), "1.500×");
        assert_eq!(number(None, 1), "-");
    }
}
