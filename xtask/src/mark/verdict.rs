//! What ranking and discovery say of the mark.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use rightly::{Finding, RunDir, findings::Kind};

use super::{
    Drawn, Losses, Options, Trial, dynamics_file, model_file, outcomes_file, pictures::Plan,
    table_file,
};

/// Of a finding's images that have to mislead by their mark; half of all held-out images do.
const MOSTLY: f64 = 0.75;
/// Points that the mark has to cost a class that is not marked, for its marked images to be a failing subgroup.
const HURTS: f64 = 0.30;

pub(super) const HEADER: &str = "| seed | drawn | losses | marked classes: right with / without | others: right with / without | \
    rank: marked classes that lean on the mark | others | discover: marked classes whose unmarked images are found | others \
    whose marked images are found | of others that they cost 30 points | other subgroups |\n\
    |---|---|---|---|---|---|---|---|---|---|---|";

pub(super) fn of(binary: &Path, options: &Options, trial: &Trial<'_>) -> anyhow::Result<String> {
    let plan = trial.plan;
    let run = plan.folder.join("run");
    stage(binary, options, trial, &run, "rank")?;
    stage(binary, options, trial, &run, "discover")?;
    let findings = RunDir::open(&run)?.findings()?;
    let cells = Cells::read(plan)?;
    let in_part = |finding: &Finding, marked: bool| {
        let class = plan.classes.iter().position(|c| finding.class.as_deref() == Some(c.as_str()));
        class.is_some_and(|class| (class < plan.marked) == marked)
    };
    let cues =
        |marked: bool| classes(&findings, |f| f.kind == Kind::SpuriousCue && in_part(f, marked));
    // Of a marked class the images without the mark mislead, of another those with it.
    let groups = |marked: bool| {
        classes(&findings, |f| {
            f.kind == Kind::FailingSubgroup
                && in_part(f, marked)
                && cells.share(f, !marked) >= MOSTLY
        })
    };
    let about = |f: &Finding| {
        f.kind == Kind::FailingSubgroup
            && [true, false].iter().any(|&m| in_part(f, m) && cells.share(f, !m) >= MOSTLY)
    };
    let other = findings.iter().filter(|f| f.kind == Kind::FailingSubgroup && !about(f)).count();
    let others = plan.classes.len() - plan.marked;
    let costly = (plan.marked..plan.classes.len())
        .filter(|&class| {
            cells.right(class..class + 1, false) - cells.right(class..class + 1, true) >= HURTS
        })
        .count();
    let pair = |classes: std::ops::Range<usize>| {
        format!("{:.2} / {:.2}", cells.right(classes.clone(), true), cells.right(classes, false))
    };
    Ok(format!(
        "| {} | {} | {} | {} | {} | {} of {} | {} of {others} | {} of {} | {} of {others} | {costly} | {other} |",
        trial.seed,
        if trial.drawn == Drawn::Yes { "yes" } else { "no" },
        if trial.losses == Losses::Recorded { "recorded" } else { "probe" },
        pair(0..plan.marked),
        pair(plan.marked..plan.classes.len()),
        cues(true),
        plan.marked,
        cues(false),
        groups(true),
        plan.marked,
        groups(false),
    ))
}

fn stage(
    binary: &Path,
    options: &Options,
    trial: &Trial<'_>,
    run: &Path,
    stage: &str,
) -> anyhow::Result<()> {
    let folder = &trial.plan.folder;
    let mut command = Command::new(binary);
    command.args([
        stage,
        "--quiet",
        "--format",
        "csv",
        "--seed",
        &trial.seed.to_string(),
        "--model",
    ]);
    command.arg(model_file(folder)).arg("--data").arg(table_file(folder)).arg("--out").arg(run);
    if stage == "discover" {
        command.args(["--method", &options.method]);
        if trial.losses == Losses::Recorded {
            command.arg("--dynamics").arg(dynamics_file(folder));
        }
    }
    crate::binary::run(&mut command, run)
}

/// How many classes have such a finding.
fn classes(findings: &[Finding], keep: impl Fn(&Finding) -> bool) -> usize {
    let with: BTreeSet<Option<&str>> =
        findings.iter().filter(|f| keep(f)).map(|f| f.class.as_deref()).collect();
    with.len()
}

/// Test images by class and mark.
struct Cells<'a> {
    /// Class, mark, right.
    images: BTreeMap<&'a str, (usize, bool, bool)>,
}

impl<'a> Cells<'a> {
    fn read(plan: &'a Plan) -> anyhow::Result<Self> {
        let text = fs::read_to_string(outcomes_file(&plan.folder))?;
        let right: BTreeMap<&str, bool> = text
            .lines()
            .skip(1)
            .filter_map(|line| line.rsplit_once(','))
            .map(|(id, right)| (id, right == "true"))
            .collect();
        let images = plan.pictures.iter().filter_map(|p| {
            right.get(p.id.as_str()).map(|&right| (p.id.as_str(), (p.class, p.marked, right)))
        });
        Ok(Self { images: images.collect() })
    }

    /// Accuracy of images of `classes` with or without the mark.
    fn right(&self, classes: std::ops::Range<usize>, marked: bool) -> f64 {
        let own = self.images.values().filter(|(c, m, _)| classes.contains(c) && *m == marked);
        let hits: Vec<bool> = own.map(|(_, _, right)| *right).collect();
        hits.iter().filter(|&&hit| hit).count() as f64 / hits.len().max(1) as f64
    }

    /// Share of a finding's images with or without the mark.
    fn share(&self, finding: &Finding, marked: bool) -> f64 {
        let own = finding.images.iter().filter_map(|id| self.images.get(id.as_str()));
        let marks: Vec<bool> = own.map(|(_, m, _)| *m).collect();
        marks.iter().filter(|&&m| m == marked).count() as f64 / marks.len().max(1) as f64
    }
}
