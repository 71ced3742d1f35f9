//! The address of an endpoint.

use ureq::http::Uri;

use crate::Error;

/// `url` without the slash at its end, if it is an address that may be recorded and asked.
pub(super) fn checked(url: &str) -> Result<String, Error> {
    let bad = |why: &str| {
        Err(Error::Usage(format!(
            "--llm: {why}; expected an address like http://localhost:8080/v1"
        )))
    };
    let url = url.trim().trim_end_matches('/');
    // A secret in the address would end up in records and messages, so the address is not repeated here.
    if url.contains(['@', '?', '#']) {
        return bad(
            "an address with a user name, a query or a fragment (a key belongs in RIGHTLY_LLM_KEY)",
        );
    }
    let Ok(uri) = url.parse::<Uri>() else {
        return bad("not an address");
    };
    match (uri.scheme_str(), uri.host()) {
        (Some("http"), Some(host)) if !host.is_empty() => Ok(url.to_owned()),
        (Some("https"), Some(host)) if !host.is_empty() => {
            if cfg!(feature = "https") {
                Ok(url.to_owned())
            } else {
                bad("this build speaks plain http only (feature `https`)")
            }
        }
        _ => bad("not an address of http or https"),
    }
}

/// Whether `url` is an address of this machine, which no proxy can reach.
pub(super) fn is_loopback(url: &str) -> bool {
    let Ok(url) = url.parse::<Uri>() else { return false };
    let Some(host) = url.host() else { return false };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_plain_and_secrets_in_them_are_not_repeated() {
        assert_eq!(checked(" http://localhost:8080/v1/ ").unwrap(), "http://localhost:8080/v1");
        assert_eq!(checked("http://[::1]:8080/v1").unwrap(), "http://[::1]:8080/v1");
        assert_eq!(checked("https://api.example/v1").is_ok(), cfg!(feature = "https"));
        for bad in
            ["", "localhost:8080/v1", "/v1", "ftp://a/v1", "http://", "file:///etc", "http://a b/"]
        {
            assert!(checked(bad).is_err(), "{bad}");
        }
        for secret in
            ["http://me:s3cret@host/v1", "https://host/v1?key=s3cret", "http://host/#s3cret"]
        {
            let message = checked(secret).unwrap_err().to_string();
            assert!(
                message.contains("RIGHTLY_LLM_KEY") && !message.contains("s3cret"),
                "{message}"
            );
        }
    }

    #[test]
    fn own_addresses_are_known() {
        for (url, own) in [
            ("http://localhost/v1", true),
            ("http://127.0.0.1:1/v1", true),
            ("http://[::1]:8080", true),
            ("http://localhost.evil/v1", false),
            ("http://10.0.0.1/v1", false),
        ] {
            assert_eq!(is_loopback(url), own, "{url}");
        }
    }
}
