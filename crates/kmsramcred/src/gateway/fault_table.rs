//! What the error codes of KMS and of the gateway in front of it mean, as data.

use super::fault::FaultClass::{self, *};
use crate::error::ErrorKind;

/// One row: a code, or the beginning of one where it ends in `*`.
pub type Row = (&'static str, FaultClass);

/// First row that fits holds. Codes recur with other statuses on other products, so the status is not looked at here.
pub const CODES: &[Row] = &[
    ("Rejected.Throttling", Throttle),
    ("Throttling*", Throttle),
    ("ServiceUnavailable*", Transient),
    ("InternalFailure", Transient),
    ("InternalError", Transient),
    ("Forbidden.ResourceNotFound", NotFound),
    ("Forbidden.KeyNotFound", NotFound),
    ("Forbidden.KeyVersionNotFound", NotFound),
    ("Forbidden.AliasNotFound", NotFound),
    ("Forbidden.NoPermission", Denied),
    ("Forbidden.RAM", Denied),
    ("Forbidden", Denied),
    ("NoPermission", Denied),
    ("Forbidden.InDebt*", Account),
    ("Rejected.Disabled", State),
    ("Rejected.PendingDeletion", State),
    ("Rejected.PendingImport", State),
    ("Rejected.UnsupportedOperation", State),
    ("InvalidAccessKeyId", Identity),
    ("InvalidAccessKeyId.*", Identity),
    ("Forbidden.AccessKeyDisabled", Identity),
    ("InvalidSecurityToken", Identity),
    ("InvalidSecurityToken.*", Identity),
    ("MissingSecurityToken", Identity),
    // Of the dedicated gateway: an unknown ClientKey.
    ("Unauthorized", Identity),
    ("SignatureNonceUsed", Replay),
    ("SignatureDoesNotMatch", Signature),
    ("SignatureNotMatch", Signature),
    ("IncompleteSignature", Signature),
    ("InvalidSignatureMethod", Signature),
    ("InvalidTimeStamp.*", Clock),
    ("IllegalTimestamp", Clock),
    ("RequestTimeTooSkewed", Clock),
    ("MissingParameter*", Request),
    ("InvalidParameter*", Request),
    ("InvalidParam", Request),
    ("UnsupportedParameter", Request),
    ("UnsupportedOperation", Request),
    ("InvalidVersion", Request),
    ("InvalidApiName", Request),
    ("InvalidApiVersion", Request),
    ("InvalidContentType", Request),
    ("InvalidAction.NotFound", Request),
];

/// What a code says of the source, and what to do: KMS's own words are not always clear. First row that fits holds.
const EXPLAINED: &[(&str, &str)] = &[
    ("InvalidAccessKeyId.Inactive", "The AccessKey of the source is disabled: enable it in RAM, or use another."),
    ("Forbidden.AccessKeyDisabled", "The AccessKey of the source is disabled: enable it in RAM, or use another."),
    ("InvalidAccessKeyId*", "The id of the source is unknown: it is misspelt, or its key was deleted."),
    (
        "InvalidSecurityToken.Expired",
        "The security token of the source has expired: set a new one, or use a source that renews its identity.",
    ),
    ("InvalidSecurityToken*", "The security token of the source does not belong to its AccessKey: set both anew."),
    ("MissingSecurityToken", "The AccessKey of the source is a temporary one: set its security token too."),
];

fn fits(pattern: &str, code: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => code.starts_with(beginning),
        None => code == pattern,
    }
}

/// The class of a known code.
pub fn class_of_code(code: &str) -> Option<FaultClass> {
    CODES.iter().find(|(pattern, _)| fits(pattern, code)).map(|(_, class)| *class)
}

/// What a code says of the source, in a sentence.
pub fn explained(code: &str) -> Option<&'static str> {
    EXPLAINED.iter().find(|(pattern, _)| fits(pattern, code)).map(|(_, words)| *words)
}

/// The class of an answer whose code is unknown to the table (`readable`) or that has none.
pub fn class_of_status(status: u16, readable: bool) -> FaultClass {
    match status {
        429 => Throttle,
        408 | 500..=599 => Transient,
        _ if !readable => Malformed,
        404 => NotFound,
        401 | 403 => Denied,
        400..=499 => Request,
        _ => Malformed,
    }
}

/// The kind of error that a caller sees.
pub fn kind(class: FaultClass) -> ErrorKind {
    match class {
        Throttle => ErrorKind::KmsThrottled,
        Transient | Malformed => ErrorKind::KmsServer,
        NotFound => ErrorKind::KmsNotFound,
        Denied => ErrorKind::KmsDenied,
        Identity | Signature => ErrorKind::SourceDenied,
        Account | State | Replay | Clock | Request => ErrorKind::KmsRejected,
        Unreached => ErrorKind::Network,
        Untrusted => ErrorKind::Tls,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_their_classes() {
        for (code, class) in [
            ("Rejected.Throttling", Some(Throttle)),
            ("Throttling", Some(Throttle)),
            ("Throttling.User", Some(Throttle)),
            ("ServiceUnavailableTemporary", Some(Transient)),
            ("Forbidden.ResourceNotFound", Some(NotFound)),
            ("Forbidden", Some(Denied)),
            ("Forbidden.InDebtOverdue", Some(Account)),
            ("Forbidden.AccessKeyDisabled", Some(Identity)),
            ("InvalidAccessKeyId.NotFound", Some(Identity)),
            ("InvalidSecurityToken.Expired", Some(Identity)),
            ("InvalidTimeStamp.Expired", Some(Clock)),
            ("InvalidParameter.SecretName", Some(Request)),
            ("Forbidden.SomethingNew", None),
            ("InternalErrorOfAnotherKind", None),
            ("", None),
        ] {
            assert_eq!(class_of_code(code), class, "{code}");
        }
    }

    #[test]
    fn no_row_hides_behind_an_earlier_one() {
        for (index, (pattern, _)) in CODES.iter().enumerate() {
            let sample = pattern.replace('*', "x");
            let first = CODES.iter().position(|(other, _)| fits(other, &sample));
            assert_eq!(first, Some(index), "{pattern}");
        }
    }

    #[test]
    fn what_is_explained_is_about_the_identity() {
        for (index, (pattern, _)) in EXPLAINED.iter().enumerate() {
            let sample = pattern.replace('*', ".NotFound");
            assert_eq!(class_of_code(&sample), Some(Identity), "{pattern}");
            assert_eq!(EXPLAINED.iter().position(|(other, _)| fits(other, &sample)), Some(index), "{pattern}");
        }
    }

    #[test]
    fn a_404_page_of_a_proxy_is_not_a_missing_secret() {
        assert_eq!(class_of_status(404, false), Malformed);
        assert_eq!(class_of_status(404, true), NotFound);
        assert_eq!(class_of_status(502, false), Transient);
        assert_eq!(class_of_status(302, false), Malformed);
    }
}
