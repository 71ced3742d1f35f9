//! Activation maps over photographs, and mean masks.

use std::{collections::BTreeMap, path::Path};

use rightly_audit::{RunDir, run::Manifest};
use rightly_data::{
    DataError,
    table::{self, Table},
};

use super::{
    album::{Album, encode, photo},
    maps::Map,
    tables::Tables,
};
use crate::{
    ReportError, picture,
    view::{CamCard, CamGallery, Figure, Figures, MeanMask},
};

/// Maps of each group.
const SHOWN: usize = 6;

pub(super) fn gallery(
    run: &RunDir,
    manifest: &Manifest,
    tables: &Tables,
    album: &Album,
    figures: &Figures,
) -> Result<Option<CamGallery>, ReportError> {
    let Some(path) = run.file_of(rightly_audit::evaluate::STAGE, "measures/saliency.parquet")?
    else {
        return Ok(None);
    };
    let table = Table::load(&path)?;
    let (ids, states) = (table.texts("id")?, table.texts("state")?);
    let (ious, layers) = (table.floats("iou")?, table.texts("layer")?);
    // Rows of the CAM layer come first for each image; a second layer may follow.
    let Some(layer) = layers.first().cloned().flatten() else { return Ok(None) };
    let of_layer: Vec<bool> = layers.iter().map(|l| l.as_deref() == Some(&layer)).collect();
    let count = |state: &str| {
        states.iter().zip(&of_layer).filter(|(s, of)| **of && s.as_deref() == Some(state)).count()
    };
    let mut usable: Vec<(f64, &str)> = ids
        .iter()
        .zip(&ious)
        .zip(&of_layer)
        .filter(|(_, of)| **of)
        .filter_map(|((id, iou), _)| Some((iou.as_ref().copied()?, id.as_deref()?)))
        .collect();
    usable.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    let chosen = choose(&usable);
    let wanted: Vec<&str> =
        chosen.iter().flat_map(|(_, ids)| ids.iter().map(|(_, id)| *id)).collect();
    let maps = maps(run, &wanted)?;
    let mut groups = Vec::new();
    for (title, rows) in chosen {
        let cards =
            rows.iter().map(|(iou, id)| card((tables, &path), album, id, *iou, maps.get(*id)));
        groups.push((title.to_owned(), cards.collect::<Result<_, _>>()?));
    }
    let options = manifest.stages.get(rightly_audit::evaluate::STAGE);
    let text = |key: &str| options.and_then(|o| o.get(key)).and_then(|v| v.as_str());
    let Some(method) = text("cam").map(str::to_owned) else {
        let message = "the options of evaluate do not say what the maps are";
        return Err(DataError::invalid(run.path("run.toml"), message).into());
    };
    let other = layers.iter().flatten().find(|l| **l != layer);
    let other_layer = other.map(|other| {
        let pooled = |metric: &str| {
            let found = figures.all(metric, Some(&format!("{method}/{other}")));
            found.cloned().unwrap_or_else(Figure::absent)
        };
        (other.clone(), pooled("cam-iou"), pooled("cam-iou-median"))
    });
    Ok(Some(CamGallery {
        method,
        layer,
        predicted: text("target") == Some("predicted"),
        n: count("usable"),
        zero: count("zero"),
        flat: count("flat"),
        groups,
        other_layer,
    }))
}

type Group<'a> = (&'static str, Vec<(f64, &'a str)>);

/// Best, median and worst of rows sorted from best to worst; no image twice.
fn choose<'a>(sorted: &[(f64, &'a str)]) -> Vec<Group<'a>> {
    let n = sorted.len();
    let each = SHOWN.min(n / 3);
    if each == 0 {
        return vec![("All", sorted.to_vec())];
    }
    let middle = ((n - each) / 2).clamp(each, n - 2 * each);
    let worst: Vec<_> = sorted[n - each..].iter().rev().copied().collect();
    vec![
        ("Most overlap", sorted[..each].to_vec()),
        ("Around the median", sorted[middle..middle + each].to_vec()),
        ("Least overlap", worst),
    ]
}

/// The maps of the wanted images, read in one pass.
pub(super) fn maps(run: &RunDir, wanted: &[&str]) -> Result<BTreeMap<String, Map>, ReportError> {
    let mut out = BTreeMap::new();
    let Some(path) = run.file_of(rightly_audit::evaluate::STAGE, "measures/cam.parquet")? else {
        return Ok(out);
    };
    for batch in table::read(&path)? {
        let batch = batch?;
        let ids = table::texts(&batch, "id", &path)?;
        if !ids.iter().flatten().any(|id| wanted.contains(&id.as_str())) {
            continue;
        }
        let rows = table::integers(&batch, "height", &path)?;
        let columns = table::integers(&batch, "width", &path)?;
        let maps = table::lists_f32(&batch, "map", &path)?;
        for (((id, rows), columns), map) in ids.into_iter().zip(rows).zip(columns).zip(maps) {
            let id = id.ok_or_else(|| DataError::invalid(&path, "a row has no id"))?;
            if wanted.contains(&id.as_str())
                && let Some(map) = Map::of(&path, &id, [rows, columns], map)?
            {
                out.entry(id).or_insert(map);
            }
        }
    }
    Ok(out)
}

fn card(
    (tables, path): (&Tables, &Path),
    album: &Album,
    id: &str,
    iou: f64,
    map: Option<&Map>,
) -> Result<CamCard, ReportError> {
    let seen = tables.known(id, path)?;
    let Some(loaded) = album.load(id) else {
        return Ok(CamCard { photo: photo(tables, seen, None), map: None, iou: Some(iou) });
    };
    let mut plain = loaded.crop.clone();
    let mut over = map.map(|map| {
        let (height, width) = (loaded.crop.height, loaded.crop.width);
        let map = picture::enlarge(&map.values, map.rows, map.columns, height, width);
        let mut over = picture::heat(&loaded.crop, &map);
        picture::contour(&mut over, &map);
        over
    });
    if let Some(mask) = &loaded.mask {
        picture::outline(&mut plain, mask);
        if let Some(over) = &mut over {
            picture::outline(over, mask);
        }
    }
    let plain = encode(id, picture::jpeg(&plain))?;
    let map = over.map(|over| encode(id, picture::jpeg(&over))).transpose()?;
    Ok(CamCard { photo: photo(tables, seen, Some(plain)), map, iou: Some(iou) })
}

pub(super) fn mean_masks(run: &RunDir) -> Result<Vec<MeanMask>, ReportError> {
    let Some(path) = run.file_of(rightly_audit::evaluate::STAGE, "measures/mean-mask.parquet")?
    else {
        return Ok(Vec::new());
    };
    let table = Table::load(&path)?;
    let (classes, n) = (table.texts("class")?, table.integers("n")?);
    let (rows, columns) = (table.integers("height")?, table.integers("width")?);
    let maps = table.lists_f32("map")?;
    let mut out = Vec::new();
    for (i, (class, map)) in classes.into_iter().zip(maps).enumerate() {
        let n = n[i].and_then(|n| usize::try_from(n).ok());
        let (Some(class), Some(n)) = (class, n) else {
            return Err(DataError::invalid(&path, "a row has no class or no n").into());
        };
        // A class without usable masks has no map.
        let map = Map::of(&path, &class, [rows[i], columns[i]], map)?;
        let drawn = |m: Map| encode(&class, picture::mean_mask(&m.values, m.rows, m.columns));
        let picture = map.map(drawn).transpose()?;
        out.push(MeanMask { class, n, picture });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::choose;

    #[test]
    fn no_image_is_chosen_twice() {
        for n in 0..40 {
            let names: Vec<String> = (0..n).map(|i| i.to_string()).collect();
            let sorted: Vec<(f64, &str)> = names
                .iter()
                .enumerate()
                .map(|(i, id)| (1.0 - i as f64 / 40.0, id.as_str()))
                .collect();
            let mut ids: Vec<&str> =
                choose(&sorted).iter().flat_map(|(_, rows)| rows.iter().map(|r| r.1)).collect();
            let all = ids.len();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), all, "{n}");
            assert_eq!(all, if n < 3 { n } else { 3 * 6.min(n / 3) }, "{n}");
        }
    }
}
