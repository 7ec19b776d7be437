//! Which requests meet a fault.

use std::fmt;

use http::Method;
use regex_lite::Regex;

/// The pattern of a fault cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPattern(String);

impl fmt::Display for InvalidPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = &self.0;
        write!(
            f,
            "the pattern of a fault is no regular expression: {reason}"
        )
    }
}

impl std::error::Error for InvalidPattern {}

/// A fault and the requests it is for.
#[derive(Debug)]
struct Planned<F> {
    pattern: Regex,
    left: u32,
    fault: F,
}

/// The faults that are still to come.
#[derive(Debug)]
pub struct Plan<F>(Vec<Planned<F>>);

impl<F> Default for Plan<F> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<F: Clone> Plan<F> {
    /// A fault for the next `times` requests whose method and path (with query)
    /// match the regular expression: `^GET /v2/phones/`.
    ///
    /// # Errors
    ///
    /// When the pattern cannot be read.
    pub fn add(&mut self, pattern: &str, times: u32, fault: F) -> Result<(), InvalidPattern> {
        let pattern = Regex::new(pattern).map_err(|error| InvalidPattern(error.to_string()))?;
        if times > 0 {
            self.0.push(Planned {
                pattern,
                left: times,
                fault,
            });
        }
        Ok(())
    }

    /// Forgets the faults that have not struck.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The first fault for this request, which is then one fewer.
    pub fn take(&mut self, method: &Method, target: &str) -> Option<F> {
        if self.0.is_empty() {
            return None;
        }
        let request = format!("{method} {target}");
        let mut planned = self.0.iter_mut();
        let planned = planned.find(|planned| planned.pattern.is_match(&request))?;
        planned.left -= 1;
        let fault = planned.fault.clone();
        self.0.retain(|planned| planned.left > 0);
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_as_often_as_it_was_told_to() {
        let mut plan = Plan::default();
        plan.add("^GET /v2/phones", 2, 'a').unwrap();
        plan.add("phones", 1, 'b').unwrap();
        assert_eq!(plan.take(&Method::GET, "/v2/services/"), None);
        let taken: Vec<_> = (0..4)
            .map(|_| plan.take(&Method::GET, "/v2/phones/"))
            .collect();
        assert_eq!(taken, [Some('a'), Some('a'), Some('b'), None]);
    }

    #[test]
    fn a_pattern_that_cannot_be_read_is_refused_even_for_no_request() {
        let mut plan = Plan::default();
        assert!(plan.add("(", 0, ()).is_err());
        plan.add("", 0, ()).unwrap();
        assert_eq!(plan.take(&Method::GET, "/"), None);
    }
}
