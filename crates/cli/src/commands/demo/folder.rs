//! The folder of a demo: whose it is, and what lies where.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use rightly_data::{dataset::TextTable, files::write_whole, planted::World};

/// `D/data`, `D/model`, `D/image-text`, `D/run`, `D/truth.json`, `D/demo.json`.
pub(super) struct Folder {
    root: PathBuf,
}

/// Says which world and seed a folder holds.
const MARKER: &str = ".demo";
/// What a demo leaves; nothing else in the folder is ever touched.
const CONTENTS: [&str; 6] = ["data", "model", "image-text", "run", "truth.json", "demo.json"];

impl Folder {
    /// Takes a folder for a world and a seed: a new or empty one, or one of the same demo, which
    /// goes on.
    pub(super) fn claim(
        root: &Path,
        world: &World,
        seed: u64,
        force: bool,
    ) -> anyhow::Result<Self> {
        let folder = Self { root: root.to_owned() };
        let key = format!("{} of seed {seed}\n{}\n", world.name(), world.fingerprint());
        let marker = folder.path(MARKER);
        match std::fs::read_to_string(&marker) {
            Ok(found) if found == key => return Ok(folder),
            Ok(found) if !force => {
                let what = found.lines().next().unwrap_or_default();
                bail!(
                    "{}: holds another demo ({what}); give another --out, or --force to replace it",
                    root.display()
                );
            }
            Ok(_) => folder.clear()?,
            Err(_) => {
                let taken = CONTENTS.iter().find(|name| folder.path(name).exists());
                if let Some(name) = taken {
                    bail!(
                        "{}: holds a '{name}' that no demo made; give another --out",
                        root.display()
                    );
                }
            }
        }
        write_whole(&marker, key.as_bytes())?;
        Ok(folder)
    }

    fn clear(&self) -> anyhow::Result<()> {
        for name in CONTENTS {
            let path = self.path(name);
            let gone = if path.is_dir() {
                std::fs::remove_dir_all(&path)
            } else if path.exists() {
                std::fs::remove_file(&path)
            } else {
                Ok(())
            };
            gone.with_context(|| path.display().to_string())?;
        }
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
