//! The folder of a demo: whose it is, and what lies where.

use std::{
    io::ErrorKind,
    path::{Component, Path, PathBuf},
};

use anyhow::{Context, bail};
use rightly::{RunDir, place::DEMO};
use rightly_data::{
    DataError,
    dataset::TextTable,
    files::{self, write_whole},
};
use rightly_planted::World;

/// `D/data`, `D/model`, `D/image-text`, `D/run`, `D/truth.json`, `D/demo.json`.
pub(super) struct Folder {
    root: PathBuf,
}

/// Tables of a world.
const TABLES: [&str; 3] = ["dataset.csv", "attributes.csv", "dataset-with-attributes.csv"];
/// Files of the image-text model.
const TOWERS: [&str; 4] =
    ["vision_model.onnx", "vision_model.toml", "text_model.onnx", "tokenizer.json"];

impl Folder {
    /// Takes a folder that this process holds (see [`place::take`]) for a world and a seed: a new or empty one, or one of
    /// the same demo, which goes on.
    pub(super) fn claim(
        root: &Path,
        world: &World,
        seed: u64,
        force: bool,
    ) -> anyhow::Result<Self> {
        let folder = Self { root: root.to_owned() };
        let key = format!("{} of seed {seed}\n{}\n", world.name(), world.fingerprint());
        let marker = folder.path(DEMO);
        match files::read_text(&marker, files::SMALL) {
            Ok(found) if found == key => return Ok(folder),
            Ok(found) if !force => {
                let what = found.lines().next().map_or("unknown", str::trim);
                bail!(
                    "{}: holds another demo ({what}); give another --out, or --force to replace it",
                    root.display()
                );
            }
            Ok(_) => folder.clear()?,
            Err(DataError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        write_whole(&marker, key.as_bytes())?;
        Ok(folder)
    }

    /// Removes what a demo wrote, file by file. What people put beside it stays.
    fn clear(&self) -> anyhow::Result<()> {
        let data = self.data();
        for picture in pictures(&data)? {
            remove(&data.join(picture))?;
        }
        TABLES.iter().try_for_each(|name| remove(&data.join(name)))?;
        TOWERS.iter().try_for_each(|name| remove(&self.path("image-text").join(name)))?;
        super::super::train::clear(&self.path("model"))?;
        let run = RunDir::new(self.run());
        if run.path("run.toml").is_file() {
            let _lock = run.lock()?;
            run.clear()?;
        }
        ["truth.json", "demo.json"].iter().try_for_each(|name| remove(&self.path(name)))?;
        ["data", "image-text", "model"].iter().for_each(|name| remove_empty(&self.path(name)));
        Ok(())
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(super) fn data(&self) -> PathBuf {
        self.path("data")
    }

    pub(super) fn model(&self) -> PathBuf {
        self.path("model/model.onnx")
    }

    pub(super) fn run(&self) -> PathBuf {
        self.path("run")
    }

    /// The table that is audited: `dataset.csv`, or with the attributes joined to it.
    pub(super) fn table(&self, with_attributes: bool) -> anyhow::Result<PathBuf> {
        let plain = self.data().join("dataset.csv");
        if !with_attributes {
            return Ok(plain);
        }
        let joined = self.data().join("dataset-with-attributes.csv");
        let left = TextTable::read(&plain)?;
        let right = TextTable::read(&self.data().join("attributes.csv"))?;
        let mut writer = csv::Writer::from_writer(Vec::new());
        let header = left.columns.iter().chain(&right.columns[1..]);
        writer.write_record(header)?;
        for (row, attributes) in left.cells.iter().zip(&right.cells) {
            if row[0] != attributes[0] {
                bail!("{}: its rows are not those of dataset.csv", self.data().display());
            }
            let cells = row.iter().chain(&attributes[1..]);
            writer.write_record(cells.map(|c| c.as_deref().unwrap_or("")))?;
        }
        let bytes = writer.into_inner().map_err(|e| e.into_error())?;
        write_whole(&joined, &bytes)?;
        Ok(joined)
    }
}

/// The pictures and masks of a world, relative to its folder: those of its table, which comes last; before that, those
/// that are called as ours are.
fn pictures(data: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let table = data.join(TABLES[0]);
    if table.is_file() {
        let table = TextTable::read(&table)?;
        let columns = ["image", "mask"].map(|name| table.columns.iter().position(|c| c == name));
        let cells = table.cells.iter().flat_map(|row| {
            columns.iter().flatten().filter_map(|&at| row[at].as_deref().map(PathBuf::from))
        });
        // A table that was edited names nothing outside the folder.
        let within = |path: &PathBuf| path.components().all(|c| matches!(c, Component::Normal(_)));
        return Ok(cells.filter(within).collect());
    }
    let mut out = Vec::new();
    for kind in ["images", "masks"] {
        for split in entries(&data.join(kind)) {
            let ours = |file: &PathBuf| {
                let stem = file.file_stem().and_then(|stem| stem.to_str());
                let number = stem.is_some_and(|s| s.bytes().all(|b| b.is_ascii_digit()));
                number && file.extension().is_some_and(|ending| ending == "png")
            };
            let files = entries(&split).into_iter().filter(ours);
            out.extend(files.filter_map(|f| f.strip_prefix(data).map(Path::to_owned).ok()));
        }
    }
    Ok(out)
}

/// What a folder holds; nothing where it is none.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let found = std::fs::read_dir(folder).into_iter().flatten();
    found.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect()
}

fn remove(file: &Path) -> anyhow::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| file.display().to_string())
        }
        _ => Ok(()),
    }
}

/// Removes a folder and those in it that hold no file; links are not followed.
fn remove_empty(folder: &Path) {
    let real = std::fs::symlink_metadata(folder).is_ok_and(|found| found.is_dir());
    if real {
        entries(folder).iter().for_each(|inner| remove_empty(inner));
        // A folder that is not empty stays.
        drop(std::fs::remove_dir(folder));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rightly_planted::World;

    #[test]
    fn a_demo_that_is_replaced_loses_what_a_demo_wrote_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("demo");
        let write =
            |name: &str, text: &str| write_whole(&root.join(name), text.as_bytes()).unwrap();
        let ours = [
            "data/attributes.csv",
            "data/images/train/00001.png",
            "data/masks/train/00001.png",
            "model/model.onnx",
            "model/train.json",
            "image-text/tokenizer.json",
            "truth.json",
            "demo.json",
        ];
        let theirs = [
            "notes.txt",
            "data/mine.csv",
            "data/images/train/mine.png",
            "data/images/mine/00001.png",
            "model/notes.txt",
            "run/notes.txt",
        ];
        ours.iter().chain(&theirs).for_each(|name| write(name, "x"));
        let outside = folder.path().join("outside.png");
        std::fs::write(&outside, "x").unwrap();
        write(
            "data/dataset.csv",
            "image,class,mask\nimages/train/00001.png,a,masks/train/00001.png\n../../outside.png,a,\n",
        );
        let world = World::shipped("null").unwrap();
        let claim = |seed, force| Folder::claim(&root, &world, seed, force);
        claim(0, false).unwrap();
        assert!(claim(1, false).is_err());
        claim(1, true).unwrap();
        ours.iter().for_each(|name| assert!(!root.join(name).exists(), "{name}"));
        theirs.iter().for_each(|name| assert!(root.join(name).is_file(), "{name}"));
        assert!(outside.is_file() && !root.join("data/masks").exists());
        claim(1, false).unwrap();
    }
}
