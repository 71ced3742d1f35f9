//! The run directory of a comparison to its view.

use std::path::Path;

use rightly_audit::{
    RunDir,
    compare::{self, Row},
    run::{ComparedRun, ComparisonManifest, Pairing, model_name},
};

use super::{facts::data_name, figure, finding_view, problem_rows};
use rightly_data::DataError;

use crate::{
    ReportError,
    view::{ComparedSide, ComparisonView, Difference, Figure},
};

/// What stands before the conditions of differences.
const PREFIX: &str = "A|B/";

pub(super) fn view(
    run: &RunDir,
    manifest: &ComparisonManifest,
) -> Result<ComparisonView, ReportError> {
    let compared = &manifest.compare;
    let [a, b] = sides(&compared.a, &compared.b);
    let notes = match run.stage(compare::STAGE)? {
        Some(record) => record.notes,
        None => {
            let message = "the comparison has not ended; run 'rightly compare' again";
            return Err(DataError::invalid(run.root(), message).into());
        }
    };
    let rows = compare::read_rows(run)?.iter().map(difference).collect();
    let correlations = run
        .metrics()?
        .iter()
        .filter(|m| m.metric.starts_with("class-correlation"))
        .map(|m| Figure { condition: m.condition.as_deref().map(plain), ..figure(m) })
        .collect();
    Ok(ComparisonView {
        facts: facts(manifest),
        paired: compared.pairing == Pairing::Paired,
        choice: compared.choice.clone(),
        a,
        b,
        rows,
        correlations,
        findings: run.findings()?.iter().map(finding_view).collect(),
        problems: problem_rows(run)?,
        // The pairing has its own place.
        notes: notes.into_iter().filter(|note| *note != compared.choice).collect(),
    })
}

fn plain(condition: &str) -> String {
    condition.strip_prefix(PREFIX).unwrap_or(condition).to_owned()
}

fn difference(row: &Row) -> Difference {
    Difference {
        a: figure(&row.a),
        b: figure(&row.b),
        difference: Figure { condition: row.a.condition.clone(), ..figure(&row.difference) },
        q: row.difference.q,
    }
}

/// Both runs, each named by the first thing in which they differ.
fn sides(a: &ComparedRun, b: &ComparedRun) -> [ComparedSide; 2] {
    let folder = |run: &ComparedRun| {
        let name = run.run.file_name().unwrap_or(run.run.as_os_str());
        name.to_string_lossy().into_owned()
    };
    let names: [fn(&ComparedRun) -> String; 2] =
        [|run| model_name(&run.model), |run| data_name(&run.data)];
    let telling = names.into_iter().map(|name| [name(a), name(b)]).find(|[a, b]| a != b);
    let [name_a, name_b] = telling.unwrap_or_else(|| [folder(a), folder(b)]);
    let side = |run: &ComparedRun, name: String| ComparedSide {
        name,
        model: model_name(&run.model),
        data: data_name(&run.data),
        images: run.images,
    };
    [side(a, name_a), side(b, name_b)]
}

fn facts(manifest: &ComparisonManifest) -> Vec<(String, String)> {
    let compared = &manifest.compare;
    let mut rows = Vec::new();
    for (name, run) in [("A", &compared.a), ("B", &compared.b)] {
        let mut row = |what: &str, value: String| rows.push((format!("{what} of {name}"), value));
        row("Run", shown(&run.run));
        row("Model", shown(&run.model));
        row("Model hash (blake3)", run.hashes.model.clone());
        row("Data", run.data.clone());
        row("Data hash (blake3)", run.hashes.data.clone());
        row("Split", run.split.clone());
        row(
            "Unit of sampling",
            match &run.cluster {
                Some(column) => format!("clusters by {column}"),
                None => "the image".to_owned(),
            },
        );
        row("Version", format!("rightly {}", run.version));
    }
    rows.push(("Resamples".to_owned(), compared.resamples.to_string()));
    rows.push(("Seed".to_owned(), manifest.seed.to_string()));
    rows.push(("Version".to_owned(), format!("rightly {}", manifest.version)));
    rows
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
