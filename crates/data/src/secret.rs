//! A key or token that is sent, and shown nowhere.

use std::{collections::HashSet, fmt};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

/// As many letters and digits of a secret in a row are a part of it that must not be seen.
const PIECE: usize = 8;

/// A secret: it has no `Display`, and its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret in `text`, without white space around it; none where nothing is left, or where a character could not
    /// stand in a header.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let usable = !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        usable.then(|| Self(text.to_owned()))
    }

    /// The value of an `Authorization` header: the one place where the secret belongs.
    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.0)
    }

    /// `text` with `mask` in the place of the secret, should a server repeat it. A text that repeats it in another
    /// writing (a part, escaped, with characters in between, in base64) is not shown at all.
    pub fn masked_in(&self, text: &str, mask: &str) -> String {
        let text = text.replace(self.0.as_str(), mask);
        if self.has_piece_in(&text) { format!("{mask}, in words that are not shown") } else { text }
    }

    fn has_piece_in(&self, text: &str) -> bool {
        let own = letters(&self.0);
        let own: HashSet<&[u8]> = own.windows(PIECE).collect();
        if letters(text).windows(PIECE).any(|piece| own.contains(piece)) {
            return true;
        }
        let standard = text.replace('-', "+").replace('_', "/");
        self.encoded().iter().any(|code| standard.contains(code.as_str()))
    }

    /// What base64 makes of the secret wherever it stands in the encoded text: three ways, without the characters at
    /// the edges, which depend on what stands beside it.
    fn encoded(&self) -> Vec<String> {
        if self.0.len() < PIECE {
            return Vec::new();
        }
        let of = |before: usize| {
            let mut bytes = vec![0; before];
            bytes.extend_from_slice(self.0.as_bytes());
            let code = STANDARD_NO_PAD.encode(bytes);
            code[(before * 4).div_ceil(3)..code.len() - 1].to_owned()
        };
        (0..3).map(of).collect()
    }
}

/// Letters and digits of `text` in lower case, escapes (`%2D`, `\u002d`) read.
fn letters(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digits = match bytes.get(at..at + 2) {
            Some([b'%', _]) => Some(at + 1..at + 3),
            Some(b"\\u" | b"\\U") => Some(at + 2..at + 6),
            Some(b"\\x" | b"\\X") => Some(at + 2..at + 4),
            _ => None,
        };
        let escaped = digits.and_then(|range| {
            let end = range.end;
            let code = u32::from_str_radix(text.get(range)?, 16).ok()?;
            Some((u8::try_from(code).unwrap_or(b' '), end))
        });
        let (byte, next) = escaped.unwrap_or((byte, at + 1));
        if byte.is_ascii_alphanumeric() {
            out.push(byte.to_ascii_lowercase());
        }
        at = next;
    }
    out
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        Secret::new(" sk-Very_s3cret.Key9\n").unwrap().masked_in(text, "(key)")
    }

    #[test]
    fn a_secret_is_masked_in_every_writing() {
        assert_eq!(masked("what about sk-Very_s3cret.Key9?"), "what about (key)?");
        for hidden in [
            "sk-Very_s3cret",
            "SK-VERY_S3CRET.KEY9",
            "ery_s3cret.K",
            "sk-\u{200b}Very\u{200b}_s3\u{ad}cret",
            "s k - V e r y _ s 3 c r e t",
            r"\u0073\u006b-Very_s3cret",
            r"sk\x2dVery%5Fs3cret%2EKey9",
            "c2stVmVyeV9zM2NyZXQuS2V5OQ==",
            "QmVhcmVyIHNrLVZlcnlfczNjcmV0LktleTk=",
            "eHNrLVZlcnlfczNjcmV0LktleTl5",
        ] {
            assert_eq!(masked(hidden), "(key), in words that are not shown", "{hidden}");
        }
        for plain in ["sk-…Key9 is not accepted", "", "a secret key", "%zz \\u00 %", "ü%C3"] {
            assert_eq!(masked(plain), plain);
        }
        let short = Secret::new("none").unwrap();
        assert_eq!(short.masked_in("none of it; bm9uZQ", "(key)"), "(key) of it; bm9uZQ");
        assert_eq!(format!("{short:?} {}", short.bearer()), "Secret Bearer none");
        assert_eq!(
            (Secret::new(" \n"), Secret::new("a b"), Secret::new("a\r\nb")),
            (None, None, None)
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_taken(text in ".*", key in "[!-~]{1,40}") {
            let key = Secret::new(&key).unwrap();
            proptest::prop_assert!(!key.has_piece_in(&key.masked_in(&text, "?")));
        }
    }
}
