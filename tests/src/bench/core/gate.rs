//! The goals, and whether they are reached.

use std::fmt;

use super::clients::Kind;
use super::rounds::Measured;

/// What was wanted, and what came of it.
#[derive(Debug)]
pub(super) struct Goal {
    what: &'static str,
    limit: f64,
    unit: &'static str,
    /// `None` where it could not be measured.
    actual: Option<f64>,
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

/// The goals of the transport and the pipeline.
pub(super) fn goals(measured: &Measured) -> Vec<Goal> {
    let quotient = |a: Option<f64>, b: Option<f64>| Some(a? / b?);
    let difference = |a: Option<f64>, b: Option<f64>| Some(a? - b?);
    let (raw, bare) = (measured.of(Kind::Raw), measured.of(Kind::LegacyHeaders));
    let (transport, pipeline) = (measured.of(Kind::Transport), measured.of(Kind::Pipeline));
    vec![
        Goal {
            what: "instructions of transport to legacyh",
            limit: 1.05,
            unit: "×",
            actual: quotient(transport.instructions, bare.instructions),
        },
        Goal {
            what: "instructions of pipeline to legacyh",
            limit: 1.10,
            unit: "×",
            actual: quotient(pipeline.instructions, bare.instructions),
        },
        Goal {
            what: "streaming memory of transport over raw",
            limit: 1.0,
            unit: " MiB",
            actual: difference(transport.peak_mib, raw.peak_mib),
        },
        Goal {
            what: "streaming memory of pipeline over raw",
            limit: 1.0,
            unit: " MiB",
            actual: difference(pipeline.peak_mib, raw.peak_mib),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::super::rounds::Figures;
    use super::*;
    use std::collections::BTreeMap;

    fn measured(legacyh: f64, pipeline: Option<f64>) -> Measured {
        let figures = |instructions| Figures {
            instructions,
            ..Figures::default()
        };
        Measured(BTreeMap::from([
            (Kind::LegacyHeaders, figures(Some(legacyh))),
            (Kind::Pipeline, figures(pipeline)),
        ]))
    }

    fn missed(measured: &Measured) -> usize {
        goals(measured)
            .iter()
            .filter(|goal| goal.is_missed())
            .count()
    }

    #[test]
    fn a_pipeline_above_its_limit_misses_the_goal() {
        assert_eq!(missed(&measured(1000.0, Some(1100.0))), 0);
        assert_eq!(missed(&measured(1000.0, Some(1101.0))), 1);
    }

    #[test]
    fn what_was_not_measured_is_open_and_not_reached() {
        let goals = goals(&measured(1000.0, None));
        assert!(goals.iter().all(|goal| !goal.is_missed()));
        assert!(
            goals
                .iter()
                .all(|goal| goal.to_string().starts_with("open"))
        );
    }
}
