//! The answer of a run in a few words: `verdict.json`. Terminal, report and gate read this one, so that they agree.
//!
//! | field | holds |
//! |---|---|
//! | `verdict` | one of [`Answer`] |
//! | `sentence` | the answer as one sentence |
//! | `classes` | the classes with a finding, worst first, each with its cue where it has one |
//! | `figures` | the headline figures with n and interval |
//! | `findings` | by kind, each cause once: what another one explains stands under it |
//! | `left_out` | what was not measured, and why |
//! | `next` | what to do, the most useful first |
//!
//! # Rules
//! 1. No usable image, or accuracy that is not shown to be above chance: `meaningless`. Too few images for any model to be: `not-shown`.
//! 2. The model *leans* where a cue, an overlay or a class that keeps its accuracy without its object was found, or where the
//!    accuracy without the object says so ([`Need`]). It *fails* where a subgroup or a class was found that fails. Both:
//!    `mixed`; one: `leans-on-surroundings`, `fails-on-subgroups`.
//!    A class without an interval is named and decides nothing.
//! 3. Neither: `right-reasons` where the object is shown to be needed, and cues and subgroups were looked for in at least half of
//!    the classes. Else `not-shown`.

mod causes;
mod needed;
mod sentence;
mod steps;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use rightly_data::table::Table;
use serde::{Deserialize, Serialize};

pub use causes::Cause;
pub use needed::{Hidden, Need, needed};
pub use steps::Step;

use crate::{
    Context, Error, Event, Finding, InputOptions, Metric, RunDir,
    audit::LeftOut,
    discover, evaluate,
    findings::{AT_CHANCE, Kind, TOO_FEW},
    metrics::{MEAN, POOLED, find},
    mitigate, rank,
    run::{State, model_name},
};
use causes::{Cues, causes};

/// The file's name in a run.
pub const FILE: &str = "verdict.json";

/// What is said of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It needs the object, and neither a cue nor a failing subgroup was found.
    RightReasons,
    /// It leans on cues beside the object.
    LeansOnSurroundings,
    /// It fails on subgroups or classes.
    FailsOnSubgroups,
    /// Both.
    Mixed,
    /// The images don't tell.
    NotShown,
    /// It is not shown to be better than chance, or no image could be evaluated: no figure means anything.
    Meaningless,
}

impl Answer {
    /// The name in `verdict.json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::RightReasons => "right-reasons",
            Self::LeansOnSurroundings => "leans-on-surroundings",
            Self::FailsOnSubgroups => "fails-on-subgroups",
            Self::Mixed => "mixed",
            Self::NotShown => "not-shown",
            Self::Meaningless => "meaningless",
        }
    }
}

/// The answer of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// What is said of the model.
    pub verdict: Answer,
    /// The same as one sentence.
    pub sentence: String,
    /// Classes with a finding, the worst first.
    pub classes: Vec<FaultyClass>,
    /// The headline figures.
    pub figures: Vec<Headline>,
    /// Causes by kind, the worst first.
    pub findings: BTreeMap<Kind, Vec<Cause>>,
    /// What was not measured.
    pub left_out: Vec<LeftOut>,
    /// What to do, the most useful first.
    pub next: Vec<Step>,
}

/// A class with a finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaultyClass {
    /// Its name.
    pub class: String,
    /// Images of it.
    pub n: usize,
    /// Share of them that are right, as photographed.
    pub accuracy: Option<f64>,
    /// What it leans on, where a cue was found.
    pub cue: Option<String>,
    /// Kinds of its findings.
    pub kinds: Vec<Kind>,
}

/// A headline figure: a share of images that are right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Headline {
    /// What was done to the pictures, in words.
    pub name: String,
    /// The condition, as `metrics.json` has it.
    pub condition: String,
    /// The share.
    pub value: Option<f64>,
    /// Lower bound of its 95 % interval.
    pub low: Option<f64>,
    /// Upper bound.
    pub high: Option<f64>,
    /// Images.
    pub n: usize,
    /// Clusters behind it, where the run is clustered.
    pub clusters: Option<usize>,
}

/// Writes `verdict.json` from what the stages of a run left.
///
/// # Errors
/// A file of the run was changed since it was written, or can't be read or written.
pub(crate) fn write(run: &RunDir) -> Result<(), Error> {
    let verdict = of_run(run)?;
    let text = serde_json::to_string_pretty(&verdict)
        .map_err(|error| Error::run(&run.path(FILE), error.to_string()))?;
    run.keyed("").write(FILE, format!("{text}\n").as_bytes())
}

/// Writes it after a stage. A damaged file of another stage is no reason to lose this one: that is said when the other stage
/// runs, or when the verdict is read. Until then there is none, rather than one of other figures.
///
/// # Errors
/// Where an old one can't be removed.
pub(crate) fn follow(run: &RunDir) -> Result<(), Error> {
    if write(run).is_ok() {
        return Ok(());
    }
    let path = run.path(FILE);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io(&path)(error)),
        _ => Ok(()),
    }
}

/// Writes it again where it is gone or was changed since it was written.
///
/// # Errors
/// As [`follow`].
pub(crate) fn renew(context: &Context<'_>) -> Result<(), Error> {
    match context.run.state(FILE)? {
        State::Whole(_) => return Ok(()),
        State::Absent => {}
        State::Changed(why) => {
            let file = context.run.path(FILE);
            context.say(Event::Damaged(format!("{}: {why}; written again", file.display())));
        }
    }
    follow(context.run)
}

/// The verdict of a run: its file, or, where that is of other findings or of another version, what its figures and findings say.
/// The places of the findings that it names are there.
///
/// # Errors
/// A file of the run was changed since it was written, or can't be read.
pub fn read(run: &RunDir) -> Result<Verdict, Error> {
    if !run.path(FILE).is_file() {
        return of_run(run);
    }
    let path = run.checked(FILE)?;
    let text = std::fs::read(&path).map_err(Error::io(&path))?;
    let found = run.findings()?;
    match serde_json::from_slice::<Verdict>(&text) {
        Ok(verdict) if verdict.is_of(&found) => Ok(verdict),
        _ => of_run(run),
    }
}

impl Verdict {
    /// Whether its causes are these findings, each of them once.
    fn is_of(&self, findings: &[Finding]) -> bool {
        let causes = || self.findings.values().flatten();
        let named = |cause: &Cause| findings.get(cause.finding).map(|f| f.title == cause.title);
        let mut places: Vec<usize> = causes()
            .flat_map(|cause| cause.explains.iter().copied().chain([cause.finding]))
            .collect();
        places.sort_unstable();
        places.into_iter().eq(0..findings.len()) && causes().all(|c| named(c) == Some(true))
    }
}

fn of_run(run: &RunDir) -> Result<Verdict, Error> {
    let manifest = run.manifest()?;
    let (metrics, findings) = (run.metrics()?, run.findings()?);
    let model = model_name(&manifest.inputs.model);
    let evidence = Evidence {
        model: &model,
        inputs: &manifest.inputs,
        cluster: manifest.cluster.as_deref(),
        stages: manifest.stages.keys().map(String::as_str).collect(),
        metrics: &metrics,
        findings: &findings,
        judged: judged(run)?,
    };
    let causes = causes(&findings, &Cues::of(run)?);
    let repairs = match evidence.ran(mitigate::STAGE) {
        true => mitigate::verdicts(run)?,
        false => Vec::new(),
    };
    let left_out = left_out(run, &evidence)?;
    let hidden = needed(&metrics);
    let judged = judge(&evidence, &causes, hidden.as_ref());
    Ok(Verdict {
        verdict: judged,
        sentence: sentence::sentence(&evidence, judged, &causes, hidden.as_ref()),
        classes: faulty(&evidence, &causes),
        figures: figures(&metrics, hidden.as_ref()),
        next: steps::steps(&evidence, judged, &causes, &repairs),
        findings: by_kind(causes),
        left_out,
    })
}

/// What a verdict is made of.
struct Evidence<'a> {
    /// The model's name.
    model: &'a str,
    inputs: &'a InputOptions,
    cluster: Option<&'a str>,
    /// Stages that ran.
    stages: BTreeSet<&'a str>,
    metrics: &'a [Metric],
    findings: &'a [Finding],
    /// Classes of whose important features it is known whether they are spurious. Where none is, nothing is ranked.
    judged: BTreeSet<String>,
}

impl Evidence<'_> {
    fn has(&self, title: &str) -> bool {
        self.findings.iter().any(|f| f.kind == Kind::DataProblem && f.title == title)
    }

    fn clean(&self) -> Option<&Metric> {
        find(self.metrics, "accuracy", Some("none"), POOLED).filter(|clean| clean.n > 0)
    }

    /// Accuracy of every class, as photographed.
    fn of_classes(&self) -> impl Iterator<Item = (&str, &Metric)> {
        let clean = |m: &&Metric| m.metric == "accuracy" && m.condition.as_deref() == Some("none");
        let own = self.metrics.iter().filter(|m| m.stage == evaluate::STAGE).filter(clean);
        own.filter_map(|m| Some((m.class.as_deref()?, m)))
            .filter(|(class, m)| ![POOLED, MEAN].contains(class) && m.n > 0)
    }

    fn looked(&self) -> Looked {
        let of = |metric: &str| -> BTreeSet<&str> {
            let own = self.metrics.iter().filter(|m| m.metric == metric && m.value.is_some());
            let classes = own.filter_map(|m| m.class.as_deref());
            classes.filter(|class| ![POOLED, MEAN].contains(class)).collect()
        };
        let mut known: BTreeSet<&str> = self.of_classes().map(|(class, _)| class).collect();
        if known.is_empty() {
            // Nothing was evaluated: the classes are those of the stages.
            known = of("gap").union(&of("detectable-gap")).copied().collect();
        }
        let with = |metric: &str| of(metric).intersection(&known).count();
        let ranked = of("gap");
        let cues =
            known.iter().filter(|class| ranked.contains(*class) || self.judged.contains(**class));
        Looked { classes: known.len(), cues: cues.count(), subgroups: with("detectable-gap") }
    }

    fn ran(&self, stage: &str) -> bool {
        self.stages.contains(stage)
    }
}

fn judge(evidence: &Evidence<'_>, causes: &[Cause], hidden: Option<&Hidden<'_>>) -> Answer {
    let evaluated = evidence.ran(evaluate::STAGE);
    if evidence.has(AT_CHANCE) || (evaluated && evidence.clean().is_none()) {
        return Answer::Meaningless;
    }
    if evidence.has(TOO_FEW) {
        return Answer::NotShown;
    }
    let need = hidden.map(|hidden| hidden.need);
    let any = |kinds: &[Kind]| causes.iter().any(|cause| kinds.contains(&cause.kind));
    let leans = any(&[Kind::SpuriousCue, Kind::ObjectIgnored])
        || matches!(need, Some(Need::Both | Need::NotNeeded));
    // A class of few clusters has no interval: that it fails is said, and decides nothing.
    let failing = |cause: &Cause| cause.kind == Kind::FailingClass && cause.low.is_some();
    let fails = any(&[Kind::FailingSubgroup]) || causes.iter().any(failing);
    let unsure = any(&[Kind::FailingClass]);
    let needed = matches!(need, Some(Need::Needed | Need::Mostly));
    let looked = evidence.looked();
    match (leans, fails) {
        (true, true) => Answer::Mixed,
        (true, false) => Answer::LeansOnSurroundings,
        (false, true) => Answer::FailsOnSubgroups,
        (false, false) if needed && looked.most() && !unsure => Answer::RightReasons,
        (false, false) => Answer::NotShown,
    }
}

/// In how many classes cues and subgroups were looked for.
#[derive(Debug, Clone, Copy)]
struct Looked {
    classes: usize,
    cues: usize,
    subgroups: usize,
}

impl Looked {
    /// In at least half of the classes for both.
    fn most(self) -> bool {
        self.classes > 0 && 2 * self.cues >= self.classes && 2 * self.subgroups >= self.classes
    }
}

/// Classes of which more than half of the important features are judged.
fn judged(run: &RunDir) -> Result<BTreeSet<String>, Error> {
    let Some(path) = run.file_of(rank::STAGE, "rank/features.parquet")? else {
        return Ok(BTreeSet::new());
    };
    let table = Table::load(&path)?;
    let mut counts = BTreeMap::<String, [usize; 2]>::new();
    for (class, spurious) in table.texts("class")?.into_iter().zip(table.texts("spurious")?) {
        let Some(class) = class else { continue };
        let own = counts.entry(class).or_default();
        own[0] += 1;
        own[1] += usize::from(spurious.is_some());
    }
    let known = counts.into_iter().filter(|(_, [all, judged])| 2 * judged > *all);
    Ok(known.map(|(class, _)| class).collect())
}

fn by_kind(causes: Vec<Cause>) -> BTreeMap<Kind, Vec<Cause>> {
    let mut out = BTreeMap::<Kind, Vec<Cause>>::new();
    for cause in causes {
        out.entry(cause.kind).or_default().push(cause);
    }
    out
}

fn faulty(evidence: &Evidence<'_>, causes: &[Cause]) -> Vec<FaultyClass> {
    let known: BTreeMap<&str, &Metric> = evidence.of_classes().collect();
    let mut out: Vec<FaultyClass> = Vec::new();
    for cause in causes.iter().filter(|cause| cause.kind != Kind::DataProblem) {
        let Some(class) = cause.class.as_deref() else { continue };
        let at = out.iter().position(|own| own.class == class).unwrap_or_else(|| {
            let own = known.get(class);
            out.push(FaultyClass {
                class: class.to_owned(),
                n: own.map_or(0, |m| m.n),
                accuracy: own.and_then(|m| m.value),
                cue: None,
                kinds: Vec::new(),
            });
            out.len() - 1
        });
        let own = &mut out[at];
        if own.cue.is_none() {
            own.cue.clone_from(&cause.cue);
        }
        if !own.kinds.contains(&cause.kind) {
            own.kinds.push(cause.kind);
        }
    }
    out
}

fn figures(metrics: &[Metric], hidden: Option<&Hidden<'_>>) -> Vec<Headline> {
    let accuracy = |condition: &str| find(metrics, "accuracy", Some(condition), POOLED);
    let mut list = vec![("as photographed".to_owned(), accuracy("none"))];
    list.extend(hidden.map(|hidden| (hidden.how.to_owned(), Some(hidden.left))));
    list.push(("the object alone".to_owned(), accuracy("background-gray")));
    let pooled = |m: &&Metric| m.metric == "accuracy" && m.class.as_deref() == Some(POOLED);
    let overlays = metrics.iter().filter(pooled).filter_map(|m| {
        let name = m.condition.as_deref()?.strip_prefix("overlay/")?;
        (!name.ends_with("/control")).then(|| (format!("with the overlay '{name}'"), Some(m)))
    });
    list.extend(overlays);
    let headline = |(name, row): (String, Option<&Metric>)| {
        let m = row?;
        Some(Headline {
            name,
            condition: m.condition.clone()?,
            value: m.value,
            low: m.low,
            high: m.high,
            n: m.n,
            clusters: m.clusters,
        })
    };
    list.into_iter().filter_map(headline).collect()
}

/// What a whole audit would have measured, and this run did not.
fn left_out(run: &RunDir, evidence: &Evidence<'_>) -> Result<Vec<LeftOut>, Error> {
    let mut out = Vec::new();
    if evidence.ran(evaluate::STAGE) && needed(evidence.metrics).is_none() {
        let why = "it needs object masks and the measure 'ablation'".to_owned();
        out.push(LeftOut { stage: "reliance on the object".into(), why });
    }
    let said = run.left_out()?;
    for (stage, words) in
        [(rank::STAGE, "cues"), (discover::STAGE, "subgroups"), (mitigate::STAGE, "repair")]
    {
        let said = said.iter().find(|left| left.stage == stage);
        match (evidence.ran(stage), said) {
            (false, Some(left)) => {
                out.push(LeftOut { stage: words.into(), why: left.why.clone() });
            }
            (false, None) if evidence.ran(evaluate::STAGE) => {
                let why = format!("'rightly {stage}' did not run");
                out.push(LeftOut { stage: words.into(), why });
            }
            _ => {}
        }
    }
    let looked = evidence.looked();
    for (stage, words, tested) in
        [(rank::STAGE, "cues", looked.cues), (discover::STAGE, "subgroups", looked.subgroups)]
    {
        let missing = looked.classes.saturating_sub(tested);
        if evidence.ran(stage) && missing > 0 {
            let why =
                format!("not tested in {missing} of {} classes; the notes say why", looked.classes);
            out.push(LeftOut { stage: words.into(), why });
        }
    }
    Ok(out)
}
