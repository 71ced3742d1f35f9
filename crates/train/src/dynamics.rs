//! How each image fared after each epoch: `dynamics.parquet`.
use crate::TrainError;
use crate::measure::Outcome;
use crate::outputs::hash;
use arrow_array::RecordBatch;
use rightly_data::table::{Columns, TableWriter, read, write};
use std::path::{Path, PathBuf};

/// File of one epoch, while training goes on.
fn part(folder: &Path, epoch: usize) -> PathBuf {
    folder.join(format!("dynamics-{epoch:05}.parquet"))
}

/// Writes the rows of one epoch: `id`, `epoch`, `loss`, `correct`, `logit`, in the order of ids. Returns the file's checksum,
/// which [`check`] and [`join`] ask for.
pub(crate) fn write_epoch(
    folder: &Path,
    epoch: usize,
    outcomes: &[(&[String], &[usize], &Outcome)],
) -> Result<String, TrainError> {
    let mut rows: Vec<(&str, f64, bool, f32)> = Vec::new();
    for (ids, order, outcome) in outcomes {
        for (place, &at) in order.iter().enumerate() {
            let (loss, correct) = (outcome.loss[place], outcome.correct[place]);
            rows.push((&ids[at], loss, correct, outcome.logit[place]));
        }
    }
    rows.sort_unstable_by_key(|row| row.0);
    let batch: RecordBatch = Columns::new()
        .utf8("id", rows.iter().map(|row| row.0))
        .i64("epoch", rows.iter().map(|_| epoch as i64))
        .f64("loss", rows.iter().map(|row| row.1))
        .bool("correct", rows.iter().map(|row| row.2))
        .f32("logit", rows.iter().map(|row| row.3))
        .batch()?;
    let part = part(folder, epoch);
    write(&part, &batch)?;
    hash(&part)
}

/// Refuses files of epochs that are not as they were written.
pub(crate) fn check(folder: &Path, epochs: usize, written: &[String]) -> Result<(), TrainError> {
    for epoch in 0..epochs {
        let path = part(folder, epoch);
        let why = match path.exists() {
            false => "is missing",
            true if written.get(epoch) == Some(&hash(&path)?) => continue,
            true => "is not as it was written",
        };
        let folder = folder.display();
        let message = format!("{why}; remove {folder} to train from the beginning");
        return Err(TrainError::Weights { path, message });
    }
    Ok(())
}

/// Joins the epochs' files, which have these checksums, into one table.
pub(crate) fn join(
    folder: &Path,
    epochs: usize,
    written: &[String],
    table: &Path,
) -> Result<(), TrainError> {
    check(folder, epochs, written)?;
    let mut writer: Option<TableWriter> = None;
    for epoch in 0..epochs {
        for batch in read(&part(folder, epoch))? {
            let batch = batch?;
            let writer = match &mut writer {
                Some(writer) => writer,
                None => writer.insert(TableWriter::create(table, batch.schema())?),
            };
            writer.write(&batch)?;
        }
    }
    match writer {
        Some(writer) => Ok(writer.finish()?),
        None => Err(TrainError::Data("no epoch was measured".to_owned())),
    }
}
