//! The hub as this machine is set to use it.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use super::HubError;

/// The hub where nothing else is set.
const ENDPOINT: &str = "https://huggingface.co";
/// Longest time without a byte.
const PATIENCE: Duration = Duration::from_secs(60);

/// An endpoint, a cache, and how to use them.
#[derive(Clone)]
pub struct Hub {
    endpoint: String,
    cache: PathBuf,
    token: Option<String>,
    offline: bool,
    patience: Duration,
}

impl Hub {
    /// The hub that the environment names, as the hub's own tools understand it: the endpoint `HF_ENDPOINT`; the cache
    /// `HF_HUB_CACHE`, else `HF_HOME/hub`, else `~/.cache/huggingface/hub`; the token `HF_TOKEN`, else that of a
    /// login; no connection at all with `HF_HUB_OFFLINE`.
    ///
    /// # Errors
    /// Where the endpoint is not a plain http or https address, or there is no folder for the cache.
    pub fn from_environment() -> Result<Self, HubError> {
        Self::set_by(
            |name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()),
            std::env::home_dir(),
        )
    }

    /// The hub at `endpoint` with the folder `cache`, which is made when it is needed; no token.
    ///
    /// # Errors
    /// Where the endpoint is not a plain http or https address.
    pub fn at(endpoint: &str, cache: impl Into<PathBuf>) -> Result<Self, HubError> {
        let endpoint = endpoint.trim().trim_end_matches('/');
        let host = endpoint.strip_prefix("https://").or_else(|| endpoint.strip_prefix("http://"));
        let plain = |host: &str| {
            !host.is_empty()
                && endpoint.parse::<ureq::http::Uri>().is_ok()
                && !host.contains(['@', '?', '#'])
        };
        if !host.is_some_and(plain) {
            // Not repeated: it may hold a secret.
            return Err(HubError::Setting(
                "HF_ENDPOINT: expected an address like https://huggingface.co".into(),
            ));
        }
        let cache = cache.into();
        let cache = std::path::absolute(&cache).map_err(|e| {
            HubError::Setting(format!("the hub's cache '{}': {e}", cache.display()))
        })?;
        Ok(Self {
            endpoint: endpoint.to_owned(),
            cache,
            token: None,
            offline: false,
            patience: PATIENCE,
        })
    }

    fn set_by(
        variable: impl Fn(&str) -> Option<String>,
        user: Option<PathBuf>,
    ) -> Result<Self, HubError> {
        let home = match (variable("HF_HOME"), user) {
            (Some(home), _) => Some(PathBuf::from(home)),
            (None, Some(user)) => Some(user.join(".cache").join("huggingface")),
            (None, None) => None,
        };
        let cache = variable("HF_HUB_CACHE")
            .map(PathBuf::from)
            .or_else(|| Some(home.as_ref()?.join("hub")));
        let cache = cache.ok_or_else(|| {
            HubError::Setting(
                "no folder for the hub's cache: there is no home folder; set HF_HOME".into(),
            )
        })?;
        let hub = Self::at(&variable("HF_ENDPOINT").unwrap_or_else(|| ENDPOINT.to_owned()), cache)?;
        let stored = || std::fs::read_to_string(home.as_ref()?.join("token")).ok();
        let token = variable("HF_TOKEN").or_else(stored).map(|token| token.trim().to_owned());
        let offline = variable("HF_HUB_OFFLINE").is_some_and(|v| {
            ["1", "on", "yes", "true"].contains(&v.trim().to_lowercase().as_str())
        });
        Ok(hub.with_token(token).offline(offline))
    }

    /// With a token. It is sent over https only, to the endpoint and to where the endpoint says a file lies.
    #[must_use]
    pub fn with_token(self, token: Option<String>) -> Self {
        let usable = |t: &String| !t.is_empty() && t.bytes().all(|b| b.is_ascii_graphic());
        let token = token.filter(usable).filter(|_| self.endpoint.starts_with("https://"));
        Self { token, ..self }
    }

    /// With or without connections.
    #[must_use]
    pub fn offline(self, offline: bool) -> Self {
        Self { offline, ..self }
    }

    /// With another longest time without a byte than 60 s.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The folder of the cache, absolute.
    pub fn cache(&self) -> &Path {
        &self.cache
    }

    /// The address, without a slash at its end.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub(super) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    pub(super) fn is_offline(&self) -> bool {
        self.offline
    }

    pub(super) fn patience(&self) -> Duration {
        self.patience
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub")
            .field("endpoint", &self.endpoint)
            .field("cache", &self.cache)
            .field("offline", &self.offline)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(pairs: &[(&str, &str)], user: Option<&str>) -> Result<Hub, HubError> {
        let variable =
            |name: &str| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        Hub::set_by(variable, user.map(PathBuf::from))
    }

    #[test]
    fn the_environment_is_read_as_the_hubs_tools_do() {
        let hub = set(&[], Some("/home/me")).unwrap();
        assert_eq!((hub.endpoint(), hub.token(), hub.is_offline()), (ENDPOINT, None, false));
        assert!(hub.cache().ends_with("home/me/.cache/huggingface/hub"));
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("token"), "hf_stored\n").unwrap();
        let at = home.path().to_str().unwrap();
        let hub = set(&[("HF_HOME", at), ("HF_HUB_OFFLINE", "1")], None).unwrap();
        assert_eq!(
            (hub.cache(), hub.token()),
            (home.path().join("hub").as_path(), Some("hf_stored"))
        );
        assert!(hub.is_offline());
        let given = [
            ("HF_HOME", at),
            ("HF_HUB_CACHE", "/c"),
            ("HF_TOKEN", "hf_given"),
            ("HF_ENDPOINT", "https://m/"),
        ];
        let hub = set(&given, None).unwrap();
        assert_eq!((hub.endpoint(), hub.token()), ("https://m", Some("hf_given")));
        assert!(hub.cache().ends_with("c"));
        assert!(!format!("{hub:?}").contains("hf_given"));
        assert!(set(&[], None).unwrap_err().to_string().contains("HF_HOME"));
    }

    #[test]
    fn a_token_is_sent_over_https_only_and_endpoints_are_plain() {
        let token = || Some("hf_x".to_owned());
        assert_eq!(Hub::at("http://m", "c").unwrap().with_token(token()).token(), None);
        assert_eq!(Hub::at("https://m", "c").unwrap().with_token(token()).token(), Some("hf_x"));
        for bad in ["", "m", "ftp://m", "https://", "https://me:s3cret@m", "https://m?x=s3cret"] {
            let message = Hub::at(bad, "c").unwrap_err().to_string();
            assert!(message.contains("HF_ENDPOINT") && !message.contains("s3cret"), "{message}");
        }
    }
}
