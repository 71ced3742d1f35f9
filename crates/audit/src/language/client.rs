//! Requests to the endpoint: tries, waits and what may come back.

use std::{
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use ureq::{
    Agent, Body, RequestBuilder,
    http::{
        Response, StatusCode,
        header::{LOCATION, RETRY_AFTER},
    },
    typestate::WithBody,
};

use super::{address, evidence::clean, key::Key, prompt::Messages};
use crate::VERSION;

/// Largest body that is read, in bytes.
const BODY: u64 = 64 << 10;
/// Most characters of a server's own words in a message.
const QUOTED: usize = 120;
/// How often a wait looks at the stop flag.
const TICK: Duration = Duration::from_millis(50);

/// How patiently an endpoint is asked.
#[derive(Debug, Clone)]
pub struct LanguageOptions {
    /// Longest time for one try, from the connection to the last byte.
    pub timeout: Duration,
    /// Tries after the first, where a try failed in a way that may pass.
    pub retries: u32,
    /// Wait before the second try; each further wait is twice as long.
    pub first_wait: Duration,
    /// Longest wait, whatever the server asks for (`Retry-After`).
    pub longest_wait: Duration,
}

impl Default for LanguageOptions {
    /// 30 s a try; three further tries after 0.5, 1 and 2 s; at most 60 s where the server asks for more.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            retries: 3,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(60),
        }
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// No connection, or one that broke or took too long.
    #[error("no answer after {tries} tries: {message}")]
    Unreachable {
        /// Requests that were sent.
        tries: u32,
        /// What went wrong the last time.
        message: String,
    },
    /// A status that is no answer.
    #[error("status {status} after {tries} tries{}", said(.message))]
    Status {
        /// The HTTP status.
        status: u16,
        /// Requests that were sent.
        tries: u32,
        /// What the server said, if anything.
        message: String,
    },
    /// A redirect; the key goes to no address that the user did not name.
    #[error("status {status}, moved to '{location}'; give the new address to --llm")]
    Moved {
        /// The HTTP status.
        status: u16,
        /// The new address, as the server writes it.
        location: String,
    },
    /// More bytes than an answer needs.
    #[error("the answer is larger than {} kB", BODY >> 10)]
    TooLarge,
    /// Not a chat completion.
    #[error("not a chat completion: {0}")]
    Malformed(String),
    /// Not asked, since earlier questions got no answer.
    #[error("not asked again after {0}")]
    GivenUp(Box<NoAnswer>),
    /// The user stopped the run.
    #[error("interrupted")]
    Interrupted,
}

fn said(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

impl NoAnswer {
    /// Whether asking anything else would end the same way (no such address, no right to ask).
    pub(super) fn is_final(&self) -> bool {
        matches!(self, Self::Moved { .. } | Self::Status { status: 401 | 403 | 404 | 405, .. })
    }
}

pub(super) struct Client {
    agent: Agent,
    url: String,
    key: Key,
    options: LanguageOptions,
}

/// One try that gave no answer, and whether another may.
struct Failed {
    reason: NoAnswer,
    again: bool,
    /// Wait that the server asked for.
    wait: Option<Duration>,
}

impl Failed {
    fn now(reason: NoAnswer) -> Self {
        Self { reason, again: false, wait: None }
    }
}

#[derive(Serialize)]
struct Question<'a> {
    model: &'a str,
    messages: &'a Messages,
    temperature: u8,
    stream: bool,
}

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Content,
}

#[derive(Deserialize)]
struct Content {
    content: String,
}

impl Client {
    /// A client of a checked `url`. No redirect is followed. The environment's proxy is used, except for
    /// this machine's own addresses.
    pub(super) fn new(url: &str, options: LanguageOptions, key: Key) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(options.timeout))
            .user_agent(format!("rightly/{VERSION}"));
        let config = if address::is_loopback(url) { config.proxy(None) } else { config };
        let agent = config.build().into();
        Self { agent, url: format!("{url}/chat/completions"), key, options }
    }

    /// The model's text, at temperature 0.
    pub(super) fn ask(
        &self,
        model: &str,
        messages: &Messages,
        stop: &AtomicBool,
    ) -> Result<String, NoAnswer> {
        let question = Question { model, messages, temperature: 0, stream: false };
        let body = serde_json::to_vec(&question).map_err(|e| NoAnswer::Malformed(e.to_string()))?;
        let mut backoff = self.options.first_wait;
        let mut tries = 1;
        loop {
            let failed = match self.attempt(&body, tries, stop) {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            if !failed.again || tries > self.options.retries {
                return Err(failed.reason);
            }
            let wait = failed.wait.unwrap_or(backoff).min(self.options.longest_wait);
            if !rest(wait, stop) {
                return Err(NoAnswer::Interrupted);
            }
            backoff = backoff.saturating_mul(2);
            tries += 1;
        }
    }

    /// One try. The server is waited for in a thread of its own, so that the stop flag is followed meanwhile; a thread
    /// that was left ends at its time limit.
    fn attempt(&self, body: &[u8], tries: u32, stop: &AtomicBool) -> Result<String, Failed> {
        let mut request = self.agent.post(&self.url).content_type("application/json");
        if let Some(header) = self.key.header() {
            request = request.header("Authorization", header);
        }
        let (sender, answers) = mpsc::channel();
        let body = body.to_vec();
        let work = move || drop(sender.send(exchange(request, &body)));
        let failed = |message: String| {
            Failed::now(NoAnswer::Unreachable { tries, message: self.quoted(&message) })
        };
        thread::Builder::new().spawn(work).map_err(|e| failed(e.to_string()))?;
        loop {
            if stop.load(Ordering::Relaxed) {
                return Err(Failed::now(NoAnswer::Interrupted));
            }
            match answers.recv_timeout(TICK) {
                Ok(answer) => {
                    return self.judged(answer.map_err(|e| self.broken(&e, tries))?, tries);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(failed("the answer could not be understood".into()));
                }
            }
        }
    }

    /// The text in an answer.
    fn judged(&self, answer: Answer, tries: u32) -> Result<String, Failed> {
        let Answer { status, location, wait, body } = answer;
        let code = status.as_u16();
        if status.is_redirection() {
            let location = self.quoted(location.as_deref().unwrap_or("nowhere"));
            return Err(Failed::now(NoAnswer::Moved { status: code, location }));
        }
        let again = code == 429 || status.is_server_error();
        let text = match body {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(_) if !status.is_success() => String::new(),
            Err(ureq::Error::BodyExceedsLimit(_)) => return Err(Failed::now(NoAnswer::TooLarge)),
            Err(e) => return Err(self.broken(&e, tries)),
        };
        if !status.is_success() {
            // What a server says about a key may repeat a part of it.
            let private = matches!(code, 401 | 403);
            let message = if private {
                "the key (RIGHTLY_LLM_KEY or OPENAI_API_KEY) is missing or not accepted".into()
            } else {
                self.quoted(&complaint(&text))
            };
            let reason = NoAnswer::Status { status: code, tries, message };
            return Err(Failed { reason, again, wait: wait.filter(|_| again) });
        }
        let completion: Completion = serde_json::from_str(&text).map_err(|e| {
            let message = format!("{}, in '{}'", self.quoted(&e.to_string()), self.quoted(&text));
            Failed::now(NoAnswer::Malformed(message))
        })?;
        let first = completion.choices.into_iter().next();
        // Whoever repeats the key in an answer writes it into caches and reports.
        first
            .map(|choice| self.hidden_in(&choice.message.content))
            .ok_or_else(|| Failed::now(NoAnswer::Malformed("no choices".into())))
    }

    /// A request that did not get through. What another try can't mend is not tried again.
    fn broken(&self, error: &ureq::Error, tries: u32) -> Failed {
        use ureq::Error as E;
        let again = matches!(
            error,
            E::Io(_) | E::Timeout(_) | E::HostNotFound | E::ConnectionFailed | E::Protocol(_)
        );
        let message = match error {
            E::Timeout(_) => format!("longer than {:.1} s", self.options.timeout.as_secs_f64()),
            e => self.quoted(&e.to_string()),
        };
        Failed { reason: NoAnswer::Unreachable { tries, message }, again, wait: None }
    }

    /// `text` without the key.
    pub(super) fn hidden_in(&self, text: &str) -> String {
        self.key.hidden_in(text)
    }

    /// A server's words: one short line without the key.
    fn quoted(&self, text: &str) -> String {
        clean(&self.hidden_in(text), QUOTED)
    }
}

/// What came back.
struct Answer {
    status: StatusCode,
    location: Option<String>,
    wait: Option<Duration>,
    body: Result<Vec<u8>, ureq::Error>,
}

/// A request and its whole answer, of which no more is read than an answer needs.
fn exchange(request: RequestBuilder<WithBody>, body: &[u8]) -> Result<Answer, ureq::Error> {
    let mut response = request.send(body)?;
    let location = response.headers().get(LOCATION).and_then(|l| l.to_str().ok());
    Ok(Answer {
        status: response.status(),
        location: location.map(str::to_owned),
        wait: retry_after(&response),
        body: response.body_mut().with_config().limit(BODY).read_to_vec(),
    })
}

/// The message of an error in OpenAI's form, else the text.
fn complaint(text: &str) -> String {
    let json: Option<serde_json::Value> = serde_json::from_str(text).ok();
    let message =
        json.as_ref().and_then(|j| j["error"]["message"].as_str().or(j["error"].as_str()));
    message.unwrap_or(text).to_owned()
}

/// The seconds of `Retry-After`; a date is not read.
fn retry_after(response: &Response<Body>) -> Option<Duration> {
    let seconds: u32 = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.into()))
}

/// Waits; false where `stop` was set meanwhile.
fn rest(wait: Duration, stop: &AtomicBool) -> bool {
    let end = Instant::now() + wait;
    loop {
        if stop.load(Ordering::Relaxed) {
            return false;
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        thread::sleep(left.min(TICK));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_ends_with_the_flag() {
        let stop = AtomicBool::new(true);
        assert!(!rest(Duration::from_secs(600), &stop));
        stop.store(false, Ordering::Relaxed);
        assert!(rest(Duration::ZERO, &stop));
    }
}
