//! Strengths of the noise and their names.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// How a level's value is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Norm {
    /// The value is the noise's deviation, for each pixel and channel alike (the papers' name).
    Linf,
    /// The value is the L2 norm of the whole masked noise.
    L2,
}

/// One strength of noise, written `linf/0.25` or `l2/60`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Level {
    /// How the value is meant.
    pub norm: Norm,
    /// Positive and finite; pixels are in 0..1.
    pub value: f32,
}

/// A text that names no noise level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "noise level '{0}': expected linf/SIGMA or l2/NORM with a number above 0, such as linf/0.25 or l2/60"
)]
pub struct LevelError(String);

impl Level {
    /// The twelve levels of the papers: deviations .125 to .75, then L2 norms 30 to 180.
    pub fn paper() -> Vec<Self> {
        let linf = (1..=6u8).map(|step| Self { norm: Norm::Linf, value: f32::from(step) * 0.125 });
        let l2 = (1..=6u8).map(|step| Self { norm: Norm::L2, value: f32::from(step) * 30.0 });
        linf.chain(l2).collect()
    }

    /// The levels at which the area-matched control runs by default: `linf/0.25` and `l2/60`.
    pub fn control() -> [Self; 2] {
        [Self { norm: Norm::Linf, value: 0.25 }, Self { norm: Norm::L2, value: 60.0 }]
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let norm = match self.norm {
            Norm::Linf => "linf",
            Norm::L2 => "l2",
        };
        write!(f, "{norm}/{}", self.value)
    }
}

impl FromStr for Level {
    type Err = LevelError;

    fn from_str(text: &str) -> Result<Self, LevelError> {
        let refused = || LevelError(text.to_owned());
        let (norm, value) = text.trim().split_once('/').ok_or_else(refused)?;
        let norm = match norm {
            "linf" => Norm::Linf,
            "l2" => Norm::L2,
            _ => return Err(refused()),
        };
        let value: f32 = value.parse().map_err(|_| refused())?;
        if value.is_finite() && value > 0.0 { Ok(Self { norm, value }) } else { Err(refused()) }
    }
}

impl TryFrom<String> for Level {
    type Error = LevelError;

    fn try_from(text: String) -> Result<Self, LevelError> {
        text.parse()
    }
}

impl From<Level> for String {
    fn from(level: Level) -> Self {
        level.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_papers_levels() {
        let names: Vec<String> = Level::paper().iter().map(Level::to_string).collect();
        assert_eq!(
            names,
            [
                "linf/0.125",
                "linf/0.25",
                "linf/0.375",
                "linf/0.5",
                "linf/0.625",
                "linf/0.75",
                "l2/30",
                "l2/60",
                "l2/90",
                "l2/120",
                "l2/150",
                "l2/180"
            ]
        );
        assert!(Level::control().iter().all(|level| Level::paper().contains(level)));
    }

    #[test]
    fn refusals_quote_the_text() {
        for text in [
            "",
            "0.25",
            "linf",
            "linf/",
            "linf/x",
            "linf/0",
            "l2/-1",
            "l2/inf",
            "l2/nan",
            "l1/3",
            "linf/0.25/1",
        ] {
            let error = text.parse::<Level>().unwrap_err().to_string();
            assert!(error.contains(&format!("'{text}'")), "{error}");
        }
    }

    #[test]
    fn a_string_in_json() {
        let level = Level { norm: Norm::L2, value: 60.0 };
        assert_eq!(serde_json::to_string(&level).unwrap(), "\"l2/60\"");
        assert_eq!(serde_json::from_str::<Level>("\"l2/60\"").unwrap(), level);
        assert!(serde_json::from_str::<Level>("\"l2\"").is_err());
    }

    proptest! {
        #[test]
        fn written_and_read_back(value in 1e-6f32..1e6, linf in any::<bool>()) {
            let level = Level { norm: if linf { Norm::Linf } else { Norm::L2 }, value };
            prop_assert_eq!(level.to_string().parse::<Level>(), Ok(level));
        }
    }
}
