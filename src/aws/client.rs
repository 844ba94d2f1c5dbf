//! One call of AWS: signed, sent, tried again where that can help, with newer credentials where they have run out.
//!
//! Of a refusal only its code is looked at, and nothing of it is repeated.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use reqwest::header::DATE;
use tokio::time::{Instant, sleep, timeout};

use super::call_error::Purpose;
use super::{AwsAccess, CallError, Pace, Session, SigningError, error_code};
use crate::backoff::Backoff;
use crate::http::{Answer, Body, Budget, Patience, Request, Transport, TransportFault};

/// Of a refusal to open a stream.
const MAX_REFUSAL_BYTES: usize = 64 * 1024;

/// How a service is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    pub(crate) patience: Patience,
    /// Failures in a row before it is given up.
    pub(crate) tries: u32,
    /// Refusals as one too many, in a row, before it is given up.
    pub(crate) throttled_tries: u32,
    /// The first wait and the longest one.
    pub(crate) waits: (Duration, Duration),
}

/// A refusal that one service alone knows.
pub(crate) enum Own<E> {
    /// Worth another try.
    Passing(E),
    Final(E),
}

/// Asks AWS, several requests at once.
#[derive(Debug)]
pub(crate) struct Client<H> {
    http: H,
    manner: Manner,
    pace: Option<Arc<Pace>>,
    /// A moment by both clocks.
    clocks: (Instant, SystemTime),
    backoff: Mutex<Backoff>,
    clock_ahead_ms: OnceLock<i64>,
}

/// Why a try was refused.
enum Refusal<E> {
    Common(CallError),
    Own(Own<E>),
}

impl<H: Transport> Client<H> {
    /// Nothing is asked yet. The same seed gives the same waits.
    pub(crate) fn new(http: H, manner: Manner, clocks: (Instant, SystemTime), seed: u64) -> Self {
        let backoff = Mutex::new(Backoff::new(manner.waits.0, manner.waits.1, seed));
        Self { http, manner, pace: None, clocks, backoff, clock_ahead_ms: OnceLock::new() }
    }

    /// The same, no faster than others of this pace.
    pub(crate) fn paced(self, pace: Arc<Pace>) -> Self {
        Self { pace: Some(pace), ..self }
    }

    pub(crate) fn http(&self) -> &H {
        &self.http
    }

    /// The wall clock.
    pub(crate) fn now(&self) -> SystemTime {
        self.clocks.1 + self.clocks.0.elapsed()
    }

    /// How far this machine's clock is ahead of AWS's, by the first answer.
    pub(crate) fn clock_ahead_ms(&self) -> Option<i64> {
        self.clock_ahead_ms.get().copied()
    }

    /// A wait behind so many failures in a row.
    pub(crate) fn wait(&self, failures: u32) -> Duration {
        self.backoff.lock().unwrap_or_else(PoisonError::into_inner).wait(failures)
    }

    /// The body of the answer. `own` knows the codes that one service alone has.
    pub(crate) async fn call<E: From<CallError>>(
        &self,
        session: &Session,
        purpose: Purpose,
        sign: impl Fn(&AwsAccess, SystemTime) -> Result<Request, SigningError>,
        own: impl Fn(&str) -> Option<Own<E>>,
    ) -> Result<Vec<u8>, E> {
        let attempt = async |request: Request, now: SystemTime| -> Result<Vec<u8>, Refusal<E>> {
            let patience = self.manner.patience;
            let budget = Budget::until(Instant::now() + patience.total, now);
            let answer = self.http.exchange(request, patience, budget).await;
            let answer = answer.map_err(|lost| unreachable(purpose, lost.fault))?;
            self.look_at_clock(&answer);
            match answer {
                Answer { broken: Some(fault), .. } => Err(unreachable(purpose, fault)),
                Answer { status: 200, body, .. } => Ok(body),
                answer => Err(refusal(purpose, &answer, &own)),
            }
        };
        self.repeat(session, sign, attempt).await
    }

    /// The body of the answer as it comes, for as long as the stream is open.
    pub(crate) async fn open<E: From<CallError>>(
        &self,
        session: &Session,
        purpose: Purpose,
        sign: impl Fn(&AwsAccess, SystemTime) -> Result<Request, SigningError>,
        own: impl Fn(&str) -> Option<Own<E>>,
    ) -> Result<Body, E> {
        let attempt = async |request: Request, _: SystemTime| -> Result<Body, Refusal<E>> {
            let head = self.manner.patience.head;
            let opened = self.http.open(request, head).await;
            let opened = opened.map_err(|lost| unreachable(purpose, lost.fault))?;
            if opened.status == 200 {
                return Ok(opened.body);
            }
            match timeout(head, opened.into_answer(MAX_REFUSAL_BYTES)).await {
                Ok(answer) => Err(refusal(purpose, &answer, &own)),
                Err(_) => Err(unreachable(purpose, TransportFault::AnswerTimeout)),
            }
        };
        self.repeat(session, sign, attempt).await
    }

    /// Tries until there is an answer, or a refusal that stays.
    async fn repeat<T, E: From<CallError>>(
        &self,
        session: &Session,
        sign: impl Fn(&AwsAccess, SystemTime) -> Result<Request, SigningError>,
        attempt: impl AsyncFn(Request, SystemTime) -> Result<T, Refusal<E>>,
    ) -> Result<T, E> {
        let (mut throttled, mut failures, mut has_expired) = (0, 0, false);
        loop {
            if let Some(pace) = &self.pace {
                pace.turn().await;
            }
            let now = self.now();
            let access = session.access(now).await.map_err(CallError::Session)?;
            let request = sign(&access, now).map_err(|SigningError| CallError::Signing)?;
            let refusal = match attempt(request, now).await {
                Ok(answer) => {
                    self.pace.iter().for_each(|pace| pace.taken());
                    return Ok(answer);
                }
                Err(refusal) => refusal,
            };
            let (count, tries) = match &refusal {
                // The provider may have newer ones.
                Refusal::Common(CallError::Expired) if !has_expired => {
                    has_expired = true;
                    session.forget().await;
                    continue;
                }
                Refusal::Common(CallError::Throttled(_)) => {
                    self.pace.iter().for_each(|pace| pace.throttled());
                    (&mut throttled, self.manner.throttled_tries)
                }
                Refusal::Common(CallError::Failed { .. } | CallError::Unreachable { .. })
                | Refusal::Own(Own::Passing(_)) => (&mut failures, self.manner.tries),
                _ => return Err(refusal.into_error()),
            };
            *count += 1;
            if *count >= tries {
                return Err(refusal.into_error());
            }
            let wait = self.wait(*count);
            sleep(wait).await;
        }
    }

    /// The header has whole seconds, and the answer was some time on its way.
    fn look_at_clock(&self, answer: &Answer) {
        let ms = |time: SystemTime| {
            let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        };
        if let Some(theirs) = answer.header(DATE).and_then(|text| httpdate::parse_http_date(text).ok()) {
            self.clock_ahead_ms.get_or_init(|| ms(self.now()).saturating_sub(ms(theirs)));
        }
    }
}

impl<E: From<CallError>> Refusal<E> {
    fn into_error(self) -> E {
        match self {
            Self::Common(error) => error.into(),
            Self::Own(Own::Passing(error) | Own::Final(error)) => error,
        }
    }
}

fn unreachable<E>(purpose: Purpose, fault: TransportFault) -> Refusal<E> {
    Refusal::Common(CallError::Unreachable { service: purpose.service, fault })
}

fn refusal<E>(purpose: Purpose, answer: &Answer, own: impl Fn(&str) -> Option<Own<E>>) -> Refusal<E> {
    let known = |code: &str| {
        let common = || CallError::of_code(purpose, code).map(Refusal::Common);
        own(code).map(Refusal::Own).or_else(common)
    };
    let found = error_code(answer, known).or_else(|| xml_code(&answer.body).and_then(known));
    found.unwrap_or_else(|| Refusal::Common(CallError::of_status(purpose, answer.status)))
}

/// `<Code>…</Code>` of an XML answer.
fn xml_code(body: &[u8]) -> Option<&str> {
    let (_, code) = std::str::from_utf8(body).ok()?.split_once("<Code>")?;
    code.split_once("</").map(|(code, _)| code.trim())
}
