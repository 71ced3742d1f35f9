//! The key, from the environment only, and never shown.

use std::fmt;

use crate::Error;

/// Variables that may hold the key, in the order in which they are looked at.
const VARIABLES: [&str; 2] = ["RIGHTLY_LLM_KEY", "OPENAI_API_KEY"];

/// A key, or none.
#[derive(Clone, Default)]
pub(super) struct Key(Option<String>);

impl Key {
    pub(super) fn from_environment() -> Result<Self, Error> {
        Self::choose(|name| std::env::var(name).ok())
    }

    /// The first variable that is not empty, without white space around it.
    pub(super) fn choose(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        for name in VARIABLES {
            let value = variable(name).unwrap_or_default();
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            if !value.bytes().all(|b| b.is_ascii_graphic()) {
                return Err(Error::Usage(format!(
                    "{name}: expected a key of printable ASCII characters without spaces"
                )));
            }
            return Ok(Self(Some(value.to_owned())));
        }
        Ok(Self(None))
    }

    /// The value of the `Authorization` header.
    pub(super) fn header(&self) -> Option<String> {
        self.0.as_ref().map(|key| format!("Bearer {key}"))
    }

    /// `text` without the key, should a server repeat it.
    pub(super) fn hidden_in(&self, text: &str) -> String {
        match &self.0 {
            Some(key) => text.replace(key.as_str(), "(key)"),
            None => text.to_owned(),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Key(set)" } else { "Key(none)" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_variable_comes_first_and_bad_keys_are_not_repeated() {
        let of = |pairs: &'static [(&str, &str)]| {
            Key::choose(move |name| {
                pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned())
            })
        };
        let both = of(&[("OPENAI_API_KEY", "b"), ("RIGHTLY_LLM_KEY", " a\n")]).unwrap();
        assert_eq!(both.header().unwrap(), "Bearer a");
        let second = of(&[("OPENAI_API_KEY", "b"), ("RIGHTLY_LLM_KEY", " ")]).unwrap();
        assert_eq!(second.header().unwrap(), "Bearer b");
        assert_eq!(of(&[]).unwrap().header(), None);
        assert_eq!(format!("{second:?} {:?}", Key::default()), "Key(set) Key(none)");
        let bad = of(&[("OPENAI_API_KEY", "se\r\ncret")]).unwrap_err().to_string();
        assert!(bad.contains("OPENAI_API_KEY") && !bad.contains("cret"), "{bad}");
    }
}
