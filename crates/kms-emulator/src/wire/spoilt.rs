//! Answers that a fault gives in place of the real one.

use crate::answer::Answer;
use crate::fault::{FaultOrder, Kind};
use crate::oss;
use crate::refusal::Refusal;
use crate::stage::Place;
use crate::verify::{self, SignedRequest};
use http::{HeaderName, header};

/// A port that nobody listens on: following the redirect is an error that shows.
const ELSEWHERE: &str = "http://127.0.0.1:9/elsewhere";
const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("x-acs-retry-after");

/// The answer of this fault; none when it leaves the real one in place.
pub(super) fn answer(place: &Place, order: &FaultOrder, request: &SignedRequest, request_id: &str) -> Option<Answer> {
    let refusal = |refusal: Refusal| {
        let refusal = Refusal {
            status: order.status.unwrap_or(refusal.status),
            code: order.code.clone().unwrap_or(refusal.code),
            message: order.message.clone().unwrap_or(refusal.message),
            ..refusal
        };
        match place {
            Place::Oss => oss::refusal(refusal, request, request_id),
            _ => Answer::refusal(&refusal, verify::format(request), request_id, request.host()),
        }
    };
    let answer = match order.kind {
        Kind::Status if matches!(place, Place::Metadata | Place::CredentialsUri) => {
            Answer::new(order.status.unwrap_or(503), "text/plain", order.message.clone().unwrap_or_default())
        }
        Kind::Status => refusal(Refusal::new(503, "ServiceUnavailableTemporary", "Out of service on order.")),
        Kind::Throttle => refusal(Refusal::throttled()),
        Kind::Html => {
            let page = "<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>";
            Answer::new(order.status.unwrap_or(502), "text/html", order.body.clone().unwrap_or_else(|| page.to_owned()))
        }
        Kind::Body => Answer::new(
            order.status.unwrap_or(200),
            "application/json;charset=utf-8",
            order.body.clone().unwrap_or_default(),
        ),
        Kind::Redirect => Answer::new(order.status.unwrap_or(302), "text/plain", "")
            .with(header::LOCATION, order.location.as_deref().unwrap_or(ELSEWHERE)),
        _ => return None,
    };
    Some(with_retry_after(answer, order))
}

fn with_retry_after(mut answer: Answer, order: &FaultOrder) -> Answer {
    for (name, value) in [(RETRY_AFTER_MS, order.retry_after_ms), (header::RETRY_AFTER, order.retry_after_s)] {
        if let Some(value) = value {
            answer = answer.with(name, &value.to_string());
        }
    }
    answer
}
