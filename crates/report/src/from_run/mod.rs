//! A run directory to a view, and the view to its `report.html`.

mod album;
mod cams;
mod comparison;
mod facts;
mod groups;
mod maps;
mod names;
mod planted;
mod ranks;
mod repair;
mod strip;
mod tables;
mod wrong;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use rightly_audit::{
    Finding, Metric, RunDir,
    findings::{AT_CHANCE, Kind, TOO_FEW},
    verdict::{self, Cause},
};

use rightly_data::files::write_whole;

use crate::{
    ReportError, render, render_comparison,
    view::{Figure, Figures, FindingView, ProblemRow, ReportView},
};
use album::Album;
use tables::{Seen, Tables};

/// Up to which finding photographs are shown, and how many of each.
const ILLUSTRATED: [(usize, usize); 2] = [(12, 3), (40, 2)];
/// Photographs of the other side of a finding.
const OTHERS: usize = 2;

/// Photographs of a finding that another one explains.
const EXPLAINED: usize = 3;

/// Writes `run`'s report and returns its path.
///
/// Photographs and masks are read again from where `run.toml` says they are; without them the
/// report has figures only and says why.
///
/// # Errors
/// Where `run` is no run directory, a table in it can't be read, or the page can't be written.
pub fn write(run: &Path) -> Result<PathBuf, ReportError> {
    let run = RunDir::open(run)?;
    let path = run.path("report.html");
    let page = match run.comparison()? {
        Some(manifest) => render_comparison(&comparison::view(&run, &manifest)?),
        None => render(&view(&run)?),
    };
    write_whole(&path, page.as_bytes())?;
    Ok(path)
}

/// What the report of an audit shows.
///
/// # Errors
/// Where a file of the run can't be read.
pub fn view(run: &RunDir) -> Result<ReportView, ReportError> {
    let manifest = run.manifest()?;
    let metrics = run.metrics()?;
    let found = run.findings()?;
    let tables = Tables::read(run, &manifest)?;
    let album = Album::open(&manifest, &tables);
    let mut notes = Vec::new();
    // What a repair decided stands in its own section.
    for stage in manifest.stages.keys().filter(|stage| *stage != rightly_audit::mitigate::STAGE) {
        if let Some(record) = run.stage(stage)? {
            notes.extend(record.notes);
        }
    }
    let data_problem =
        |title: &str| found.iter().any(|f| f.kind == Kind::DataProblem && f.title == title);
    let mut findings = Vec::new();
    let answer = verdict::read(run)?;
    let mut causes: Vec<&Cause> = answer.findings.values().flatten().collect();
    causes.sort_by_key(|cause| cause.finding);
    let illustrated = |finding: &Finding, pictures: usize| -> Result<FindingView, ReportError> {
        let ids = finding.images.iter().take(pictures).filter_map(|id| tables.by_id(id));
        let photos = ids.map(|sample| album.thumbnail(&tables, sample));
        let mut shown = finding_view(finding);
        shown.photos = photos.collect::<Result<_, _>>()?;
        shown.photos.retain(|p| p.picture.is_some());
        Ok(shown)
    };
    for (i, cause) in causes.iter().enumerate() {
        let pictures = ILLUSTRATED.iter().find(|(findings, _)| i < *findings);
        let pictures = pictures.map_or(0, |(_, images)| *images);
        let mut shown = illustrated(&found[cause.finding], pictures)?;
        if pictures > 0 {
            let sides = others(&tables, &found[cause.finding]);
            let sides = sides.into_iter().take(OTHERS).map(|seen| album.thumbnail(&tables, seen));
            shown.others = sides.collect::<Result<_, _>>()?;
            shown.others.retain(|p| p.picture.is_some());
        }
        for &other in &cause.explains {
            shown.explains.push(illustrated(&found[other], EXPLAINED)?);
        }
        findings.push(shown);
    }
    let figures: Figures = metrics.iter().map(figure).collect::<Vec<_>>().into();
    let names = names::names(run)?;
    let cams = cams::gallery(run, &manifest, &tables, &album, &figures)?;
    let strip = strip::strip(run, &manifest, &tables, &album, &answer, &found)?;
    Ok(ReportView {
        answer: Some(answer),
        strip,
        facts: facts::facts(&manifest, &tables),
        figures,
        at_chance: data_problem(AT_CHANCE),
        too_few: data_problem(TOO_FEW),
        planted: planted::planted(run, &tables, &album)?,
        findings,
        cams,
        ranks: ranks::ranks(run, &tables, &album, &metrics, &found, &names)?,
        groups: groups::groups(run, &tables, &album, &metrics, &names)?,
        repair: repair::repair(run, &metrics, &names)?,
        mean_masks: cams::mean_masks(run)?,
        confusions: wrong::confusions(&tables, &album)?,
        mistakes: wrong::mistakes(&tables, &album)?,
        problems: problem_rows(run)?,
        notes,
        without_photographs: album.missing().map(str::to_owned),
    })
}

/// Images of the other side of a finding: of a class that leans on a cue those that are wrong, of a subgroup that fails those of
/// its class that are right.
fn others<'a>(tables: &'a Tables, finding: &Finding) -> Vec<&'a Seen> {
    let right = match finding.kind {
        Kind::SpuriousCue if finding.overlay().is_none() => false,
        Kind::FailingSubgroup => true,
        _ => return Vec::new(),
    };
    let members: BTreeSet<&str> = finding.images.iter().map(String::as_str).collect();
    let other = |seen: &&Seen| {
        Some(&seen.class) == finding.class.as_ref()
            && !members.contains(seen.id.as_str())
            && seen.clean.is_some_and(|clean| clean.correct == right)
    };
    tables.images.iter().filter(other).collect()
}

fn problem_rows(run: &RunDir) -> Result<Vec<ProblemRow>, ReportError> {
    let row = |p: rightly_data::Problem| ProblemRow {
        image: p.image,
        stage: p.stage,
        problem: p.problem,
        action: p.action,
    };
    Ok(run.problems()?.into_iter().map(row).collect())
}

fn figure(m: &Metric) -> Figure {
    Figure {
        metric: m.metric.clone(),
        condition: m.condition.clone(),
        // Figures of subgroups belong to the sections of their stages.
        class: match (&m.class, &m.group) {
            (class, None) => class.clone(),
            (Some(class), Some(group)) => Some(format!("{class} {group}")),
            (None, Some(group)) => Some(group.clone()),
        },
        value: m.value,
        low: m.low,
        high: m.high,
        n: m.n,
        clusters: m.clusters,
        p: m.p,
        q: m.q,
    }
}

fn finding_view(finding: &Finding) -> FindingView {
    FindingView {
        kind: finding.kind.name().to_owned(),
        title: finding.title.clone(),
        description: finding.description.clone(),
        effect: Figure {
            value: finding.effect,
            low: finding.low,
            high: finding.high,
            n: finding.n,
            p: finding.p,
            ..Figure::default()
        },
        q: finding.q,
        images: finding.images.clone(),
        photos: Vec::new(),
        others: Vec::new(),
        explains: Vec::new(),
    }
}
