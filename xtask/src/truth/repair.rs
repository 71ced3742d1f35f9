//! Repair: what the worst group gains by discovered groups, by random ones, and by the planted ones, which nobody knows.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context;
use rightly::{
    Metric, RunDir,
    metrics::{POOLED, find},
    mitigate::verdicts,
};
use rightly_data::table::{Columns, Table, write};

use super::{
    dealt::adopt_folder,
    world::{Plain, Planter, World},
};

/// Repairs that are examined.
const REPAIRS: [&str; 2] = ["dim", "group-dro"];
/// Fewest images of a planted group that can be the worst.
const FEWEST: f64 = 20.0;

/// One world: worst discovered group and overall accuracy before, and of each repair after, with random groups, with planted
/// groups.
struct Row {
    before: [f64; 2],
    /// Worst group, overall accuracy, worst group with random groups, worst planted group.
    after: [[f64; 4]; 2],
    worst_planted: f64,
    /// With the planted groups: worst discovered group and worst planted group.
    known: Option<[f64; 2]>,
    claimed: usize,
}

pub(crate) fn exam(planter: &Planter, worlds: &[String], seeds: u64) -> anyhow::Result<()> {
    println!(
        "Repair (accuracy of the worst discovered group, of the worst planted group, over all images; known: GroupDRO with the \
         planted groups):\n\n| world | seed | before: worst, planted, all | dim: worst, planted, all | its random groups: worst \
         | group-dro: worst, planted, all | its random groups: worst | known: worst, planted | repairs said to help |\n\
         |---|---|---|---|---|---|---|---|---|"
    );
    let mut rows = BTreeMap::<&str, Vec<Row>>::new();
    for name in worlds {
        for seed in 0..seeds {
            let world = planter.plant(name, seed, Plain::No)?;
            let row = planter.repaired(&world)?;
            let [dim, dro] = row.after;
            let known =
                row.known.map_or_else(|| "–".to_owned(), |[w, p]| format!("{w:.2}, {p:.2}"));
            println!(
                "| {name} | {seed} | {:.2}, {:.2}, {:.3} | {:.2}, {:.2}, {:.3} | {:.2} | {:.2}, {:.2}, {:.3} | {:.2} | {known} | \
                 {} of {} |",
                row.before[0],
                row.worst_planted,
                row.before[1],
                dim[0],
                dim[3],
                dim[1],
                dim[2],
                dro[0],
                dro[3],
                dro[1],
                dro[2],
                row.claimed,
                REPAIRS.len()
            );
            rows.entry(name).or_default().push(row);
        }
    }
    println!(
        "\n| world | repair | worst group gains | beyond random groups | overall accuracy |\n|---|---|---|---|---|"
    );
    for (name, rows) in &rows {
        for (at, repair) in REPAIRS.iter().enumerate() {
            let mean = |of: &dyn Fn(&Row) -> f64| {
                let values: Vec<f64> = rows.iter().map(of).collect();
                format!(
                    "{:+.3} (least {:+.3})",
                    values.iter().sum::<f64>() / values.len() as f64,
                    values.iter().copied().fold(f64::INFINITY, f64::min)
                )
            };
            println!(
                "| {name} | {repair} | {} | {} | {} |",
                mean(&|row| row.after[at][0] - row.before[0]),
                mean(&|row| row.after[at][0] - row.after[at][2]),
                mean(&|row| row.after[at][1] - row.before[1]),
            );
        }
    }
    println!();
    Ok(())
}

impl Planter {
    fn repaired(&self, world: &World) -> anyhow::Result<Row> {
        let run = world.folder.join("methods/repair");
        copy(world, &run)?;
        self.mitigate(world, &run, &REPAIRS.join(","), None)?;
        let own = RunDir::open(&run)?;
        let metrics = own.metrics()?;
        let value = |metric: &str, condition: &str| value(&metrics, metric, condition);
        let mut after = [[0.0; 4]; 2];
        for (at, repair) in REPAIRS.iter().enumerate() {
            let condition = format!("after/{repair}");
            let random = match at {
                0 => "after/random-groups".to_owned(),
                _ => format!("after/random-groups/{repair}"),
            };
            after[at] = [
                value("worst-group-accuracy", &condition)?,
                value("accuracy", &condition)?,
                value("worst-group-accuracy", &random)?,
                worst_planted(world, &own, repair, "after")?,
            ];
        }
        let known = match world.truths.is_empty() {
            true => None,
            false => Some(self.with_planted(world)?),
        };
        Ok(Row {
            before: [value("worst-group-accuracy", "before")?, value("accuracy", "before")?],
            after,
            worst_planted: worst_planted(world, &own, REPAIRS[0], "before")?,
            known,
            claimed: verdicts(&own)?.iter().filter(|verdict| verdict.helps()).count(),
        })
    }

    /// Worst discovered and worst planted group of a head that was trained for the planted ones.
    fn with_planted(&self, world: &World) -> anyhow::Result<[f64; 2]> {
        let run = world.folder.join("methods/repair-planted");
        copy(world, &run)?;
        let mut rows = BTreeMap::<&str, &str>::new();
        for truth in &world.truths {
            rows.extend(truth.ids.iter().map(|id| (id.as_str(), truth.value.as_str())));
        }
        let file = run.join("planted.parquet");
        let table = Columns::new().utf8("id", rows.keys()).utf8("group", rows.values()).batch()?;
        write(&file, &table)?;
        self.mitigate(world, &run, "group-dro", Some(&file))?;
        let own = RunDir::open(&run)?;
        // The discovered groups are those of the other run.
        let discovered = Table::load(&world.run.path("discover/groups.parquet"))?;
        let (id, class) = (discovered.texts("id")?, discovered.texts("class")?);
        let (method, group) = (discovered.texts("method")?, discovered.integers("group")?);
        let mut groups = BTreeMap::<String, String>::new();
        for at in 0..id.len() {
            if let (Some(id), Some(class), Some(method), Some(group)) =
                (&id[at], &class[at], &method[at], group[at])
            {
                groups.insert(id.clone(), format!("{class} {method}/{group}"));
            }
        }
        let right = answers(&own, "group-dro", "after")?;
        let worst =
            lowest(right.iter().filter_map(|(id, hit)| Some((groups.get(id)?.clone(), *hit))));
        Ok([worst, worst_planted(world, &own, "group-dro", "after")?])
    }
}

/// A run with what discovery left in the world's.
fn copy(world: &World, run: &Path) -> anyhow::Result<()> {
    if run.is_dir() {
        fs::remove_dir_all(run)?;
    }
    let run = RunDir::new(run);
    for folder in ["features", ".work/features", "discover"] {
        adopt_folder(&run, &world.run, folder)?;
    }
    for file in ["run.toml", ".work/stages/discover.json"] {
        run.adopt(&world.run, file)?;
    }
    Ok(())
}

fn value(metrics: &[Metric], metric: &str, condition: &str) -> anyhow::Result<f64> {
    let found = find(metrics, metric, Some(condition), POOLED).and_then(|m| m.value);
    found.with_context(|| format!("{metric} {condition}: no value"))
}

/// Whether each answer is right.
fn answers(run: &RunDir, repair: &str, when: &str) -> anyhow::Result<BTreeMap<String, bool>> {
    let table = Table::load(&run.path(&format!("mitigate/{repair}/predictions.parquet")))?;
    let rows = table.texts("id")?.into_iter().zip(table.integers(when)?);
    Ok(rows.filter_map(|(id, right)| Some((id?, right? == 1))).collect())
}

/// Accuracy of the worst planted group; not a number where nothing is planted.
fn worst_planted(world: &World, run: &RunDir, repair: &str, when: &str) -> anyhow::Result<f64> {
    let right = answers(run, repair, when)?;
    let of = world.truths.iter().flat_map(|truth| {
        let name = format!("{} {}", truth.class, truth.value);
        let own = truth.ids.iter().filter_map(|id| right.get(id).copied());
        own.map(move |hit| (name.clone(), hit)).collect::<Vec<_>>()
    });
    Ok(lowest(of))
}

fn lowest(answers: impl Iterator<Item = (String, bool)>) -> f64 {
    let mut groups = BTreeMap::<String, [f64; 2]>::new();
    for (group, hit) in answers {
        let sum = groups.entry(group).or_default();
        sum[0] += f64::from(u8::from(hit));
        sum[1] += 1.0;
    }
    let large = groups.values().filter(|sum| sum[1] >= FEWEST).map(|sum| sum[0] / sum[1]);
    large.fold(f64::NAN, f64::min)
}
