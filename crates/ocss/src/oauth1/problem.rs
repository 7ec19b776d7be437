//! What a server says when it refuses a signature: the OAuth Problem Reporting
//! extension, in the `WWW-Authenticate` header or the body.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The extension's words that this crate itself uses. Servers may say others.
pub mod word {
    /// `oauth_version` is not 1.0.
    pub const VERSION_REJECTED: &str = "version_rejected";
    /// A protocol parameter is missing.
    pub const PARAMETER_ABSENT: &str = "parameter_absent";
    /// A protocol parameter is there twice, or not understood.
    pub const PARAMETER_REJECTED: &str = "parameter_rejected";
    /// The timestamp is too far from the server's clock.
    pub const TIMESTAMP_REFUSED: &str = "timestamp_refused";
    /// The nonce was used before.
    pub const NONCE_USED: &str = "nonce_used";
    /// The server does not know the signature method.
    pub const SIGNATURE_METHOD_REJECTED: &str = "signature_method_rejected";
    /// The signature does not fit the request.
    pub const SIGNATURE_INVALID: &str = "signature_invalid";
    /// There is no such consumer.
    pub const CONSUMER_KEY_UNKNOWN: &str = "consumer_key_unknown";
    /// There is no such token, or it is not this consumer's.
    pub const TOKEN_REJECTED: &str = "token_rejected";
    /// The user may not do this.
    pub const PERMISSION_DENIED: &str = "permission_denied";
}

/// A problem as a server reported it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProblemReport {
    /// The word after `oauth_problem=`: one of [`word`], or another.
    pub problem: String,
    /// Seconds since 1970-01-01T00:00:00Z, first and last that the server
    /// takes at present, when it said so.
    pub acceptable_timestamps: Option<(u64, u64)>,
}

impl ProblemReport {
    /// Looks for a report in the value of a `WWW-Authenticate` header or in a
    /// body of form parameters. `None` when there is none.
    ///
    /// ```
    /// use ocss::oauth1::ProblemReport;
    ///
    /// let header = r#"OAuth realm="", oauth_problem="timestamp_refused", oauth_acceptable_timestamps="100-200""#;
    /// let report = ProblemReport::find(header).unwrap();
    /// assert_eq!(report.problem, "timestamp_refused");
    /// assert_eq!(report.acceptable_timestamps, Some((100, 200)));
    /// assert_eq!(ProblemReport::find("oauth_problem=nonce_used").unwrap().problem, "nonce_used");
    /// assert_eq!(ProblemReport::find("Bearer realm=x"), None);
    /// ```
    pub fn find(text: &str) -> Option<Self> {
        let problem = value(text, "oauth_problem")?;
        let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        if problem.is_empty() || problem.len() > 64 || !problem.bytes().all(known) {
            return None;
        }
        let acceptable_timestamps = value(text, "oauth_acceptable_timestamps").and_then(|range| {
            let (low, high) = range.split_once('-')?;
            Some((low.trim().parse().ok()?, high.trim().parse().ok()?))
        });
        Some(Self {
            problem: problem.into_owned(),
            acceptable_timestamps: acceptable_timestamps.filter(|(low, high)| low <= high),
        })
    }
}

/// The value of `name=value` or `name="value"` in a list separated by commas,
/// ampersands or white space.
fn value<'t>(text: &'t str, name: &str) -> Option<Cow<'t, str>> {
    let separator = |c: char| c.is_whitespace() || matches!(c, ',' | '&' | ';');
    let (_, found) = text.match_indices(name).find_map(|(at, _)| {
        let before = text[..at].chars().next_back();
        // White space may stand around the sign in a header.
        let rest = text[at + name.len()..].trim_start_matches([' ', '\t']);
        let rest = rest.strip_prefix('=')?.trim_start_matches([' ', '\t']);
        before.is_none_or(separator).then_some((at, rest))
    })?;
    let raw = match found.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => found.split(separator).next(),
    };
    percent_decode_str(raw?).decode_utf8().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_found_in_headers_and_bodies() {
        for text in [
            "OAuth oauth_problem=signature_invalid",
            "OAuth realm=\"a,b\",oauth_problem=\"signature_invalid\"",
            "OAuth realm=\"\" , oauth_problem = \"signature_invalid\"",
            "a=1&oauth_problem=signature_invalid&b=2",
            "oauth_problem=signature%5Finvalid\r\n",
        ] {
            let report = ProblemReport::find(text).unwrap();
            assert_eq!(report.problem, "signature_invalid", "{text}");
            assert_eq!(report.acceptable_timestamps, None);
        }
    }

    #[test]
    fn what_is_no_report_is_none() {
        for text in [
            "",
            "xoauth_problem=a",
            "oauth_problem",
            "oauth_problem=",
            "oauth_problem=<b>",
        ] {
            assert_eq!(ProblemReport::find(text), None, "{text}");
        }
        let backwards = "oauth_problem=timestamp_refused&oauth_acceptable_timestamps=9-1";
        assert_eq!(
            ProblemReport::find(backwards)
                .unwrap()
                .acceptable_timestamps,
            None
        );
    }
}
