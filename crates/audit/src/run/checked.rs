//! The one way in which files of a run are written and read: recorded before they appear, checked before they are used.

use std::{fs, path::PathBuf};

use arrow_array::RecordBatch;
use rightly_data::{files::write_whole, table::TableWriter};

use super::{
    GrowingTable, RunDir,
    files::hash_file,
    ledger::{self, Found, LEDGER, Ledger, State},
};
use crate::Error;

impl RunDir {
    /// The same run, whose files are written under `key` from now on: that of the inputs and options behind them.
    pub fn keyed(&self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self.clone() }
    }

    /// Writes a file of the run.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn write(&self, relative: &str, bytes: &[u8]) -> Result<(), Error> {
        self.expect(relative, blake3::hash(bytes).to_hex().to_string())?;
        Ok(write_whole(&self.path(relative), bytes)?)
    }

    /// Writes a table of the run.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn write_table(&self, relative: &str, batch: &RecordBatch) -> Result<(), Error> {
        let mut table = self.table(relative);
        table.add(batch)?;
        table.finish()
    }

    /// A table of the run that is written batch by batch.
    pub(crate) fn table(&self, relative: &str) -> GrowingTable {
        GrowingTable::new(self, relative)
    }

    /// Puts a finished table under its name.
    pub(super) fn finish_table(&self, relative: &str, writer: TableWriter) -> Result<(), Error> {
        writer.finish_after(|partial| self.expect(relative, hash_file(partial)?))
    }

    /// Records a file that another library has just written (an ONNX file, a card).
    ///
    /// # Errors
    /// Where it can't be read.
    pub(crate) fn record(&self, relative: &str) -> Result<(), Error> {
        self.expect(relative, hash_file(&self.path(relative))?)
    }

    /// Takes a file over from another run, with its key.
    ///
    /// # Errors
    /// Where it is not there or was changed, or can't be copied.
    pub fn adopt(&self, from: &Self, relative: &str) -> Result<(), Error> {
        let path = from.checked(relative)?;
        let bytes = fs::read(&path).map_err(Error::io(&path))?;
        let key = match Ledger::find(&from.root)? {
            Found::Whole(ledger) => ledger.key(relative).map(str::to_owned),
            Found::Absent | Found::Damaged => None,
        };
        Self { key, ..self.clone() }.write(relative, &bytes)
    }

    /// Removes a file of the run, where it is there.
    ///
    /// # Errors
    /// Where it can't be removed.
    pub(crate) fn remove(&self, relative: &str) -> Result<(), Error> {
        let path = self.path(relative);
        if path.is_file() {
            fs::remove_file(&path).map_err(Error::io(&path))?;
        }
        ledger::forget(&self.root, relative, &mut self.settled())
    }

    /// The path of a file that the run wrote and that is as it was written.
    ///
    /// # Errors
    /// Names the file where it is missing or holds something else.
    pub fn checked(&self, relative: &str) -> Result<PathBuf, Error> {
        self.existing(relative)?.ok_or_else(|| {
            Error::run(&self.path(relative), "is missing; the stage that writes it has not run")
        })
    }

    /// The path of a file that is as it was written; `None` where the run never wrote it.
    ///
    /// # Errors
    /// Names the file where it holds something else, or was removed.
    pub fn existing(&self, relative: &str) -> Result<Option<PathBuf>, Error> {
        match self.state(relative)? {
            State::Whole(_) => Ok(Some(self.path(relative))),
            State::Absent => Ok(None),
            State::Changed(why) => Err(self.refused(relative, why)?),
        }
    }

    /// How a file of the run is found.
    ///
    /// # Errors
    /// Where it is there and can't be read.
    pub(crate) fn state(&self, relative: &str) -> Result<State, Error> {
        match Ledger::find(&self.root)? {
            Found::Whole(ledger) => ledger.state(&self.root, relative),
            Found::Absent if self.path(relative).is_file() => {
                Ok(State::Changed("carries no checksum"))
            }
            Found::Absent => Ok(State::Absent),
            Found::Damaged => Ok(State::Changed(
                "can't be checked: the run's list of checksums (.work/files.ledger) was changed since it was written",
            )),
        }
    }

    /// Why a file is not read. A run of a version that kept no checksums is refused as a whole.
    fn refused(&self, relative: &str, why: &str) -> Result<Error, Error> {
        Ok(match Ledger::find(&self.root)? {
            Found::Absent => Error::run(
                &self.root,
                format!(
                    "was made by a version of rightly that kept no checksums ({LEDGER}); give another --out, or \
                     --force to make it anew"
                ),
            ),
            _ if relative == "run.toml" => Error::run(
                &self.path(relative),
                format!("{why}; put it back, or give --force to make the run anew"),
            ),
            _ => ledger::refused(self.path(relative), why),
        })
    }

    /// Names of the files that were written under a key.
    pub(super) fn of_key(&self, key: &str) -> Result<Vec<String>, Error> {
        Ok(match Ledger::find(&self.root)? {
            Found::Whole(ledger) => ledger.of_key(key),
            Found::Absent | Found::Damaged => Vec::new(),
        })
    }

    fn expect(&self, relative: &str, hash: String) -> Result<(), Error> {
        ledger::expect(&self.root, relative, hash, self.key.as_deref(), &mut self.settled())
    }

    fn settled(&self) -> std::sync::MutexGuard<'_, Vec<(String, String)>> {
        // A panic elsewhere leaves the list as it was; it only says which writes are done.
        self.written.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
