//! Colours: `#rrggbb`, or names from the world's `[colours]`.
use super::reader::Reader;
use rightly_data::DataError;
use std::collections::BTreeMap;

/// Linear light, RGB, each 0..=1.
pub(crate) type Linear = [f32; 3];

/// The world's `[colours]`: a name for one colour or for several to draw from.
#[derive(Debug, Default)]
pub(super) struct Palette(BTreeMap<String, Vec<Linear>>);

pub(super) const EXPECTED: &str = "a colour '#rrggbb' or a name from [colours]";

impl Palette {
    pub(super) fn read(root: &Reader<'_>) -> Result<Self, DataError> {
        let mut palette = Self::default();
        let Some(table) = root.child("colours")? else { return Ok(palette) };
        for (name, entry) in table.entries() {
            let mut colours = Vec::new();
            for text in entry.texts("a colour '#rrggbb'")? {
                colours.push(hex(text).ok_or_else(|| {
                    entry.error(format!("'{text}' is no colour; give '#rrggbb' or a list of them"))
                })?);
            }
            palette.0.insert(name.to_owned(), colours);
        }
        Ok(palette)
    }

    /// Colours that one text stands for; the message says what is wrong with it.
    pub(super) fn find(&self, text: &str) -> Result<Vec<Linear>, String> {
        if let Some(colour) = hex(text) {
            return Ok(vec![colour]);
        }
        self.0.get(text).cloned().ok_or_else(|| {
            let names: Vec<&str> = self.0.keys().map(String::as_str).collect();
            format!(
                "'{text}' is no colour; give '#rrggbb' or a name from [colours] ({})",
                super::listed(&names)
            )
        })
    }

    pub(super) fn find_all(&self, texts: &[&str]) -> Result<Vec<Linear>, String> {
        let lists: Result<Vec<_>, String> = texts.iter().map(|text| self.find(text)).collect();
        Ok(lists?.concat())
    }
}

/// `#rrggbb` in sRGB as linear light.
fn hex(text: &str) -> Option<Linear> {
    let digits = text.strip_prefix('#').filter(|d| d.len() == 6)?;
    // The parser would take a sign for a digit.
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let channel = |i: usize| u8::from_str_radix(digits.get(2 * i..2 * i + 2)?, 16).ok();
    Some([linear(channel(0)?), linear(channel(1)?), linear(channel(2)?)])
}

/// An sRGB level as linear light.
fn linear(level: u8) -> f32 {
    let v = f32::from(level) / 255.0;
    if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_colours() {
        assert_eq!(hex("#000000"), Some([0.0; 3]));
        assert_eq!(hex("#ffffff"), Some([1.0; 3]));
        let gray = hex("#808080").unwrap()[0];
        assert!((gray - 0.2158605).abs() < 1e-6, "{gray}");
        for bad in ["ffffff", "#fff", "#12345g", "#+12345", "#ééé", ""] {
            assert_eq!(hex(bad), None, "{bad}");
        }
    }
}
