//! Bytes changed, lost or added.
use proptest::{prelude::*, sample::Index};

/// One change: where, with what, and whether the byte is replaced, put before, or taken out.
pub(crate) type Edit = (Index, u8, u8);

pub(crate) fn edits() -> impl Strategy<Value = Vec<Edit>> {
    // Half of the bytes are those that formats are made of.
    let byte =
        prop_oneof![any::<u8>(), prop::sample::select(br#"0123456789-.,:;"'[]{}e/"#.to_vec())];
    prop::collection::vec((any::<Index>(), byte, 0u8..3), 1..6)
}

pub(crate) fn changed(bytes: &[u8], edits: Vec<Edit>) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (at, byte, how) in edits {
        if bytes.len() < 2 {
            break;
        }
        let at = at.index(bytes.len());
        match how {
            0 => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            _ => drop(bytes.remove(at)),
        }
    }
    bytes
}
