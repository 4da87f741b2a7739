//! One request: read it whole, let a fault have its way, answer.

use super::body::{self, Cut, WireBody};
use super::connection::ResetOrder;
use super::spoilt;
use crate::answer::Answer;
use crate::clock::{http_date, later_by_seconds};
use crate::counter::{Outcome, Sight};
use crate::fault::{At, Hit, Kind, Target};
use crate::gateway::Gateway;
use crate::secret::plain_name;
use crate::stage::{Place, Stage};
use crate::verify::{self, SignedRequest};
use crate::{credentials_uri, dedicated, identifier, kms, metadata, oss, service, sts};
use http::{HeaderName, HeaderValue, Response, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use jiff::Timestamp;
use std::time::Duration;

const INSTANCE: Place = Place::Kms(Gateway::Dedicated);

/// Larger requests are refused: by an instance, without a word, above what its documentation says.
fn largest_body(place: &Place) -> usize {
    match place {
        Place::Kms(Gateway::Dedicated) => 3 << 20,
        Place::Oss => 64 << 20,
        _ => 16 << 20,
    }
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-acs-request-id");

/// Counts a request: its arrival at once, its end when it is dropped, which an impatient client may bring about.
struct Visit<'a> {
    stage: &'a Stage,
    place: &'a Place,
    sight: Sight<'a>,
    outcome: Outcome,
}

impl<'a> Visit<'a> {
    fn begin(stage: &'a Stage, place: &'a Place, request: &'a SignedRequest) -> Self {
        let sight = Sight {
            action: verify::claimed_action(request),
            secret: request.parameter("SecretName").map(plain_name),
            access_key_id: verify::claimed_key(request),
            client: request.client(),
        };
        stage.world().counters.arrive(place, sight);
        Self { stage, place, sight, outcome: Outcome::Faulted }
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.stage.world().counters.conclude(self.place, self.sight, self.outcome);
    }
}

/// Answers one request, or cuts the connection.
pub(super) async fn respond(
    stage: &Stage,
    place: &Place,
    order: &ResetOrder,
    request: http::Request<Incoming>,
) -> Result<Response<WireBody>, Cut> {
    let request_id = identifier::request_id();
    let Some(request) = read(request, largest_body(place)).await else {
        let words = if *place == INSTANCE { "" } else { "the request body is too large or broke off" };
        let answer = Answer::new(413, "text/plain", words);
        return Ok(finish(answer, &request_id, stage.now(), body::whole));
    };
    let mut visit = Visit::begin(stage, place, &request);
    if stage.world().is_down(place) {
        order.give();
        return Err(Cut);
    }
    let target = Target {
        at: match place {
            Place::Kms(Gateway::Shared) => At::Kms,
            Place::Kms(Gateway::Dedicated) => At::Dedicated,
            Place::Metadata => At::Metadata,
            Place::Sts => At::Sts,
            Place::CredentialsUri => At::CredentialsUri,
            Place::Oss => At::Oss,
            Place::Service(_) => At::Service,
        },
        service: if let Place::Service(name) = place { Some(name) } else { None },
        secret: visit.sight.secret,
    };
    let plan = stage.world().faults.plan(&target, stage.now());
    let shown = || later_by_seconds(stage.now(), plan.clock_offset_seconds);
    if let Some(hit) = &plan.hit {
        match hit.order.kind {
            Kind::Delay => pause(hit.order.delay_ms).await,
            Kind::Hang => wait_until_cleared(hit, stage).await,
            Kind::Reset => {
                order.give();
                return Err(Cut);
            }
            Kind::Huge => {
                let answer = Answer::new(200, "application/json", "");
                return Ok(finish(answer, &request_id, shown(), |_| body::huge()));
            }
            _ => {}
        }
        if let Some(answer) = spoilt::answer(place, &hit.order, &request, &request_id) {
            return Ok(finish(answer, &request_id, shown(), body::whole));
        }
    }
    let answer = healthy(stage, place, &request, &request_id, shown).await;
    match plan.hit.map(|hit| (hit.order.kind, hit.order.delay_ms)) {
        Some((Kind::Truncate, _)) => {
            let length = answer.body.len().max(64);
            let answer = answer.with(header::CONTENT_LENGTH, &length.to_string());
            Ok(finish(answer, &request_id, shown(), body::truncated))
        }
        Some((Kind::SlowBody, delay)) => {
            let answer_length = answer.body.len().to_string();
            let drip = |bytes| body::dripping(bytes, Duration::from_millis(delay.unwrap_or(100).into()));
            Ok(finish(answer.with(header::CONTENT_LENGTH, &answer_length), &request_id, shown(), drip))
        }
        _ => {
            visit.outcome = if answer.status < 400 { Outcome::Ok } else { Outcome::Refused };
            Ok(finish(answer, &request_id, shown(), body::whole))
        }
    }
}

async fn read(request: http::Request<Incoming>, largest: usize) -> Option<SignedRequest> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, largest).collect().await.ok()?.to_bytes();
    Some(SignedRequest::new(head.method, head.uri.path(), head.uri.query().unwrap_or(""), head.headers, body))
}

/// The answer that the endpoint means to give.
async fn healthy(
    stage: &Stage,
    place: &Place,
    request: &SignedRequest,
    request_id: &str,
    shown: impl Fn() -> Timestamp,
) -> Answer {
    match place {
        Place::Kms(Gateway::Shared) => kms::answer(stage, Gateway::Shared, request, request_id, shown()),
        Place::Kms(Gateway::Dedicated) => dedicated::answer(stage, request, request_id, shown()),
        Place::Metadata => metadata::answer(stage, request),
        Place::Sts => sts::answer(stage, request, request_id, shown()),
        Place::CredentialsUri => credentials_uri::answer(stage, request),
        Place::Oss => oss::answer(stage, request, request_id, shown()),
        Place::Service(name) => {
            let mood = stage.world().services.get(&**name).map(|service| service.mood).unwrap_or_default();
            if mood.delay_ms > 0 {
                pause(Some(mood.delay_ms)).await;
            }
            service::answer(stage, mood, request, request_id, shown())
        }
    }
}

async fn pause(millis: Option<u32>) {
    tokio::time::sleep(Duration::from_millis(millis.unwrap_or(0).into())).await;
}

/// Returns once the fault is cleared or its time is over.
async fn wait_until_cleared(hit: &Hit, stage: &Stage) {
    let mut cleared = hit.cleared.clone();
    let over = async {
        match hit.until {
            Some(end) => tokio::time::sleep(stage.now().duration_until(end).try_into().unwrap_or_default()).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        // An error means that the fault was taken from the book, which is how it is cleared.
        _ = cleared.changed() => {}
        () = over => {}
    }
}

fn finish(
    answer: Answer,
    request_id: &str,
    shown: Timestamp,
    body: impl FnOnce(bytes::Bytes) -> WireBody,
) -> Response<WireBody> {
    let Answer { status, headers, body: bytes } = answer;
    let mut response = Response::new(body(bytes));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().extend(headers);
    for (name, value) in [(header::DATE, http_date(shown)), (REQUEST_ID, request_id.to_owned())] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
