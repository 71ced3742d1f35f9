//! What subgroups and cues are called.

use std::{collections::BTreeMap, path::Path};

use rightly_audit::RunDir;
use rightly_data::{DataError, table::Table};

use crate::{
    ReportError,
    view::{Figure, NameView, PhraseView},
};

/// Phrases of a name that are shown.
const SHOWN: usize = 4;

/// A count of a table; what is none, or no count, has no images behind it.
///
/// # Errors
/// A number below 0.
pub(super) fn count(path: &Path, n: Option<i64>) -> Result<usize, ReportError> {
    let invalid = |_| DataError::invalid(path, "a column n holds a number below 0");
    Ok(n.map_or(Ok(0), usize::try_from).map_err(invalid)?)
}

/// By class and group (`METHOD/K`, or `cue`); nothing where the stage has not run.
pub(super) type Names = BTreeMap<(String, String), NameView>;

/// Reads `interpret/names.parquet`.
pub(super) fn names(run: &RunDir) -> Result<Names, ReportError> {
    let mut out = Names::new();
    let Some(path) = run.file_of(rightly_audit::interpret::STAGE, "interpret/names.parquet")?
    else {
        return Ok(out);
    };
    let table = Table::load(&path)?;
    let text = |name: &str| table.texts(name);
    let (class, group, phrase, title) =
        (text("class")?, text("group")?, text("phrase")?, text("title")?);
    let number = |name: &str| table.floats(name);
    let (auc, low, high) = (number("auc")?, number("auc_low")?, number("auc_high")?);
    let (inside, outside) = (number("inside")?, number("outside")?);
    let (n, present) = (table.integers("n")?, table.integers("present")?);
    for row in 0..table.rows() {
        let (Some(class), Some(group), Some(phrase)) = (&class[row], &group[row], &phrase[row])
        else {
            continue;
        };
        let own = out.entry((class.clone(), group.clone())).or_default();
        if let Some(title) = &title[row] {
            own.title.clone_from(title);
        }
        if own.phrases.len() < SHOWN {
            own.phrases.push(PhraseView {
                phrase: phrase.clone(),
                shares: inside[row].zip(outside[row]).map(|(inside, outside)| [inside, outside]),
                present: present[row] != Some(0),
                auc: Figure {
                    value: auc[row],
                    low: low[row],
                    high: high[row],
                    n: count(&path, n[row])?,
                    ..Figure::default()
                },
            });
        }
    }
    Ok(out)
}
