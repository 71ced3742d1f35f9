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
/// Accuracy that the mark, or its absence, has to cost a class to be a truth.
const HURTS: f64 = 0.30;

pub(super) const HEADER: &str = "Classes in which the mark costs 30 points are the truths; in brackets, those of the other classes that are named.\n\n\
    | seed | drawn | losses | marked classes: right with / without | others: right with / without | rank: marked classes that lean \
    on the mark | others that lean on its absence | discover: marked classes whose unmarked images are found | others whose marked \
    images are found | subgroups about something else |\n|---|---|---|---|---|---|---|---|---|---|";

pub(super) fn of(binary: &Path, options: &Options, trial: &Trial<'_>) -> anyhow::Result<String> {
    let plan = trial.plan;
    // A run keeps the losses that it was given, so each has its own.
    let run = plan.folder.join(match trial.losses {
        Losses::Probe => "run-probe",
        Losses::Recorded => "run-recorded",
    });
    stage(binary, options, trial, &run, "rank")?;
    stage(binary, options, trial, &run, "discover")?;
    let findings = RunDir::open(&run)?.findings()?;
    let cells = Cells::read(plan)?;
    let class_of = |f: &Finding| plan.classes.iter().position(|c| f.class.as_deref() == Some(c));
    // Of a marked class the images without the mark mislead, of another those with it.
    let misled = |f: &Finding| {
        let class = class_of(f)?;
        let about =
            f.kind == Kind::FailingSubgroup && cells.share(f, class >= plan.marked) >= MOSTLY;
        about.then_some(class)
    };
    let leans = |f: &Finding| {
        let class = class_of(f)?;
        let mark = if class < plan.marked { "mark: yes" } else { "mark: no" };
        (f.kind == Kind::SpuriousCue && f.title.contains(mark)).then_some(class)
    };
    let leaning: BTreeSet<usize> = findings.iter().filter_map(leans).collect();
    let misled_in: BTreeSet<usize> = findings.iter().filter_map(misled).collect();
    let other =
        findings.iter().filter(|f| f.kind == Kind::FailingSubgroup && misled(f).is_none()).count();
    let counted = |named: &BTreeSet<usize>, classes: std::ops::Range<usize>| {
        let truths: BTreeSet<usize> = classes
            .clone()
            .filter(|&class| cells.cost(class, class < plan.marked) >= HURTS)
            .collect();
        let named: BTreeSet<usize> =
            named.iter().copied().filter(|c| classes.contains(c)).collect();
        format!(
            "{} of {} ({})",
            named.intersection(&truths).count(),
            truths.len(),
            named.difference(&truths).count()
        )
    };
    let (marked, others) = (0..plan.marked, plan.marked..plan.classes.len());
    let pair = |classes: std::ops::Range<usize>| {
        format!("{:.2} / {:.2}", cells.right(classes.clone(), true), cells.right(classes, false))
    };
    Ok(format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {other} |",
        trial.seed,
        if trial.drawn == Drawn::Yes { "yes" } else { "no" },
        if trial.losses == Losses::Recorded { "recorded" } else { "probe" },
        pair(marked.clone()),
        pair(others.clone()),
        counted(&leaning, marked.clone()),
        counted(&leaning, others.clone()),
        counted(&misled_in, marked),
        counted(&misled_in, others),
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
        // By name: the exam's figures must not depend on what is installed.
        "--engine",
        "rten",
        "--model",
    ]);
    command.arg(model_file(folder)).arg("--data").arg(table_file(folder)).arg("--out").arg(run);
    if stage == "rank" {
        command.args(["--top", &options.top.to_string()]);
    }
    if stage == "discover" {
        command.args(["--method", &options.method]);
        if trial.losses == Losses::Recorded {
            command.arg("--dynamics").arg(dynamics_file(folder));
        }
    }
    crate::binary::run(&mut command, run)
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

    /// Accuracy that a class loses where its images carry the mark, or lack it.
    fn cost(&self, class: usize, lacking: bool) -> f64 {
        let right = |marked| self.right(class..class + 1, marked);
        right(lacking) - right(!lacking)
    }

    /// Share of a finding's images with or without the mark.
    fn share(&self, finding: &Finding, marked: bool) -> f64 {
        let own = finding.images.iter().filter_map(|id| self.images.get(id.as_str()));
        let marks: Vec<bool> = own.map(|(_, m, _)| *m).collect();
        marks.iter().filter(|&&m| m == marked).count() as f64 / marks.len().max(1) as f64
    }
}
