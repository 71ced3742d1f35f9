//! Requests to the endpoint, in a thread of the caller's choice.
//!
//! Redirects are followed here, one by one. The token goes to the endpoint's own origin and nowhere else: it is dropped
//! at the first step to another scheme, host or port, and does not come back. From https no step leads to http.

use std::{io::Read, time::Duration};

use rightly_data::secret::Secret;
use ureq::{
    Agent, Body,
    http::{HeaderMap, Response},
    tls::{RootCerts, TlsConfig},
};

use super::{
    address::{Origin, resolved},
    announced::{self, Announced},
    failed::Failed,
};

/// Redirects that are followed for one file.
const STEPS: usize = 5;
/// Bytes that are handed on at a time.
const CHUNK: usize = 256 << 10;

/// What comes of a file's bytes.
pub(super) enum Piece {
    /// What there was of the file is not gone on with: its first byte comes next.
    FromTheStart,
    Bytes(Vec<u8>),
}

/// A way to the endpoint.
#[derive(Clone)]
pub(super) struct Wire {
    agent: Agent,
    endpoint: Origin,
    token: Option<Secret>,
}

/// The answer at the end of a way, and what the endpoint itself said of the file on it.
struct Arrived {
    answer: Response<Body>,
    said: Option<HeaderMap>,
}

impl Wire {
    pub(super) fn new(
        endpoint: Origin,
        token: Option<Secret>,
        roots: RootCerts,
        patience: Duration,
    ) -> Self {
        // The caller's patience ends first; these limits end threads that were left.
        let patience = Some(patience.saturating_mul(2) + Duration::from_secs(1));
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .https_only(endpoint.is_private())
            .accept_encoding("identity")
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .timeout_resolve(patience)
            .timeout_connect(patience)
            .timeout_recv_response(patience)
            .timeout_per_read(patience)
            .user_agent(concat!("rightly/", env!("CARGO_PKG_VERSION")));
        if endpoint.is_loopback() {
            config = config.proxy(None);
        }
        let token = token.filter(|_| endpoint.is_private());
        Self { agent: config.build().into(), endpoint, token }
    }

    /// What the endpoint says of the file at `url`.
    pub(super) fn announced(&self, url: &str) -> Result<Announced, Failed> {
        // One byte: answers to ranges say how many there are.
        let arrived = self.follow(url, Some("bytes=0-0"), true)?;
        let headers = arrived.answer.headers();
        let size = match arrived.answer.status().as_u16() {
            status if status >= 400 && status != 416 => return Err(Failed::of_status(status)),
            // An empty file has no first byte.
            206 | 416 => announced::content_range(headers).map(|(_, size)| size),
            200 => announced::content_length(headers),
            _ => None,
        };
        let Some(said) = arrived.said else {
            return Err(Failed::Broken("the answer lacks the header x-repo-commit".into()));
        };
        match (announced::linked_size(&said), size) {
            (Some(linked), Some(size)) if linked != size => Err(Failed::Broken(format!(
                "{linked} bytes are announced, but {size} where the file lies"
            ))),
            (None, None) => Err(Failed::Broken("the answer does not say the file's size".into())),
            (linked, size) => {
                let size = linked.or(size).expect("one of the two is there: by construction");
                Announced::read(&said, size)
            }
        }
    }

    /// The bytes of a file from `start` on, not one more than were announced. `take` hands them on, and says whether
    /// anybody still wants them.
    pub(super) fn bytes(
        &self,
        url: &str,
        file: &Announced,
        start: u64,
        mut take: impl FnMut(Piece) -> bool,
    ) -> Result<(), Failed> {
        let range = (start > 0).then(|| format!("bytes={start}-"));
        let arrived = self.follow(url, range.as_deref(), false)?;
        let headers = arrived.answer.headers();
        if let Some(said) = &arrived.said
            && Announced::read(said, file.size())? != *file
        {
            return Err(Failed::Changed);
        }
        let (first, size) = match arrived.answer.status().as_u16() {
            206 => match announced::content_range(headers) {
                Some((Some(first), size)) => (first, size),
                _ => return Err(Failed::Broken("a part without its place came".into())),
            },
            200 => (0, announced::content_length(headers).unwrap_or(file.size())),
            416 => return Err(Failed::Changed),
            status => return Err(Failed::of_status(status)),
        };
        if size != file.size() {
            return Err(wrong_size(size, file));
        }
        if first != start && first != 0 {
            let message = format!("a part from byte {first} came, one from {start} was asked for");
            return Err(Failed::Broken(message));
        }
        let rest = file.size().saturating_sub(first);
        if let Some(length) = announced::content_length(headers).filter(|length| *length != rest) {
            return Err(wrong_size(first + length, file));
        }
        let coding = announced::text(headers, "content-encoding");
        if let Some(coding) = coding.filter(|c| !c.eq_ignore_ascii_case("identity")) {
            let coding: String = coding.chars().take(40).collect();
            return Err(Failed::Broken(format!("the file is sent as {coding:?}, unasked")));
        }
        if first != start && !take(Piece::FromTheStart) {
            return Ok(());
        }
        read(arrived.answer.into_body(), rest, file, take)
    }

    /// Asks, and follows redirects. With `look` only what the endpoint says is wanted: where it says all, the way ends.
    fn follow(&self, url: &str, range: Option<&str>, look: bool) -> Result<Arrived, Failed> {
        let (mut url, mut said) = (url.to_owned(), None);
        let mut own = true;
        for _ in 0..=STEPS {
            let from = Origin::of(&url).ok_or_else(|| Failed::Broken("no address".into()))?;
            own &= from == self.endpoint;
            let mut request = self.agent.get(&url);
            if let Some(range) = range {
                request = request.header("Range", range);
            }
            if let Some(token) = self.token.as_ref().filter(|_| own) {
                request = request.header("Authorization", token.bearer());
            }
            let answer = request.call().map_err(|e| Failed::Unreachable(e.to_string()))?;
            if own && said.is_none() && announced::names_a_commit(answer.headers()) {
                said = Some(answer.headers().clone());
            }
            let whole = said.as_ref().is_some_and(|said| announced::linked_size(said).is_some());
            if !answer.status().is_redirection() || look && whole {
                return Ok(Arrived { answer, said });
            }
            // No address leads nowhere, which is the error below.
            let location = announced::text(answer.headers(), "location").unwrap_or("");
            let next = resolved(&url, location);
            let to = next.as_deref().and_then(Origin::of);
            let (Some(next), Some(to)) = (next, to) else {
                return Err(Failed::Broken(format!("moved to no address: {}", shown(location))));
            };
            if from.is_private() && !to.is_private() {
                let message = format!(
                    "moved to {}; from https nothing is fetched over plain http",
                    shown(&next)
                );
                return Err(Failed::Broken(message));
            }
            url = next;
        }
        Err(Failed::Broken(format!("moved more than {STEPS} times")))
    }
}

/// The body, which has to be `rest` bytes long.
fn read(
    body: Body,
    rest: u64,
    file: &Announced,
    mut take: impl FnMut(Piece) -> bool,
) -> Result<(), Failed> {
    // One byte more than there may be: whether it comes says whether the body ends where it should.
    let mut reader = body.into_reader().take(rest.saturating_add(1));
    let mut came = 0;
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = match reader.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(Failed::Unreachable(e.to_string())),
        };
        came += read as u64;
        if came > rest {
            return Err(Failed::Broken(format!(
                "more bytes came than the {} that were announced",
                file.size()
            )));
        }
        if !take(Piece::Bytes(chunk[..read].to_vec())) {
            return Ok(());
        }
    }
    if came < rest {
        return Err(Failed::Unreachable(format!(
            "the connection ended {} bytes before the file did",
            rest - came
        )));
    }
    Ok(())
}

fn wrong_size(found: u64, file: &Announced) -> Failed {
    Failed::Broken(format!("{found} bytes are sent, {} were announced", file.size()))
}

/// A server's text in a message.
fn shown(text: &str) -> String {
    // A signed address is as good as a key: what follows its path stays out.
    let text = text.split_once('?').map_or(text, |(path, _)| path);
    format!("{:?}", text.chars().take(100).collect::<String>())
}
