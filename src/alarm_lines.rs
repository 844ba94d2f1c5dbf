//! The lines of an alarm's minutes, and the results of a log alarm's query, read from CloudWatch Logs.
//!
//! One signed request each, never a second one: a notice does not wait for them. Of an answer's own words only codes from
//! a closed list are ever repeated, and no line is ever logged.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use crate::aws::{AwsAccess, Call, Service, SigningError, error_code};
use crate::http::{Answer, Budget, HttpClient, Patience, Transport, TransportFault};

/// Both are answered in a second or so.
const PATIENCE: Patience =
    Patience { head: Duration::from_secs(3), total: Duration::from_secs(3), bytes: 1024 * 1024 };
/// Log events that are asked for: the first of the alarm's time.
const MAX_EVENTS: u32 = 200;
/// Every line with a three-digit number that begins with 4 or 5, whatever its format: which of them are errors is found by
/// reading them.
const PATTERN: &str = "%[45][0-9][0-9]%";

/// Reads from CloudWatch Logs; it keeps nothing.
#[derive(Debug)]
pub struct AlarmLines<H = HttpClient> {
    http: H,
    access: AwsAccess,
}

/// Log events of an alarm's time.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// In the order in which CloudWatch Logs gave them.
    pub events: Vec<Event>,
    /// There may be more.
    pub is_part: bool,
}

/// A log event.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Event {
    /// Its id.
    #[serde(rename = "eventId")]
    pub id: String,
    /// Its log stream.
    #[serde(rename = "logStreamName")]
    pub log_stream: String,
    /// When it happened, epoch milliseconds.
    #[serde(rename = "timestamp")]
    pub timestamp_ms: i64,
    /// The line.
    pub message: String,
}

/// Why nothing was read. Not retried: the notice goes out without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AlarmLinesError {
    /// AWS said no.
    #[error("CloudWatch Logs refused {permission} ({status}): {}", advice(*code, permission))]
    Refused {
        /// The permission that the call takes.
        permission: &'static str,
        /// The answer's HTTP status.
        status: u16,
        /// AWS's code for the reason, if it is a known one.
        code: Option<Code>,
    },
    /// No answer in time, or half of one.
    #[error("CloudWatch Logs could not be asked: {0}: in a VPC, check its route or endpoint")]
    Transport(TransportFault),
    /// The answer is none that is known.
    #[error("the answer of CloudWatch Logs could not be read")]
    Unreadable,
    /// There was no time left to ask.
    #[error("no time was left to ask CloudWatch Logs")]
    NoTimeLeft,
    /// The request could not be signed.
    #[error(transparent)]
    Signing(#[from] SigningError),
}

/// AWS's codes that say what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The role may not.
    AccessDenied,
    /// There is no such log group or query.
    NotFound,
    /// Too many calls.
    Throttled,
}

impl<H: Transport> AlarmLines<H> {
    /// Nothing is fetched yet.
    #[must_use]
    pub fn new(http: H, access: AwsAccess) -> Self {
        Self { http, access }
    }

    /// The first lines with something like an error status of a log group (name or ARN) from the first millisecond to before
    /// the second; 200 at most, and 1 MiB.
    pub async fn of_minutes(
        &self,
        log_group: &str,
        (from_ms, to_ms): (i64, i64),
        budget: Budget,
    ) -> Result<Fetched, AlarmLinesError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Found {
            #[serde(default)]
            events: Vec<Event>,
            next_token: Option<String>,
        }
        let region = log_group.strip_prefix("arn:").and_then(|arn| arn.split(':').nth(2));
        let key = if region.is_some() { "logGroupIdentifier" } else { "logGroupName" };
        let body = json!({
            key: log_group, "startTime": from_ms.max(0), "endTime": to_ms.saturating_sub(1).max(0),
            "filterPattern": PATTERN, "limit": MAX_EVENTS,
        });
        let call = ("Logs_20140328.FilterLogEvents", "logs:FilterLogEvents");
        let Found { events, next_token } = self.ask(call, region, body.to_string(), budget).await?;
        Ok(Fetched { events, is_part: next_token.is_some() })
    }

    /// The results of a query that ran, by the id of its execution: fields with their values.
    ///
    /// That `GetQueryResults` takes the execution id of a log alarm is not verified.
    pub async fn of_query(
        &self,
        execution: &str,
        budget: Budget,
    ) -> Result<Vec<Vec<(String, String)>>, AlarmLinesError> {
        #[derive(Deserialize)]
        struct Found {
            #[serde(default)]
            results: Vec<Vec<Field>>,
        }
        #[derive(Deserialize)]
        #[serde(default)]
        #[derive(Default)]
        struct Field {
            field: String,
            value: String,
        }
        let body = json!({ "queryId": execution }).to_string();
        let call = ("Logs_20140328.GetQueryResults", "logs:GetQueryResults");
        let Found { results } = self.ask(call, None, body, budget).await?;
        // A pointer is for another call, not for a reader.
        let fields = |result: Vec<Field>| {
            let shown = result.into_iter().filter(|field| field.field != "@ptr");
            shown.map(|field| (field.field, field.value)).collect()
        };
        Ok(results.into_iter().map(fields).collect())
    }

    async fn ask<T: for<'de> Deserialize<'de>>(
        &self,
        (target, permission): (&'static str, &'static str),
        region: Option<&str>,
        body: String,
        budget: Budget,
    ) -> Result<T, AlarmLinesError> {
        if !budget.allows_request_at(Instant::now()) {
            return Err(AlarmLinesError::NoTimeLeft);
        }
        let call = Call { service: Service::Logs, target, region, body };
        let request = self.access.request(call, budget.wall_clock(Duration::ZERO))?;
        let answer = self.http.exchange(request, PATIENCE, budget).await;
        let answer = answer.map_err(|lost| AlarmLinesError::Transport(lost.fault))?;
        if answer.status != 200 {
            let code = error_code(&answer, Code::of);
            return Err(AlarmLinesError::Refused { permission, status: answer.status, code });
        }
        let Answer { body, broken, .. } = answer;
        match broken {
            Some(fault) => Err(AlarmLinesError::Transport(fault)),
            None => serde_json::from_slice(&body).map_err(|_| AlarmLinesError::Unreadable),
        }
    }
}

impl Code {
    fn of(word: &str) -> Option<Self> {
        match word {
            "AccessDeniedException" => Some(Self::AccessDenied),
            "ResourceNotFoundException" => Some(Self::NotFound),
            "ThrottlingException" | "LimitExceededException" => Some(Self::Throttled),
            _ => None,
        }
    }
}

fn advice(code: Option<Code>, permission: &str) -> String {
    match code {
        Some(Code::AccessDenied) => {
            format!("allow the function's role {permission}, or unset STATUSWATCH_ALARM_LINES")
        }
        Some(Code::NotFound) => "it knows no such log group or query".to_owned(),
        Some(Code::Throttled) => "too many calls at this time".to_owned(),
        None => "nothing is fetched this time".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::http::scripted_server::{Reply, ScriptedServer};

    fn lines(server: &ScriptedServer) -> AlarmLines {
        let pairs = [
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", &server.url("/")),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        AlarmLines::new(HttpClient::new().unwrap(), AwsAccess::of_variables(pairs).unwrap())
    }

    fn seconds(seconds: u64) -> Budget {
        Budget::until(Instant::now() + Duration::from_secs(seconds), SystemTime::UNIX_EPOCH)
    }

    #[tokio::test]
    async fn the_lines_of_a_time_are_asked_for_once() {
        let answer = json!({
            "events": [{"logStreamName": "s", "timestamp": 5, "message": "m", "ingestionTime": 6, "eventId": "e"}],
            "searchedLogStreams": [], "nextToken": "more",
        });
        let server = ScriptedServer::start([Reply::new(200, &answer.to_string())]).await;
        let fetched = lines(&server).of_minutes("/aws/x", (1_000, 61_000), seconds(5)).await.unwrap();
        let event =
            Event { id: "e".into(), log_stream: "s".into(), timestamp_ms: 5, message: "m".to_owned() };
        assert_eq!(fetched, Fetched { events: vec![event], is_part: true });
        let [request] = server.requests().try_into().unwrap();
        assert!(request.contains("x-amz-target: Logs_20140328.FilterLogEvents\r\n"), "{request}");
        assert!(request.contains("/eu-west-1/logs/aws4_request"), "{request}");
        let body: serde_json::Value = serde_json::from_str(&server.bodies()[0]).unwrap();
        assert_eq!(
            body,
            json!({"logGroupName": "/aws/x", "startTime": 1_000, "endTime": 60_999,
                "filterPattern": "%[45][0-9][0-9]%", "limit": 200})
        );
    }

    #[tokio::test]
    async fn results_are_fields_without_the_pointer() {
        let result =
            json!([{"field": "@message", "value": "502"}, {"field": "@ptr", "value": "x"}, {"field": "n"}]);
        let answer = json!({"results": [result], "status": "Complete"});
        let server = ScriptedServer::start([Reply::new(200, &answer.to_string())]).await;
        let results = lines(&server).of_query("d70a-1", seconds(5)).await.unwrap();
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(results, [[field("@message", "502"), field("n", "")]]);
        assert_eq!(server.bodies(), [r#"{"queryId":"d70a-1"}"#]);
    }

    #[tokio::test]
    async fn a_refusal_names_the_permission_and_nothing_of_the_answer() {
        for (status, code, words) in [
            (
                400,
                "AccessDeniedException",
                "allow the function's role logs:FilterLogEvents, or unset STATUSWATCH_ALARM_LINES",
            ),
            (400, "ResourceNotFoundException", "it knows no such log group or query"),
            (400, "ThrottlingException", "too many calls at this time"),
            (500, "SomethingSecret", "nothing is fetched this time"),
        ] {
            let answer = json!({"__type": code, "message": "a secret"}).to_string();
            let server = ScriptedServer::start([Reply::new(status, &answer)]).await;
            let error = lines(&server).of_minutes("/aws/x", (0, 1), seconds(5)).await.unwrap_err();
            let text = error.to_string();
            assert_eq!(text, format!("CloudWatch Logs refused logs:FilterLogEvents ({status}): {words}"));
            assert_eq!(server.requests().len(), 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_answer_or_answers_nonsense_is_given_up_in_time() {
        let server = ScriptedServer::start([Reply::Hang]).await;
        let began = Instant::now();
        let error = lines(&server).of_minutes("/aws/x", (0, 1), seconds(60)).await.unwrap_err();
        assert!(matches!(error, AlarmLinesError::Transport(_)), "{error}");
        assert!(began.elapsed() <= Duration::from_secs(4));
        assert_eq!(
            lines(&server).of_minutes("/aws/x", (0, 1), seconds(0)).await,
            Err(AlarmLinesError::NoTimeLeft)
        );
        for nonsense in ["", "[]", "no", r#"{"events":[7]}"#] {
            let server = ScriptedServer::start([Reply::new(200, nonsense)]).await;
            let error = lines(&server).of_minutes("/aws/x", (0, 1), seconds(60)).await;
            assert_eq!(error, Err(AlarmLinesError::Unreadable), "{nonsense}");
        }
    }
}
