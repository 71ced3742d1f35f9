//! The ranking: features of each class, and the images at their ends.

use std::{collections::BTreeMap, path::Path};

use rightly_audit::{Finding, Metric, RunDir, findings::Kind};
use rightly_data::{DataError, table::Table};

use super::{
    album::{Album, THUMBNAIL, encode, photo},
    maps::Map,
    names::{Names, count},
    tables::Tables,
};
use crate::{
    ReportError, picture,
    view::{Figure, MappedPhoto, NameView, RankView, RankedClass, RankedFeature},
};

/// Classes whose features are shown, features of a class, images of an end.
const SHOWN: (usize, usize, usize) = (12, 3, 4);

/// One row of `rank/examples.parquet`.
struct Example {
    id: String,
    high: bool,
    right: bool,
    place: i64,
    map: Option<Map>,
}

pub(super) fn ranks(
    run: &RunDir,
    tables: &Tables,
    album: &Album,
    metrics: &[Metric],
    findings: &[Finding],
    names: &Names,
) -> Result<Option<RankView>, ReportError> {
    let Some(path) = run.file_of(rightly_audit::rank::STAGE, "rank/features.parquet")? else {
        return Ok(None);
    };
    let table = Table::load(&path)?;
    let (class, feature) = (table.texts("class")?, table.integers("feature")?);
    let (spurious, basis) = (table.integers("spurious")?, table.texts("basis")?);
    let (value, low, high) =
        (table.floats("evidence")?, table.floats("low")?, table.floats("high")?);
    let (kept, kept_low) = (table.floats("kept")?, table.floats("kept_low")?);
    let kept_high = table.floats("kept_high")?;
    let (n, word) = (table.integers("n")?, table.texts("word")?);
    // Runs of earlier versions do not say how many clusters the images are of.
    let clusters = match table.columns().contains(&"clusters") {
        true => table.integers("clusters")?,
        false => vec![None; table.rows()],
    };
    let chosen_by = match table.columns().contains(&"chosen_by") {
        true => table.texts("chosen_by")?.into_iter().flatten().next(),
        false => None,
    };
    let mut examples = examples(run)?;
    let shown = shown_classes(&class, metrics, findings);
    let mut classes: Vec<RankedClass> = Vec::new();
    let mut counts = (0, 0);
    for row in 0..table.rows() {
        let (Some(name), Some(index)) = (&class[row], feature[row]) else {
            return Err(DataError::invalid(&path, "a row has no class or no feature").into());
        };
        let is = spurious[row].map(|s| s == 1);
        counts.0 += usize::from(is == Some(true));
        counts.1 += 1;
        if !shown.contains(name) {
            continue;
        }
        if classes.last().is_none_or(|last| last.class != *name) {
            let words = names.get(&(name.clone(), "cue".to_owned())).cloned();
            let words = words.unwrap_or_else(NameView::none);
            classes.push(RankedClass { class: name.clone(), words, features: Vec::new() });
        }
        let found = examples.remove(&(name.clone(), index)).unwrap_or_else(Vec::new);
        let own = classes.last_mut().map(|class| &mut class.features);
        let pictured = own.as_ref().map_or(0, |f| f.iter().filter(|f| !f.high.is_empty()).count());
        let (high_end, low_end) = if pictured < SHOWN.1 {
            ends((tables, &run.path("rank/examples.parquet")), album, found)?
        } else {
            (Vec::new(), Vec::new())
        };
        let n = count(&path, n[row])?;
        let clusters = clusters[row].map(|_| count(&path, clusters[row])).transpose()?;
        let figure =
            |value, low, high| Figure { value, low, high, n, clusters, ..Figure::default() };
        if let Some(features) = own {
            features.push(RankedFeature {
                feature: index,
                spurious: is,
                evidence: figure(value[row], low[row], high[row]),
                kept: figure(kept[row], kept_low[row], kept_high[row]),
                word: word[row].clone(),
                high: high_end,
                low: low_end,
            });
        }
    }
    classes.sort_by_key(|class| shown.iter().position(|name| *name == class.class));
    // A table without features says nothing of what would have judged them.
    let basis = basis.into_iter().flatten().next().unwrap_or_else(|| "none".to_owned());
    Ok(Some(RankView { basis, chosen_by, classes, spurious: counts }))
}

/// Classes with a finding, then those with the largest gaps.
fn shown_classes(
    classes: &[Option<String>],
    metrics: &[Metric],
    findings: &[Finding],
) -> Vec<String> {
    let found = findings.iter().filter(|f| f.kind == Kind::SpuriousCue && f.group.is_none());
    let mut out: Vec<String> = found.filter_map(|f| f.class.clone()).collect();
    let mut gaps: BTreeMap<&str, f64> = BTreeMap::new();
    for name in classes.iter().flatten() {
        gaps.entry(name).or_insert(-1.0);
    }
    for m in metrics.iter().filter(|m| m.stage == rightly_audit::rank::STAGE && m.metric == "gap") {
        if let (Some(class), Some(value)) = (m.class.as_deref(), m.value)
            && let Some(gap) = gaps.get_mut(class)
        {
            *gap = gap.max(value.abs());
        }
    }
    let mut order: Vec<(&str, f64)> = gaps.into_iter().collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
    for (name, _) in order {
        if out.len() < SHOWN.0 && !out.iter().any(|known| known == name) {
            out.push(name.to_owned());
        }
    }
    out
}

fn examples(run: &RunDir) -> Result<BTreeMap<(String, i64), Vec<Example>>, ReportError> {
    let mut out: BTreeMap<(String, i64), Vec<Example>> = BTreeMap::new();
    let Some(path) = run.file_of(rightly_audit::rank::STAGE, "rank/examples.parquet")? else {
        return Ok(out);
    };
    let table = Table::load(&path)?;
    let (id, class) = (table.texts("id")?, table.texts("class")?);
    let (feature, end, place) =
        (table.integers("feature")?, table.texts("end")?, table.integers("place")?);
    let (rows, columns) = (table.integers("height")?, table.integers("width")?);
    let correct = table.integers("correct")?;
    let maps = table.lists_f32("map")?;
    for (row, map) in maps.into_iter().enumerate() {
        let (Some(id), Some(class), Some(feature), Some(place), Some(correct)) =
            (&id[row], &class[row], feature[row], place[row], correct[row])
        else {
            return Err(DataError::invalid(&path, "a row lacks a value").into());
        };
        let map = Map::of(&path, id, [rows[row], columns[row]], map)?;
        out.entry((class.clone(), feature)).or_default().push(Example {
            id: id.clone(),
            high: end[row].as_deref() == Some("high"),
            right: correct == 1,
            place,
            map,
        });
    }
    Ok(out)
}

type Ends = (Vec<MappedPhoto>, Vec<MappedPhoto>);

/// Both ends of a feature, its maps on one scale.
fn ends(
    (tables, path): (&Tables, &Path),
    album: &Album,
    mut examples: Vec<Example>,
) -> Result<Ends, ReportError> {
    examples.retain(|e| e.place <= SHOWN.2 as i64);
    examples.sort_by_key(|e| (!e.high, e.place));
    let all = examples.iter().filter_map(|e| e.map.as_ref()).flat_map(|map| &map.values);
    let most = all.fold(0.0_f32, |most, &v| most.max(v));
    let mut out: Ends = (Vec::new(), Vec::new());
    for example in examples {
        let seen = tables.known(&example.id, path)?;
        let Some(loaded) = album.load(&example.id) else { continue };
        let small = picture::shrink(&loaded.crop, THUMBNAIL);
        let map = match &example.map {
            Some(Map { rows, columns, values }) if most > 0.0 => {
                let scaled: Vec<f32> = values.iter().map(|v| v / most).collect();
                let wide = picture::enlarge(&scaled, *rows, *columns, small.height, small.width);
                Some(encode(&example.id, picture::jpeg(&picture::heat(&small, &wide)))?)
            }
            _ => None,
        };
        let plain = encode(&example.id, picture::jpeg(&small))?;
        let mapped =
            MappedPhoto { photo: photo(tables, seen, Some(plain)), right: example.right, map };
        if example.high { out.0.push(mapped) } else { out.1.push(mapped) }
    }
    Ok(out)
}
