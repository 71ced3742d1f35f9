//! `images.parquet`: one wide row an image, for other tools (pandas, FiftyOne, Spotlight): what every stage says of it.

use std::collections::BTreeMap;

use rightly_data::table::{Columns, Table};

use crate::{Error, Inputs, RunDir, discover, dynamics, evaluate, mitigate, rank};

/// The file's name in a run.
const FILE: &str = "images.parquet";
/// Conditions whose outcome is no column: noise has trials and levels, and controls are the same elsewhere.
fn left_out(condition: &str) -> bool {
    let control = match condition.strip_prefix("overlay/") {
        Some(overlay) => overlay.ends_with("/control"),
        None => condition.ends_with("/control") || condition == "gray-control",
    };
    control || condition.starts_with("noise-")
}

/// Values of a column by image.
type By<T> = BTreeMap<String, T>;

/// Writes it from the tables of the stages that have finished; nothing where no image was evaluated.
///
/// # Errors
/// A table of the run was changed since it was written, can't be read, or can't be written.
pub(crate) fn write(inputs: &Inputs, run: &RunDir) -> Result<(), Error> {
    let Some(samples) = run.file_of(evaluate::STAGE, "samples.parquet")? else { return Ok(()) };
    let samples = Table::load(&samples)?;
    let ids: Vec<String> = samples.texts("id")?.into_iter().flatten().collect();
    let text = |name: &str| samples.texts(name);
    let mut columns = Columns::new()
        .utf8("id", &ids)
        .utf8_opt("image", text("image")?)
        .utf8_opt("class", text("class")?)
        .utf8_opt("split", text("split")?);
    let clean = answers(run)?;
    let labels = inputs.classifier.labels();
    let answer = |id: &String| {
        let output = clean.clean.get(id)?.0;
        usize::try_from(output).ok().and_then(|at| labels.get(at)).cloned()
    };
    columns = columns
        .utf8_opt("answer", ids.iter().map(answer))
        .bool_opt("correct", ids.iter().map(|id| clean.clean.get(id).map(|c| c.1)))
        .f64_opt("confidence", ids.iter().map(|id| clean.clean.get(id).map(|c| c.2)))
        .f64_opt("loss", ids.iter().map(|id| clean.clean.get(id).map(|c| c.3)));
    for (condition, right) in &clean.under {
        let name = format!("correct:{condition}");
        columns = columns.bool_opt(&name, ids.iter().map(|id| right.get(id).copied()));
    }
    for (name, values) in numbers(run)? {
        // Dynamics are of the images of training, which mostly are others.
        if ids.iter().any(|id| values.contains_key(id)) {
            columns = columns.f64_opt(name, ids.iter().map(|id| values.get(id).copied()));
        }
    }
    if let Some(ranks) = ranks(run)? {
        columns = columns.i64_opt("rank", ids.iter().map(|id| ranks.get(id).copied()));
    }
    if let Some(groups) = subgroups(run)? {
        columns = columns.utf8_opt("subgroup", ids.iter().map(|id| groups.get(id)));
    }
    for (name, right) in repaired(run)? {
        columns = columns.bool_opt(&name, ids.iter().map(|id| right.get(id).copied()));
    }
    run.keyed("").write_table(FILE, &columns.batch()?)
}

/// The model's answers.
#[derive(Default)]
struct Answers {
    /// Output, whether it is right, confidence, loss.
    clean: By<(i64, bool, f64, f64)>,
    /// Whether it is right under each other condition.
    under: BTreeMap<String, By<bool>>,
}

fn answers(run: &RunDir) -> Result<Answers, Error> {
    let mut out = Answers::default();
    let Some(path) = run.file_of(evaluate::STAGE, "predictions.parquet")? else { return Ok(out) };
    let table = Table::load(&path)?;
    let (ids, conditions) = (table.texts("id")?, table.texts("condition")?);
    let (outputs, correct) = (table.integers("output")?, table.texts("correct")?);
    let (confidence, loss) = (table.floats("confidence")?, table.floats("loss")?);
    for at in 0..table.rows() {
        let (Some(id), Some(condition), Some(output), Some(correct)) =
            (&ids[at], &conditions[at], outputs[at], &correct[at])
        else {
            continue;
        };
        let right = correct == "true";
        if condition == "none" {
            if let (Some(confidence), Some(loss)) = (confidence[at], loss[at]) {
                out.clean.insert(id.clone(), (output, right, confidence, loss));
            }
        } else if !left_out(condition) {
            out.under.entry(condition.clone()).or_default().insert(id.clone(), right);
        }
    }
    Ok(out)
}

/// Numbers of single images, each with the name of its column.
fn numbers(run: &RunDir) -> Result<Vec<(&'static str, By<f64>)>, Error> {
    let mut out: Vec<(&'static str, By<f64>)> = Vec::new();
    let of = |table: &Table, column: &str| -> Result<By<f64>, Error> {
        let rows = table.texts("id")?.into_iter().zip(table.floats(column)?);
        let mut values = By::new();
        // Rows of the first layer come first.
        rows.filter_map(|(id, value)| Some((id?, value?))).for_each(|(id, value)| {
            values.entry(id).or_insert(value);
        });
        Ok(values)
    };
    if let Some(path) = run.file_of(evaluate::STAGE, "measures/saliency.parquet")? {
        let table = Table::load(&path)?;
        for (column, name) in [("iou", "cam_iou"), ("mass", "cam_mass")] {
            out.push((name, of(&table, column)?));
        }
    }
    if let Some(path) = run.file_of(rank::STAGE, "rank/spuriosity.parquet")? {
        let table = Table::load(&path)?;
        out.push(("spuriosity", of(&table, "spuriosity")?));
    }
    if let Some(path) = run.file_of(dynamics::STAGE, "dynamics.parquet")? {
        let table = Table::load(&path)?;
        let (ids, epochs) = (table.texts("id")?, table.integers("epoch")?);
        let mut last = By::<(i64, f64)>::new();
        for ((id, epoch), loss) in ids.into_iter().zip(epochs).zip(table.floats("loss")?) {
            if let (Some(id), Some(epoch), Some(loss)) = (id, epoch, loss) {
                let own = last.entry(id).or_insert((epoch, loss));
                if epoch >= own.0 {
                    *own = (epoch, loss);
                }
            }
        }
        let loss = last.into_iter().map(|(id, (_, loss))| (id, loss)).collect();
        out.push(("training_loss", loss));
    }
    Ok(out)
}

/// Places in the ranking of each class.
fn ranks(run: &RunDir) -> Result<Option<By<i64>>, Error> {
    let Some(path) = run.file_of(rank::STAGE, "rank/spuriosity.parquet")? else { return Ok(None) };
    let table = Table::load(&path)?;
    let rows = table.texts("id")?.into_iter().zip(table.integers("rank")?);
    Ok(Some(rows.filter_map(|(id, rank)| Some((id?, rank?))).collect()))
}

/// The subgroup of each confirming image, `METHOD/K`, by the first method.
fn subgroups(run: &RunDir) -> Result<Option<By<String>>, Error> {
    let Some(path) = run.file_of(discover::STAGE, "discover/groups.parquet")? else {
        return Ok(None);
    };
    let table = Table::load(&path)?;
    let (ids, methods) = (table.texts("id")?, table.texts("method")?);
    let (groups, parts) = (table.integers("group")?, table.texts("part")?);
    let first = methods.iter().flatten().next().cloned();
    let mut out = By::new();
    for at in 0..table.rows() {
        if let (Some(id), Some(group)) = (&ids[at], groups[at])
            && methods[at] == first
            && parts[at].as_deref() == Some("confirm")
            && let Some(method) = &first
        {
            out.insert(id.clone(), format!("{method}/{group}"));
        }
    }
    Ok(Some(out))
}

/// Whether each image is right after each repair.
fn repaired(run: &RunDir) -> Result<Vec<(String, By<bool>)>, Error> {
    if run.stage(mitigate::STAGE)?.is_none() {
        return Ok(Vec::new());
    }
    let mut out = Vec::new();
    for verdict in mitigate::verdicts(run)? {
        let file = format!("mitigate/{}/predictions.parquet", verdict.repair);
        let Some(path) = run.file_of(mitigate::STAGE, &file)? else { continue };
        let table = Table::load(&path)?;
        let rows = table.texts("id")?.into_iter().zip(table.texts("after")?);
        let right = rows.filter_map(|(id, after)| Some((id?, after? == "true"))).collect();
        out.push((format!("correct:after/{}", verdict.repair), right));
    }
    Ok(out)
}
