//! Names of models on the hub: `hf:ORG/NAME[@REVISION][/FILE]`.

use std::{fmt, str::FromStr};

use super::HubError;

const PREFIX: &str = "hf:";
/// The branch of a name without a revision.
const BRANCH: &str = "main";
/// Longest part between two slashes, as on the hub.
const LONGEST: usize = 96;

/// A model on the hub. Whatever it holds can stand in an address and below a folder as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubSpec {
    repository: String,
    revision: Option<String>,
    file: Option<String>,
}

impl HubSpec {
    /// Whether `text` is meant as a name on the hub and not as a path.
    pub fn is_hub(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// `ORG/NAME`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Branch, tag or commit; `main` where none is named.
    pub fn revision(&self) -> &str {
        self.revision.as_deref().unwrap_or(BRANCH)
    }

    /// A file of the repository, where one is named; `/`-separated.
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }
}

impl FromStr for HubSpec {
    type Err = HubError;

    /// # Errors
    /// Where `text` is not `hf:ORG/NAME[@REVISION][/FILE]`, or a part has characters that the hub's names don't have.
    /// `.` and `..` are no parts.
    fn from_str(text: &str) -> Result<Self, HubError> {
        let bad = |why: String| HubError::Name { name: text.to_owned(), why };
        let rest =
            text.strip_prefix(PREFIX).ok_or_else(|| bad("it does not begin with 'hf:'".into()))?;
        let mut parts = rest.splitn(3, '/');
        // A part that is missing is empty, and no plain name: refused below.
        let (organisation, name) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
        let (name, revision) = match name.split_once('@') {
            Some((name, revision)) => (name, Some(revision)),
            None => (name, None),
        };
        for (what, part) in [("organisation", organisation), ("name", name)] {
            // A double dash parts organisation and name in the cache.
            if !is_plain(part) || part.contains("--") {
                return Err(bad(format!("'{part}' is no {what} on the hub")));
            }
        }
        if let Some(revision) = revision.filter(|r| !is_plain(r)) {
            return Err(bad(format!(
                "'{revision}' is no branch, tag or commit (for one with a slash give its commit)"
            )));
        }
        let file = parts.next();
        if let Some(file) = file.filter(|f| !is_file(f)) {
            return Err(bad(format!("'{file}' is no file of a repository")));
        }
        Ok(Self {
            repository: format!("{organisation}/{name}"),
            revision: revision.map(str::to_owned),
            file: file.map(str::to_owned),
        })
    }
}

impl fmt::Display for HubSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.repository)?;
        if let Some(revision) = &self.revision {
            write!(f, "@{revision}")?;
        }
        self.file.as_ref().map_or(Ok(()), |file| write!(f, "/{file}"))
    }
}

/// Letters, digits, `.`, `_` and `-`, not hidden and no step up.
pub(super) fn is_plain(part: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    part.len() <= LONGEST
        && part.bytes().all(allowed)
        && part.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
}

/// A path below a repository: parts that are no steps, of characters that an address takes as they are.
pub(super) fn is_file(path: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-+=~@,".contains(&b);
    path.split('/').all(|part| {
        !matches!(part, "" | "." | "..") && part.len() <= 255 && part.bytes().all(allowed)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_an_optional_revision_and_file() {
        for (text, repository, revision, file) in [
            ("hf:a/b", "a/b", "main", None),
            ("hf:A-1/b.c_d@v1.0", "A-1/b.c_d", "v1.0", None),
            ("hf:a/b/onnx/model.onnx", "a/b", "main", Some("onnx/model.onnx")),
            ("hf:a/b@0ff/m@x.onnx", "a/b", "0ff", Some("m@x.onnx")),
        ] {
            let spec: HubSpec = text.parse().unwrap();
            assert_eq!(
                (spec.repository(), spec.revision(), spec.file()),
                (repository, revision, file)
            );
            assert_eq!(spec.to_string(), text);
        }
        assert!(HubSpec::is_hub("hf:x") && !HubSpec::is_hub("model.onnx"));
    }

    #[test]
    fn what_could_leave_the_cache_or_bend_an_address_is_refused() {
        for text in [
            "a/b",
            "hf:",
            "hf:a",
            "hf:a/",
            "hf:/b",
            "hf:../b",
            "hf:a/..",
            "hf:a/b@",
            "hf:a/b@..",
            "hf:a/b@x%2Fy",
            "hf:a/b/",
            "hf:a/b/../c",
            "hf:a/b/x/../../c",
            "hf:a/b//c",
            "hf:a/b/.",
            "hf:a/b/c\\d",
            "hf:a/b/c:d",
            "hf:a/b/c?d",
            "hf:a/b/c#d",
            "hf:a/b/%2e%2e/c",
            "hf:a/b/c d",
            "hf:a/b/c\nd",
            "hf:a--b/c",
            "hf:a/b/ü",
            "hf:a:1/b",
            "hf:a@h/b",
        ] {
            let error = text.parse::<HubSpec>().unwrap_err();
            assert!(error.to_string().contains("hf:ORG/NAME"), "{text}: {error}");
        }
    }
}
