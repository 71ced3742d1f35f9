//! The hub as this machine is set to use it.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use rightly_data::secret::Secret;
use ureq::tls::RootCerts;

use super::{HubError, address::Origin, wire::Wire};

/// The hub where nothing else is set.
const ENDPOINT: &str = "https://huggingface.co";
/// Longest time without a byte.
const PATIENCE: Duration = Duration::from_secs(60);

/// An endpoint, a cache, and how to use them.
#[derive(Clone)]
pub struct Hub {
    endpoint: String,
    origin: Origin,
    cache: PathBuf,
    token: Option<Secret>,
    offline: bool,
    patience: Duration,
    roots: RootCerts,
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
        let Some(origin) = Origin::of(endpoint).filter(|_| !endpoint.contains(['?', '#'])) else {
            // Not repeated: it may hold a secret.
            return Err(HubError::Setting(
                "HF_ENDPOINT: expected an address like https://huggingface.co".into(),
            ));
        };
        let cache = cache.into();
        let cache = std::path::absolute(&cache).map_err(|e| {
            HubError::Setting(format!("the hub's cache '{}': {e}", cache.display()))
        })?;
        Ok(Self {
            endpoint: endpoint.to_owned(),
            origin,
            cache,
            token: None,
            offline: false,
            patience: PATIENCE,
            roots: RootCerts::WebPki,
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
        let token = variable("HF_TOKEN").or_else(stored);
        let offline = variable("HF_HUB_OFFLINE").is_some_and(|v| {
            ["1", "on", "yes", "true"].contains(&v.trim().to_lowercase().as_str())
        });
        Ok(hub.with_token(token).offline(offline))
    }

    /// With a token. It is sent over https only, and to the endpoint only: not to where the endpoint says a file lies.
    #[must_use]
    pub fn with_token(self, token: Option<String>) -> Self {
        let token = token.and_then(|token| Secret::new(&token));
        Self { token: token.filter(|_| self.origin.is_private()), ..self }
    }

    /// With other authorities than those of browsers.
    #[cfg(test)]
    pub(super) fn with_roots(self, roots: RootCerts) -> Self {
        Self { roots, ..self }
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

    pub(super) fn token(&self) -> Option<&Secret> {
        self.token.as_ref()
    }

    /// A way to the endpoint.
    pub(super) fn wire(&self) -> Wire {
        let (origin, token, roots) = (self.origin.clone(), self.token.clone(), self.roots.clone());
        Wire::new(origin, token, roots, self.patience)
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

    fn token(hub: &Hub) -> Option<String> {
        hub.token().map(Secret::bearer)
    }

    #[test]
    fn the_environment_is_read_as_the_hubs_tools_do() {
        let hub = set(&[], Some("/home/me")).unwrap();
        assert_eq!((hub.endpoint(), token(&hub), hub.is_offline()), (ENDPOINT, None, false));
        assert!(hub.cache().ends_with("home/me/.cache/huggingface/hub"));
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("token"), "hf_stored\n").unwrap();
        let at = home.path().to_str().unwrap();
        let hub = set(&[("HF_HOME", at), ("HF_HUB_OFFLINE", "1")], None).unwrap();
        assert_eq!(
            (hub.cache(), token(&hub)),
            (home.path().join("hub").as_path(), Some("Bearer hf_stored".into()))
        );
        assert!(hub.is_offline());
        let given = [
            ("HF_HOME", at),
            ("HF_HUB_CACHE", "/c"),
            ("HF_TOKEN", "hf_given"),
            ("HF_ENDPOINT", "https://m/"),
        ];
        let hub = set(&given, None).unwrap();
        assert_eq!((hub.endpoint(), token(&hub)), ("https://m", Some("Bearer hf_given".into())));
        assert!(hub.cache().ends_with("c"));
        assert!(!format!("{hub:?}").contains("hf_given"));
        assert!(set(&[], None).unwrap_err().to_string().contains("HF_HOME"));
    }

    #[test]
    fn a_token_is_sent_over_https_only_and_endpoints_are_plain() {
        let with = |url: &str, text: &str| {
            token(&Hub::at(url, "c").unwrap().with_token(Some(text.to_owned())))
        };
        assert_eq!(with("http://m", "hf_x"), None);
        assert_eq!(with("https://m", " hf_x\n"), Some("Bearer hf_x".into()));
        assert_eq!((with("https://m", " "), with("https://m", "hf x\r\n")), (None, None));
        for bad in ["", "m", "ftp://m", "https://", "https://me:s3cret@m", "https://m?x=s3cret"] {
            let message = Hub::at(bad, "c").unwrap_err().to_string();
            assert!(message.contains("HF_ENDPOINT") && !message.contains("s3cret"), "{message}");
        }
    }
}
