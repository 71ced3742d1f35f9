//! The truth of a made world, where a run lies in a demo's folder.

use rightly_audit::{
    RunDir,
    findings::Kind,
    planted_truth::{Match, Truth, Verdict},
};

use super::{album::Album, tables::Tables};
use crate::{
    ReportError,
    view::{Figure, PlantedRow, PlantedView},
};

/// Images shown of each truth.
const SHOWN: usize = 5;

/// `demo.json` beside the run directory; `None` where there is none.
pub(super) fn planted(
    run: &RunDir,
    tables: &Tables,
    album: &Album,
) -> Result<Option<PlantedView>, ReportError> {
    let root = std::path::absolute(run.root()).unwrap_or_else(|_| run.root().to_owned());
    let Some(path) = root.parent().map(|demo| demo.join("demo.json")) else { return Ok(None) };
    if !path.is_file() {
        return Ok(None);
    }
    let verdict = Verdict::read(&path)?;
    let mut view = PlantedView::default();
    let all = verdict.found.iter().chain(&verdict.missed);
    for Match { truth, finding } in all {
        let Some(truth) = truth else { continue };
        let mut row = row(truth);
        row.found = finding.as_ref().map(|f| f.title.clone());
        row.open = view.rows.is_empty();
        let shown = truth.ids.iter().filter_map(|id| tables.by_id(id)).take(SHOWN);
        row.photos = shown.map(|s| album.thumbnail(tables, s)).collect::<Result<_, _>>()?;
        row.photos.retain(|p| p.picture.is_some());
        view.rows.push(row);
    }
    let alarms = verdict.false_alarms.into_iter().filter_map(|m| m.finding);
    view.false_alarms = alarms.map(|f| f.title).collect();
    Ok(Some(view))
}

fn row(truth: &Truth) -> PlantedRow {
    PlantedRow {
        class: truth.class.clone(),
        cue: truth.kind == Kind::SpuriousCue,
        value: truth.value.clone(),
        cost: Figure {
            value: truth.gap,
            low: truth.low,
            high: truth.high,
            n: truth.n,
            ..Figure::default()
        },
        ..PlantedRow::default()
    }
}
