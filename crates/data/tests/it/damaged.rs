//! Readers of files that are damaged: what is refused is refused by name, and nothing panics.
use rightly_data::DataError;
use std::{fs, path::Path};
use tempfile::TempDir;

pub(crate) type Read = fn(&Path) -> Result<(), DataError>;

/// A reader: the name of the file that it reads, what a good one holds, and how it is read.
pub(crate) struct Reader {
    pub(crate) name: &'static str,
    pub(crate) good: Vec<u8>,
    pub(crate) read: Read,
}

/// The message names the file, or (of a picture that a table lists) that one.
fn names_it(said: &str, name: &str) -> bool {
    let file = Path::new(name).file_name().unwrap().to_str().unwrap();
    said.contains(file)
}

/// What went wrong, all of it.
fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n"));
}

/// Files as they should be. `around` makes a folder with all that the good files name.
pub(crate) fn good_files_are_read(readers: Vec<Reader>, around: impl Fn() -> TempDir) {
    let mut wrong = Vec::new();
    for Reader { name, good, read } in readers {
        let folder = around();
        let path = folder.path().join(name);
        fs::write(&path, &good).unwrap();
        wrong.extend(read(&path).err().map(|error| format!("{name}: {error}")));
    }
    none(&wrong);
}

/// Damage that no reader can accept.
pub(crate) fn what_is_no_such_file_is_refused_by_name(
    readers: Vec<Reader>,
    around: impl Fn() -> TempDir,
) {
    let mut wrong = Vec::new();
    for Reader { name, good, read } in readers {
        let folder = around();
        let path = folder.path().join(name);
        let mut refused = |what: &str| match read(&path) {
            Ok(()) => wrong.push(format!("{name}, {what}: was read")),
            Err(error) if names_it(&error.to_string(), name) => {}
            Err(error) => wrong.push(format!("{name}, {what}: {error}")),
        };
        let clear = || drop(fs::remove_file(&path));
        // A folder of CIFAR is one without its training images too.
        let may_be_missing = name == "cifar/train.bin";
        // Nothing is no row, and no word.
        let may_be_empty = ["t.csv", "t.tsv", "t.jsonl", "words.txt"].contains(&name);
        clear();
        if !may_be_missing {
            refused("missing");
        }
        for (what, bytes) in [
            ("empty", Vec::new()),
            ("UTF-16", [&b"\xff\xfe"[..], &[b'a', 0].repeat(50)].concat()),
            ("bytes that no text has", [&good[..good.len().min(3)], &[0xff; 64]].concat()),
        ] {
            if !(may_be_empty && bytes.is_empty()) {
                fs::write(&path, bytes).unwrap();
                refused(what);
            }
        }
        clear();
        #[cfg(unix)]
        if !may_be_missing {
            assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
            refused("a FIFO");
            clear();
            std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
            refused("an endless device");
            clear();
        }
    }
    none(&wrong);
}

/// Damage that some readers can't see: whatever is refused is refused by name. Gives how much was refused.
pub(crate) fn whatever_is_refused_is_refused_by_name(
    readers: Vec<Reader>,
    around: impl Fn() -> TempDir,
) -> usize {
    let (mut refusals, mut wrong) = (0, Vec::new());
    for Reader { name, good, read } in readers {
        let folder = around();
        let path = folder.path().join(name);
        let mut look = |what: &str, bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            match std::panic::catch_unwind(|| read(&path)) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    refusals += 1;
                    let said = error.to_string();
                    // Of a table whose cells name other files, those files are what is wrong.
                    let other =
                        ["a.jpg", "b.jpg", "m.png"].iter().any(|other| said.contains(other));
                    if !names_it(&said, name) && !other {
                        wrong.push(format!("{name}, {what}: {said}"));
                    }
                }
                Err(_) => wrong.push(format!("{name}, {what}: panicked")),
            }
        };
        for part in 1..16 {
            look(&format!("{part}/16 of it"), &good[..good.len() * part / 16]);
        }
        let step = (good.len() / 61).max(1);
        for place in (0..good.len()).step_by(step) {
            for bit in [1, 0x20, 0x80] {
                let mut bytes = good.clone();
                bytes[place] ^= bit;
                look(&format!("bit {bit} of byte {place}"), &bytes);
            }
        }
        look("twice", &[&good[..], &good[..]].concat());
    }
    none(&wrong);
    refusals
}
