//! What the endpoint says of a file before its bytes come.

use ureq::http::HeaderMap;

use super::{failed::Failed, spec::is_plain};

/// Largest file that is fetched, in bytes.
const LARGEST: u64 = 100 << 30;

/// A file of one commit. Its names are plain: they become paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Announced {
    commit: String,
    etag: String,
    size: u64,
    /// SHA-256 of the bytes, in hexadecimal, where the hub says it.
    digest: Option<String>,
}

impl Announced {
    /// What `headers` of the endpoint's own answer say, with the size that was found for the file.
    pub(super) fn read(headers: &HeaderMap, size: u64) -> Result<Self, Failed> {
        let linked = text(headers, "x-linked-etag").map(bare);
        let etag = linked.or_else(|| text(headers, "etag").map(bare));
        let etag = plain("etag", etag)?;
        // A file on the hub's large store is named by its digest.
        let is_digest = |e: &&str| e.len() == 64 && e.bytes().all(|b| b.is_ascii_hexdigit());
        let digest = linked.filter(is_digest).map(str::to_ascii_lowercase);
        let commit = plain("x-repo-commit", text(headers, "x-repo-commit"))?;
        if size > LARGEST {
            let message =
                format!("{size} bytes are announced; at most {} GB are fetched", LARGEST >> 30);
            return Err(Failed::Broken(message));
        }
        Ok(Self { commit, etag, size, digest })
    }

    /// The commit that the revision is.
    pub(super) fn commit(&self) -> &str {
        &self.commit
    }

    /// The name of the bytes.
    pub(super) fn etag(&self) -> &str {
        &self.etag
    }

    /// How many bytes there are.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// SHA-256 of the bytes, in lower-case hexadecimal, where it is known.
    pub(super) fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }
}

/// Whether the endpoint's own answer names a file's commit: it may then send on to where the bytes lie.
pub(super) fn names_a_commit(headers: &HeaderMap) -> bool {
    headers.contains_key("x-repo-commit")
}

/// The size that the endpoint's own answer gives for a file that lies elsewhere.
pub(super) fn linked_size(headers: &HeaderMap) -> Option<u64> {
    text(headers, "x-linked-size")?.parse().ok()
}

/// First byte and whole size of `Content-Range: bytes FIRST-LAST/SIZE` (`bytes */SIZE`: no first byte).
pub(super) fn content_range(headers: &HeaderMap) -> Option<(Option<u64>, u64)> {
    let (range, size) = text(headers, "content-range")?.strip_prefix("bytes ")?.split_once('/')?;
    let first = range.split_once('-').and_then(|(first, _)| first.trim().parse().ok());
    Some((first, size.trim().parse().ok()?))
}

/// The bytes of the body, where the answer says it.
pub(super) fn content_length(headers: &HeaderMap) -> Option<u64> {
    text(headers, "content-length")?.parse().ok()
}

/// A header that is text.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    Some(headers.get(name)?.to_str().ok()?.trim())
}

/// An etag without its quotes.
fn bare(etag: &str) -> &str {
    etag.strip_prefix("W/").unwrap_or(etag).trim_matches('"')
}

/// A header that becomes a part of a path.
fn plain(name: &str, value: Option<&str>) -> Result<String, Failed> {
    let Some(value) = value else {
        return Err(Failed::Broken(format!("the answer lacks the header {name}")));
    };
    // Names with this ending are those of files that are not whole.
    if is_plain(value) && !value.to_ascii_lowercase().ends_with(".part") {
        return Ok(value.to_owned());
    }
    let shown: String = value.chars().take(100).collect();
    Err(Failed::Broken(format!("the header {name} is no plain name: {shown:?}")))
}
