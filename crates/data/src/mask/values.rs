//! Mask values as a user names them: single ones and ranges.
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// One value, or all from `first` to `last`, as in `7` or `128-255`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct ValueRange {
    /// Lowest value.
    pub first: u32,
    /// Highest value, inside the range.
    pub last: u32,
}

impl ValueRange {
    /// Whether it holds the value.
    pub fn contains(self, value: u32) -> bool {
        (self.first..=self.last).contains(&value)
    }

    /// More than one value.
    pub(super) fn is_wide(self) -> bool {
        self.first < self.last
    }
}

impl From<u32> for ValueRange {
    fn from(value: u32) -> Self {
        Self { first: value, last: value }
    }
}

impl fmt::Display for ValueRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_wide() { write!(f, "{}-{}", self.first, self.last) } else { self.first.fmt(f) }
    }
}

/// Text that is no value and no range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no mask value; expected whole numbers and ranges, such as 1,2,128-255")]
pub struct ValueError(String);

impl FromStr for ValueRange {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let bad = || ValueError(text.to_owned());
        let number = |part: &str| part.trim().parse::<u32>().map_err(|_| bad());
        let range = match text.split_once('-') {
            None => Self::from(number(text)?),
            Some((first, last)) => Self { first: number(first)?, last: number(last)? },
        };
        if range.first > range.last { Err(bad()) } else { Ok(range) }
    }
}

/// In files: a number, or a range as text.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Number(u32),
    Text(String),
}

impl From<ValueRange> for Written {
    fn from(range: ValueRange) -> Self {
        if range.is_wide() { Self::Text(range.to_string()) } else { Self::Number(range.first) }
    }
}

impl TryFrom<Written> for ValueRange {
    type Error = ValueError;

    fn try_from(written: Written) -> Result<Self, ValueError> {
        match written {
            Written::Number(value) => Ok(value.into()),
            Written::Text(text) => text.parse(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_ranges() {
        for (text, first, last) in [("7", 7, 7), ("128-255", 128, 255), (" 1 - 1 ", 1, 1)] {
            assert_eq!(text.parse(), Ok(ValueRange { first, last }), "{text}");
        }
        for text in ["", "-", "-3", "3-", "5-2", "1.5", "a", "99999999999", "1-2-3"] {
            let error = text.parse::<ValueRange>().unwrap_err().to_string();
            assert!(error.contains(&format!("'{text}'")), "{error}");
        }
    }

    #[test]
    fn in_files_a_single_value_is_a_number() {
        let values: Vec<ValueRange> = vec![7.into(), "128-255".parse().unwrap()];
        let text = serde_json::to_string(&values).unwrap();
        assert_eq!(text, r#"[7,"128-255"]"#);
        assert_eq!(serde_json::from_str::<Vec<ValueRange>>(&text).unwrap(), values);
        assert!(serde_json::from_str::<Vec<ValueRange>>("[-1]").is_err());
    }
}
