//! Words for subgroups of CIFAR-100's superclasses, through an image-text model: are they true of the pictures?
//!
//! `reference/cifar_words.py` leaves a model, images without captions and attributes, and the names of the 100 fine classes as a
//! list of phrases. A name that is said of a subgroup is true where each fine class that it names makes at least a fifth of the
//! subgroup's confirming images and at least 1.5 times its share of the class. What is not said is no error.

use std::{collections::BTreeMap, path::Path, process::Command};

use rightly::RunDir;
use rightly_data::{dataset::TextTable, table::Table};

use super::titles;

/// Least share of a fine class in a subgroup that is called by it, and how much more frequent it is there than in the class.
const SHARE: f64 = 0.2;
const MORE: f64 = 1.5;
/// Share of the names said that have to be true.
const TRUE: f64 = 0.8;
/// Superclasses on which the rules were chosen: every other one, in the order of their names.
const CHOSEN_ON: &str = "even places";

/// A subgroup's confirming images: fine class of each member, and of each image of the class.
#[derive(Default)]
struct Group {
    inside: Vec<String>,
    class: Vec<String>,
}

impl Group {
    fn is(&self, fine: &str) -> bool {
        let share = |of: &[String]| {
            of.iter().filter(|own| *own == fine).count() as f64 / of.len().max(1) as f64
        };
        let (own, all) = (share(&self.inside), share(&self.class));
        own >= SHARE && own >= MORE * all
    }
}

pub(crate) fn exam(binary: Option<&Path>, folder: &Path, model: &Path) -> anyhow::Result<()> {
    let binary = crate::binary::find(binary)?;
    let run = folder.join("run");
    for stage in ["discover", "interpret"] {
        let mut command = Command::new(&binary);
        command.args([stage, "--quiet", "--format", "csv", "--model"]);
        command.arg(folder.join("model.onnx")).arg("--data").arg(folder.join("table.csv"));
        command.arg("--out").arg(&run);
        if stage == "interpret" {
            command.arg("--image-text").arg(model).arg("--phrases").arg(folder.join("phrases.txt"));
        }
        crate::binary::run(&mut command, &run)?;
    }
    let run = RunDir::open(&run)?;
    let fine = fine(&folder.join("fine.csv"))?;
    let groups = groups(&run, &fine)?;
    let classes: Vec<&String> = {
        let mut all: Vec<&String> = groups.keys().map(|key| &key.0).collect();
        all.dedup();
        all
    };
    println!("Words for photographs ({} subgroups of {} classes):\n", groups.len(), classes.len());
    println!("| class | group | role | words | true |\n|---|---|---|---|---|");
    // Names by whether their class is at an even place, said and true; and by their role.
    let mut halves = [[0_usize; 2]; 2];
    let mut roles = BTreeMap::<String, [usize; 2]>::new();
    for ((class, group), phrase) in titles::phrases(&run)? {
        let Some(own) = groups.get(&(class.clone(), group.clone())) else { continue };
        let (parts, either) = phrase.parts();
        let present = || parts.iter().filter(|part| part.1).map(|part| part.0.replace(' ', "_"));
        let holds = match either {
            true => present().any(|fine| own.is(&fine)),
            false => present().all(|fine| own.is(&fine)) && present().next().is_some(),
        };
        println!(
            "| {class} | {group} | {} | {} | {} |",
            phrase.role,
            phrase.text,
            if holds { "yes" } else { "no" }
        );
        let place = classes.iter().position(|own| **own == class).unwrap_or(0);
        for sum in [&mut halves[place % 2], roles.entry(phrase.role).or_default()] {
            sum[0] += 1;
            sum[1] += usize::from(holds);
        }
    }
    let names = Table::load(&run.path("interpret/names.parquet"))?;
    println!(
        "\n{} phrases separate a group from the rest of its class on held-out images.",
        names.rows()
    );
    for (role, [said, held]) in &roles {
        println!("{role}: {held} of {said} true.");
    }
    for (at, [said, held]) in halves.iter().enumerate() {
        let which = if at == 0 { CHOSEN_ON } else { "odd places (not chosen on)" };
        println!("Superclasses at {which}: {held} of {said} true.");
    }
    let [said, held] = [0, 1].map(|at| halves[0][at] + halves[1][at]);
    let share = held as f64 / said.max(1) as f64;
    let verdict = if said == 0 || share >= TRUE { "passed" } else { "FAILED" };
    println!("All: {held} of {said} names said are true ({share:.2}, wanted {TRUE}): {verdict}.\n");
    for row in run.metrics()?.iter().filter(|m| m.metric == "zero-shot-accuracy") {
        let of = |v: Option<f64>| v.unwrap_or(f64::NAN);
        let what = row.condition.as_deref().unwrap_or("");
        println!(
            "Zero-shot, {what}: {:.2} [{:.2}, {:.2}] of {}.",
            of(row.value),
            of(row.low),
            of(row.high),
            row.n
        );
    }
    Ok(())
}

/// Fine class by image.
fn fine(path: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let table = TextTable::read(path)?;
    let rows = table.cells.into_iter().filter_map(|row| {
        let mut cells = row.into_iter();
        Some((cells.next()??, cells.next()??))
    });
    Ok(rows.collect())
}

/// The confirming images of every subgroup, by class and group.
fn groups(
    run: &RunDir,
    fine: &BTreeMap<String, String>,
) -> anyhow::Result<BTreeMap<(String, String), Group>> {
    let table = Table::load(&run.path("discover/groups.parquet"))?;
    let text = |name: &str| table.texts(name);
    let (id, class, method, part) = (text("id")?, text("class")?, text("method")?, text("part")?);
    let group = table.integers("group")?;
    let mut members = BTreeMap::<(String, String), Vec<(String, Option<i64>)>>::new();
    for at in 0..table.rows() {
        if part[at].as_deref() != Some("confirm") {
            continue;
        }
        if let (Some(id), Some(class), Some(method)) = (&id[at], &class[at], &method[at])
            && let Some(fine) = fine.get(id)
        {
            let key = (class.clone(), method.clone());
            members.entry(key).or_default().push((fine.clone(), group[at]));
        }
    }
    let mut out = BTreeMap::<(String, String), Group>::new();
    for ((class, method), rows) in members {
        let most = rows.iter().filter_map(|row| row.1).max().unwrap_or(0);
        for group in 1..=most {
            let inside = rows.iter().filter(|row| row.1 == Some(group)).map(|row| row.0.clone());
            let own = Group {
                inside: inside.collect(),
                class: rows.iter().map(|row| row.0.clone()).collect(),
            };
            out.insert((class.clone(), format!("{method}/{group}")), own);
        }
    }
    Ok(out)
}
