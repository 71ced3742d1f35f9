//! Dictionaries in Python's pickle format: ranked lists of paths (Hard ImageNet), pictures as text (RIVAL10). What could run
//! code, or has no end, is refused before it is read.

use std::collections::{BTreeMap, HashMap};

use serde_pickle::{DeOptions, HashableValue, Value, value_from_slice};

/// Deepest nesting that is read: a dictionary of lists of paths has 2.
const MAX_DEPTH: usize = 16;

/// A dictionary from names to lists of texts (a class to its paths, say).
///
/// # Errors
/// Where the bytes are damaged, hold objects, are nested too deep, or hold something else; in words.
pub fn lists(bytes: &[u8]) -> Result<BTreeMap<String, Vec<String>>, String> {
    let of = |(name, list): (HashableValue, Value)| {
        let name = text(&name);
        let (Value::List(list) | Value::Tuple(list)) = list else {
            return Err(format!("'{name}' is no list"));
        };
        let paths = list.into_iter().map(|path| match path {
            Value::String(path) => Ok(path),
            other => Err(format!("'{name}' lists {other}, expected a path")),
        });
        let paths = paths.collect::<Result<_, _>>()?;
        Ok((name, paths))
    };
    dictionary(bytes)?.into_iter().map(of).collect()
}

/// A dictionary from names to texts or bytes (an attribute to its mask, say).
///
/// # Errors
/// As [`lists`].
pub fn texts(bytes: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let of = |(name, value): (HashableValue, Value)| match value {
        Value::String(text_of) => Ok((text(&name), text_of.into_bytes())),
        Value::Bytes(bytes) => Ok((text(&name), bytes)),
        _ => Err(format!("'{}' is no text", text(&name))),
    };
    dictionary(bytes)?.into_iter().map(of).collect()
}

fn dictionary(bytes: &[u8]) -> Result<BTreeMap<HashableValue, Value>, String> {
    Nesting::default().check(bytes)?;
    let options = DeOptions::new().decode_strings();
    match value_from_slice(bytes, options).map_err(|e| e.to_string())? {
        Value::Dict(values) => Ok(values),
        _ => Err("the pickle holds something else".to_owned()),
    }
}

fn text(value: &HashableValue) -> String {
    match value {
        HashableValue::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// How deep a pickle is nested, found before it is read: the reader goes as deep as its values do.
///
/// The stack of the pickle machine is followed with the depth of each value in the place of the value; `None` is a mark.
#[derive(Default)]
struct Nesting {
    stack: Vec<Option<usize>>,
    /// What was stored under a number.
    memory: HashMap<u64, usize>,
}

impl Nesting {
    /// Refuses what is cut off, nested too deep, holds one container in two places, or objects.
    fn check(mut self, bytes: &[u8]) -> Result<(), String> {
        let mut at = 0;
        while let Some((&code, rest)) = bytes.get(at..).and_then(<[u8]>::split_first) {
            let argument = argument(code, rest).and_then(|length| rest.get(..length));
            let argument = argument.ok_or_else(cut_off)?;
            at += 1 + argument.len();
            if code == b'.' {
                return Ok(());
            }
            self.step(code, argument)?;
            if self.stack.last().copied().flatten() > Some(MAX_DEPTH) {
                return Err(format!("the pickle is nested more than {MAX_DEPTH} deep"));
            }
        }
        Err(cut_off())
    }

    fn step(&mut self, code: u8, argument: &[u8]) -> Result<(), String> {
        match code {
            b'(' => self.stack.push(None),
            // Empty containers.
            b'}' | b']' | b')' | 0x8f => self.stack.push(Some(1)),
            // Containers of all above the mark.
            b'l' | b'd' | b't' | 0x91 => {
                let inside = self.pop_mark();
                self.stack.push(Some(inside + 1));
            }
            // All above the mark goes into the container below it.
            b'e' | b'u' | 0x90 => {
                let inside = self.pop_mark();
                self.fill_container(inside);
            }
            b'a' => {
                let inside = self.pop();
                self.fill_container(inside);
            }
            b's' => {
                let inside = self.pop().max(self.pop());
                self.fill_container(inside);
            }
            // Tuples of one, two or three.
            0x85..=0x87 => {
                let inside = (0x85..=code).map(|_| self.pop()).max();
                self.stack.push(inside.map(|inside| inside + 1));
            }
            b'0' => _ = self.stack.pop(),
            b'1' => _ = self.pop_mark(),
            b'2' => self.again(self.stack.last().copied().flatten())?,
            b'p' | b'q' | b'r' => self.store(number(code, argument)),
            0x94 => self.store(Some(self.memory.len() as u64)),
            b'g' | b'h' | b'j' => {
                let stored = number(code, argument).and_then(|at| self.memory.get(&at).copied());
                self.again(stored)?;
            }
            0x80 | 0x95 => {}
            b'R' | b'b' | b'o' | b'i' | b'c' | b'P' | b'Q' | 0x81 | 0x82..=0x84 | 0x92 | 0x93 => {
                return Err("the pickle holds objects".to_owned());
            }
            _ => self.stack.push(Some(0)),
        }
        Ok(())
    }

    fn pop(&mut self) -> usize {
        self.stack.pop().flatten().unwrap_or(0)
    }

    /// Takes all above the last mark; the deepest of it.
    fn pop_mark(&mut self) -> usize {
        let mut deepest = 0;
        while let Some(Some(depth)) = self.stack.pop() {
            deepest = deepest.max(depth);
        }
        deepest
    }

    fn fill_container(&mut self, inside: usize) {
        if let Some(Some(depth)) = self.stack.last_mut() {
            *depth = (*depth).max(inside + 1);
        }
    }

    fn store(&mut self, at: Option<u64>) {
        if let (Some(at), Some(Some(depth))) = (at, self.stack.last()) {
            self.memory.insert(at, *depth);
        }
    }

    /// A value a second time. A container might grow later or hold itself.
    fn again(&mut self, depth: Option<usize>) -> Result<(), String> {
        if depth.is_some_and(|depth| depth > 0) {
            return Err("the pickle holds one list in two places".to_owned());
        }
        self.stack.push(Some(0));
        Ok(())
    }
}

fn cut_off() -> String {
    "the pickle is cut off; fetch it again".to_owned()
}

/// Number of a place in the memory.
fn number(code: u8, argument: &[u8]) -> Option<u64> {
    match code {
        b'p' | b'g' => std::str::from_utf8(argument).ok()?.trim().parse().ok(),
        _ => Some(argument.iter().rev().fold(0, |sum, byte| (sum << 8) | u64::from(*byte))),
    }
}

/// Bytes that follow a code; `None` where they are cut off.
fn argument(code: u8, rest: &[u8]) -> Option<usize> {
    let line = |from: usize| {
        let end = rest.get(from..)?.iter().position(|byte| *byte == b'\n')?;
        Some(from + end + 1)
    };
    let counted = |n: usize| {
        let count =
            rest.get(..n)?.iter().rev().fold(0_usize, |sum, b| (sum << 8) | usize::from(*b));
        count.checked_add(n)
    };
    match code {
        b'K' | b'q' | b'h' | 0x80 | 0x82 => Some(1),
        b'M' | 0x83 => Some(2),
        b'J' | b'r' | b'j' | 0x84 => Some(4),
        b'G' | 0x95 => Some(8),
        b'U' | b'C' | 0x8a | 0x8c => counted(1),
        b'T' | b'X' | b'B' | 0x8b => counted(4),
        0x8d | 0x8e | 0x96 => counted(8),
        b'I' | b'L' | b'F' | b'S' | b'V' | b'p' | b'g' | b'P' => line(0),
        b'c' | b'i' => line(line(0)?),
        _ => Some(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `pickle.dumps({"b": ["x", "y"], "a": ("x",)}, protocol)` of Python 3.12 for the protocols 0, 2 and 4.
    const WRITTEN: [&[u8]; 3] = [
        b"(dp0\nVb\np1\n(lp2\nVx\np3\naVy\np4\nasVa\np5\n(g3\ntp6\ns.",
        b"\x80\x02}q\x00(X\x01\x00\x00\x00bq\x01]q\x02(X\x01\x00\x00\x00xq\x03X\x01\x00\x00\x00yq\x04eX\x01\x00\x00\x00aq\x05h\x03\x85q\x06u.",
        b"\x80\x04\x95\x1d\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01b\x94]\x94(\x8c\x01x\x94\x8c\x01y\x94e\x8c\x01a\x94h\x03\x85\x94u.",
    ];

    #[test]
    fn lists_of_every_protocol_are_read() {
        for bytes in WRITTEN {
            let lists = lists(bytes).unwrap();
            assert_eq!(lists["b"], ["x", "y"]);
            assert_eq!(lists["a"], ["x"]);
        }
    }

    /// `pickle.dumps({"a": "QUI=", "b": b"QUI="}, 4)` of Python 3.12.
    #[test]
    fn texts_are_read_as_text_or_bytes() {
        let bytes = b"\x80\x04\x95\x1b\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94\x8c\x04QUI=\x94\x8c\x01b\x94C\x04QUI=\x94u.";
        let texts = texts(bytes).unwrap();
        assert_eq!((&texts["a"][..], &texts["b"][..]), (&b"QUI="[..], &b"QUI="[..]));
        assert!(super::texts(WRITTEN[2]).unwrap_err().contains("is no text"));
    }

    #[test]
    fn what_is_nested_deep_or_in_itself_is_refused() {
        let n = 20_000;
        let wrapped = [b"\x80\x02]".to_vec(), vec![0x85; n], b".".to_vec()].concat();
        let appended =
            [b"\x80\x02".to_vec(), vec![b']'; n], vec![b'a'; n - 1], b".".to_vec()].concat();
        let marked = [vec![b'('; n], vec![b'l'; n], b".".to_vec()].concat();
        for bytes in [wrapped, appended, marked] {
            assert!(lists(&bytes).unwrap_err().contains("nested more than 16"));
        }
        let doubled = b"\x80\x02]q\x00(h\x00h\x00e.";
        assert!(lists(doubled).unwrap_err().contains("in two places"));
        assert!(lists(b"cos\nsystem\n(S'ls'\ntR.").unwrap_err().contains("objects"));
    }
}
