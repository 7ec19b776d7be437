//! The service as the pipeline sees it: its refusals, and what may be shown.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::{DATE, WWW_AUTHENTICATE};
use http::{HeaderMap, Uri, response};
use sync_core::{ApiError, Clock, Operation, Service};

use super::auth::Skew;
use super::rebase::RebaseRule;
use crate::error::{OcssError, Reason};
use crate::oauth1::{ProblemReport, word};

/// The parameters of queries that hold nothing secret.
pub(super) const SHOWN_QUERY: &[&str] = &["dataclass", "page", "since"];

/// How much of the service's words is kept, in bytes.
const LONGEST: usize = 4 << 10;

/// Understands the service's refusals, and learns from one of them what time
/// it is over there.
#[derive(Debug)]
pub(super) struct OcssService {
    base: Uri,
    rule: RebaseRule,
    /// `None`: the clock is not followed.
    skew: Option<Arc<Skew>>,
    clock: Clock,
}

impl OcssService {
    pub(super) fn new(base: Uri, rule: RebaseRule, skew: Option<Arc<Skew>>, clock: Clock) -> Self {
        Self {
            base,
            rule,
            skew,
            clock,
        }
    }

    /// Takes the server's time from a refusal that is about time.
    fn learn(&self, report: &ProblemReport, headers: &HeaderMap) {
        let Some(skew) = self
            .skew
            .as_ref()
            .filter(|_| report.problem == word::TIMESTAMP_REFUSED)
        else {
            return;
        };
        let accepted = report
            .acceptable_timestamps
            .map(|(low, high)| low + (high - low) / 2);
        if let Some(theirs) = accepted.or_else(|| date(headers)) {
            skew.learn(theirs, &self.clock);
        }
    }
}

/// The answer's own date, in seconds since 1970.
fn date(headers: &HeaderMap) -> Option<u64> {
    let date = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
    Some(date.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs())
}

impl Service for OcssService {
    fn explain(&self, _: &Operation, head: &response::Parts, body: &Bytes) -> ApiError {
        let text = String::from_utf8_lossy(body);
        let challenges = head.headers.get_all(WWW_AUTHENTICATE).iter();
        let report = challenges
            .filter_map(|value| ProblemReport::find(value.to_str().ok()?))
            .next()
            .or_else(|| ProblemReport::find(&text));
        if let Some(report) = &report {
            self.learn(report, &head.headers);
        }
        let detail = OcssError::read(head.status, &head.headers, report.as_ref());
        let mut error = ApiError::new(head.status);
        // What to do about it is decided when the credentials are renewed.
        error.credentials_refused = matches!(
            &detail,
            OcssError::NotAllowed {
                reason: Reason::Unauthenticated,
                ..
            }
        );
        // That it was not executed is this client's guess, not the service's word.
        error.not_executed = false;
        error.code = report.map(|report| report.problem);
        let text = text.trim();
        let own_words = text.starts_with('<') || text.is_empty();
        match &detail {
            _ if !own_words => error.message = Some(shorten(text)),
            // The methods are the service's words.
            OcssError::NotAllowed { allow, .. } if !allow.is_empty() => {
                error.message = Some(detail.to_string());
            }
            _ => error.meaning = Some(detail.to_string().into()),
        }
        error.with_detail(detail)
    }

    fn redirected(&self, from: &Uri, to: Uri) -> Uri {
        let own = |uri| self.rule.apply(&self.base, uri);
        // A stranger's redirects are none of ours.
        match own(from) {
            Some(_) => own(&to).unwrap_or(to),
            None => to,
        }
    }

    fn shown_query(&self) -> &'static [&'static str] {
        SHOWN_QUERY
    }
}

fn shorten(text: &str) -> String {
    match text
        .char_indices()
        .find(|(at, c)| at + c.len_utf8() > LONGEST)
    {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, StatusCode};

    use super::*;

    static OP: Operation = Operation::get("ocss", "test", "/");

    fn explain(status: u16, challenge: Option<&'static str>, body: &'static str) -> ApiError {
        let mut head = http::Response::new(()).into_parts().0;
        head.status = StatusCode::from_u16(status).unwrap();
        if let Some(challenge) = challenge {
            head.headers
                .insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        let base = Uri::from_static("http://h/");
        OcssService::new(base, RebaseRule::default(), None, Clock::system()).explain(
            &OP,
            &head,
            &Bytes::from_static(body.as_bytes()),
        )
    }

    #[test]
    fn the_word_of_a_refusal_is_found_in_header_and_body() {
        let error = explain(401, Some("OAuth oauth_problem=\"nonce_used\""), "no");
        assert_eq!(error.code.as_deref(), Some("nonce_used"));
        assert!(error.credentials_refused);
        let error = explain(400, None, "oauth_problem=never_heard_of");
        assert_eq!(error.code.as_deref(), Some("never_heard_of"));
        assert!(error.credentials_refused);
        assert!(!explain(403, None, "no").credentials_refused);
    }

    #[test]
    fn pages_of_markup_are_not_messages_and_long_texts_are_cut() {
        let error = explain(503, None, "<html>sorry</html>");
        assert_eq!(error.meaning.as_deref(), Some("the service failed"));
        assert_eq!(shorten(&"ü".repeat(4000)).len(), LONGEST + "…".len());
    }

    #[test]
    fn a_429_is_not_taken_for_a_promise_that_nothing_was_done() {
        assert!(!explain(429, None, "slow down").not_executed);
    }
}
