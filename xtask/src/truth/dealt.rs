//! A run whose outcomes and losses are dealt anew among the images of each class: what is found there is chance.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use rand::seq::SliceRandom;
use rightly::{RunDir, features::outcomes_of};
use rightly_data::table::{Columns, Table, write};
use rightly_stats::rng::keyed;

use super::world::World;

/// Takes the files of a folder over from another run.
pub(crate) fn adopt_folder(run: &RunDir, from: &RunDir, folder: &str) -> anyhow::Result<()> {
    for entry in fs::read_dir(from.path(folder))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            run.adopt(from, &format!("{folder}/{}", entry.file_name().to_string_lossy()))?;
        }
    }
    Ok(())
}

/// Copies the features of the world's run to `out`, its outcomes dealt anew, and writes its dynamics dealt alike to
/// `dynamics.parquet` beside it, whose path is returned.
pub(crate) fn deal(world: &World, out: &Path) -> anyhow::Result<PathBuf> {
    let run = RunDir::new(out);
    for folder in ["features", ".work/features"] {
        adopt_folder(&run, &world.run, folder)?;
    }
    run.adopt(&world.run, "run.toml")?;
    let outcomes = outcomes_of("model");
    let path = run.path(&outcomes);
    let table = Table::load(&path)?;
    let (ids, classes) = (table.texts("id")?, table.texts("class")?);
    let splits = table.texts("split")?;
    // Which row each row takes its outcome from.
    let mut rows: BTreeMap<(Option<String>, Option<String>), Vec<usize>> = BTreeMap::new();
    for (at, key) in classes.iter().cloned().zip(splits.iter().cloned()).enumerate() {
        rows.entry(key).or_default().push(at);
    }
    let mut from: Vec<usize> = (0..ids.len()).collect();
    for (key, rows) in rows {
        let mut dealt = rows.clone();
        dealt.shuffle(&mut keyed(0, "dealt anew", &format!("{key:?}"), 0));
        rows.iter().zip(dealt).for_each(|(&row, other)| from[row] = other);
    }
    let integers = |name: &str| table.integers(name);
    let (output, correct) = (integers("output")?, integers("correct")?);
    let (confidence, loss) = (table.floats("confidence")?, table.floats("loss")?);
    let (wrong, shares) =
        (table.lists_f32("wrong_outputs")?, table.lists_f32("wrong_probabilities")?);
    let whole = |list: &Option<Vec<f32>>| -> Vec<i64> {
        list.iter().flatten().map(|&output| output as i64).collect()
    };
    let batch = Columns::new()
        .utf8_opt("id", ids.iter().map(Option::as_deref))
        .utf8_opt("class", classes.iter().map(Option::as_deref))
        .utf8_opt("split", splits.iter().map(Option::as_deref))
        .i64("output", from.iter().map(|&at| output[at].unwrap_or_default()))
        .bool("correct", from.iter().map(|&at| correct[at] == Some(1)))
        .f32("confidence", from.iter().map(|&at| confidence[at].unwrap_or_default() as f32))
        .f32("loss", from.iter().map(|&at| loss[at].unwrap_or_default() as f32))
        .list_i64("wrong_outputs", from.iter().map(|&at| whole(&wrong[at])))
        .list_f32(
            "wrong_probabilities",
            from.iter().map(|&at| shares[at].clone().unwrap_or_default()),
        )
        .batch()?;
    run.write_table(&outcomes, &batch)?;

    // An image that lends its outcome lends its losses.
    let lender: BTreeMap<&str, &str> = from
        .iter()
        .enumerate()
        .filter_map(|(at, &other)| Some((ids[at].as_deref()?, ids[other].as_deref()?)))
        .collect();
    let dynamics = Table::load(&world.run.path("dynamics.parquet"))?;
    let (ids, epochs) = (dynamics.texts("id")?, dynamics.integers("epoch")?);
    let losses = dynamics.floats("loss")?;
    let mut by_image: BTreeMap<&str, Vec<(i64, f64)>> = BTreeMap::new();
    for ((id, epoch), loss) in ids.iter().zip(epochs).zip(losses) {
        if let (Some(id), Some(epoch), Some(loss)) = (id, epoch, loss) {
            by_image.entry(id).or_default().push((epoch, loss));
        }
    }
    let rows: Vec<(&str, i64, f64)> = by_image
        .keys()
        .filter_map(|&id| Some((id, by_image.get(lender.get(id)?)?)))
        .flat_map(|(id, own)| own.iter().map(move |&(epoch, loss)| (id, epoch, loss)))
        .collect();
    let batch = Columns::new()
        .utf8("id", rows.iter().map(|r| r.0))
        .i64("epoch", rows.iter().map(|r| r.1))
        .f64("loss", rows.iter().map(|r| r.2))
        .batch()?;
    let path = out.with_extension("dynamics.parquet");
    write(&path, &batch)?;
    Ok(path)
}
