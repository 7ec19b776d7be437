//! The goals, and whether they are reached.

use super::clients::Kind;
use super::rounds::Measured;
use crate::bench::goal::Goal;

/// The goals of the transport and the pipeline.
pub(super) fn goals(measured: &Measured) -> Vec<Goal> {
    let quotient = |a: Option<f64>, b: Option<f64>| Some(a? / b?);
    let difference = |a: Option<f64>, b: Option<f64>| Some(a? - b?);
    let (raw, bare) = (measured.of(Kind::Raw), measured.of(Kind::LegacyHeaders));
    let (transport, pipeline) = (measured.of(Kind::Transport), measured.of(Kind::Pipeline));
    vec![
        Goal {
            what: "instructions of transport to legacyh".to_owned(),
            limit: 1.05,
            unit: "×",
            actual: quotient(transport.instructions, bare.instructions),
        },
        Goal {
            what: "instructions of pipeline to legacyh".to_owned(),
            limit: 1.10,
            unit: "×",
            actual: quotient(pipeline.instructions, bare.instructions),
        },
        Goal {
            what: "streaming memory of transport over raw".to_owned(),
            limit: 1.0,
            unit: " MiB",
            actual: difference(transport.peak_mib, raw.peak_mib),
        },
        Goal {
            what: "streaming memory of pipeline over raw".to_owned(),
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
}
