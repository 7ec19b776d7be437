//! What is to be reached.

use std::fmt;

/// What was wanted, and what came of it.
#[derive(Debug)]
pub(super) struct Goal {
    pub(super) what: String,
    pub(super) limit: f64,
    /// After the number, with a space where one belongs.
    pub(super) unit: &'static str,
    /// `None` where it could not be measured.
    pub(super) actual: Option<f64>,
}

impl Goal {
    pub(super) fn is_missed(&self) -> bool {
        self.actual.is_some_and(|actual| actual > self.limit)
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what, limit, unit, ..
        } = self;
        match self.actual {
            None => write!(f, "open    {what} ≤ {limit:.2}{unit}: not measured"),
            Some(actual) => {
                let state = if self.is_missed() {
                    "MISSED"
                } else {
                    "reached"
                };
                write!(f, "{state:7} {what} ≤ {limit:.2}{unit}: {actual:.3}{unit}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goal(actual: Option<f64>) -> Goal {
        Goal {
            what: "time".to_owned(),
            limit: 1.1,
            unit: "×",
            actual,
        }
    }

    #[test]
    fn a_goal_is_missed_above_its_limit_only() {
        assert!(!goal(Some(1.1)).is_missed());
        assert!(goal(Some(1.101)).is_missed());
        assert_eq!(goal(Some(1.2)).to_string(), "MISSED  time ≤ 1.10×: 1.200×");
    }

    #[test]
    fn what_was_not_measured_is_open_and_not_reached() {
        assert!(!goal(None).is_missed());
        assert!(goal(None).to_string().starts_with("open"));
    }
}
