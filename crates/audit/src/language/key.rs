//! The key, from the environment only, and never shown.

use rightly_data::secret::Secret;

use crate::Error;

/// Variables that may hold the key, in the order in which they are looked at.
const VARIABLES: [&str; 2] = ["RIGHTLY_LLM_KEY", "OPENAI_API_KEY"];

/// A key, or none.
#[derive(Debug, Clone, Default)]
pub(super) struct Key(Option<Secret>);

impl Key {
    pub(super) fn from_environment() -> Result<Self, Error> {
        Self::choose(|name| std::env::var(name).ok())
    }

    /// The first variable that is not empty, without white space around it.
    pub(super) fn choose(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        for name in VARIABLES {
            let Some(value) = variable(name) else { continue };
            if value.trim().is_empty() {
                continue;
            }
            return match Secret::new(&value) {
                Some(key) => Ok(Self(Some(key))),
                None => Err(Error::Usage(format!(
                    "{name}: expected a key of printable ASCII characters without spaces"
                ))),
            };
        }
        Ok(Self(None))
    }

    /// The value of the `Authorization` header.
    pub(super) fn header(&self) -> Option<String> {
        self.0.as_ref().map(Secret::bearer)
    }

    /// `text` without the key, should a server repeat it.
    pub(super) fn hidden_in(&self, text: &str) -> String {
        self.0.as_ref().map_or_else(|| text.to_owned(), |key| key.masked_in(text, "(key)"))
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
        assert_eq!(format!("{second:?} {:?}", Key::default()), "Key(Some(Secret)) Key(None)");
        let bad = of(&[("OPENAI_API_KEY", "se\r\ncret")]).unwrap_err().to_string();
        assert!(bad.contains("OPENAI_API_KEY") && !bad.contains("cret"), "{bad}");
    }
}
