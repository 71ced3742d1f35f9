//! Addresses: whose they are, and where a redirect leads.

use ureq::http::Uri;

/// Scheme, host and port: what a token belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl Origin {
    /// The origin of a whole address of http or https without a user's name.
    pub(super) fn of(address: &str) -> Option<Self> {
        let uri: Uri = address.parse().ok()?;
        let scheme = uri.scheme_str()?.to_ascii_lowercase();
        let usual = match scheme.as_str() {
            "https" => 443,
            "http" => 80,
            _ => return None,
        };
        let authority = uri.authority()?;
        let host = authority.host().to_ascii_lowercase();
        let rest = authority.as_str().get(host.len()..)?;
        // What is neither host nor port is a user's name, or a port that is no number.
        let port = match rest.strip_prefix(':') {
            Some(port) => port.parse().ok()?,
            None if rest.is_empty() => usual,
            None => return None,
        };
        (!host.is_empty()).then_some(Self { scheme, host, port })
    }

    /// Whether nobody can read along.
    pub(super) fn is_private(&self) -> bool {
        self.scheme == "https"
    }

    /// Whether it is this machine, which no proxy can reach.
    pub(super) fn is_loopback(&self) -> bool {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

/// The address that `location` means in an answer from `base`, a whole address; none where it is no address.
pub(super) fn resolved(base: &str, location: &str) -> Option<String> {
    let (scheme, rest) = base.split_once("://")?;
    let path_at = rest.find('/').unwrap_or(rest.len());
    let authority = &rest[..path_at];
    let path = rest[path_at..].split(['?', '#']).next()?;
    let location = location.split('#').next()?;
    if location.is_empty() || location.contains(|c: char| c.is_ascii_control() || c == '\\') {
        return None;
    }
    let whole = if location.contains("://") && !location.starts_with(['/', '?']) {
        location.to_owned()
    } else if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else if location.starts_with('/') {
        format!("{scheme}://{authority}{location}")
    } else if location.starts_with('?') {
        format!("{scheme}://{authority}{path}{location}")
    } else {
        let folder = path.rfind('/').map_or("/", |end| &path[..=end]);
        format!("{scheme}://{authority}{folder}{location}")
    };
    Origin::of(&whole).map(|_| whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_scheme_host_and_port() {
        let same = |a: &str, b: &str| Origin::of(a) == Origin::of(b);
        assert!(same("https://H.example/a", "https://h.example:443/b?c"));
        assert!(!same("https://h.example", "http://h.example"));
        assert!(!same("https://h.example", "https://h.example.evil"));
        assert!(!same("https://h.example", "https://h.example:8443"));
        for bad in [
            "",
            "h",
            "/a",
            "ftp://h",
            "https://",
            "https://me@h/",
            "https://me:x@h",
            "https://h:x/",
        ] {
            assert_eq!(Origin::of(bad), None, "{bad}");
        }
        assert!(Origin::of("http://[::1]:80/").unwrap().is_loopback());
        assert!(!Origin::of("http://localhost.evil/").unwrap().is_loopback());
    }

    #[test]
    fn redirects_are_resolved_as_a_browser_does() {
        let base = "https://h:1/a/b/c?x=/y";
        for (location, expected) in [
            ("/d", Some("https://h:1/d")),
            ("d?e", Some("https://h:1/a/b/d?e")),
            ("?e", Some("https://h:1/a/b/c?e")),
            ("//g/d", Some("https://g/d")),
            ("http://g/d#f", Some("http://g/d")),
            ("/d?to=http://x", Some("https://h:1/d?to=http://x")),
            ("ftp://g/d", None),
            ("https://me@g/d", None),
            ("/\\g/d", None),
            ("", None),
        ] {
            assert_eq!(resolved(base, location).as_deref(), expected, "{location}");
        }
        assert_eq!(resolved("https://h", "d").as_deref(), Some("https://h/d"));
    }
}
