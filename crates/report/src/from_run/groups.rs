//! The subgroups of each class, with their strongest members.

use std::{collections::BTreeMap, path::Path};

use rightly_audit::{
    Finding, Metric, RunDir, discover::STAGE, features::outcomes_of, metrics::MEAN,
};
use rightly_data::table::Table;

use super::{
    album::{Album, THUMBNAIL, encode, photo},
    figure,
    names::Names,
    tables::Tables,
};
use crate::{
    ReportError, picture,
    view::{Figure, GroupView, GroupedClass, GroupsView, MapPoint, NameView},
};

/// The table of subgroups.
const TABLE: &str = "discover/groups.parquet";
/// Classes that are shown, groups with pictures, pictures of a group, points of a map.
const SHOWN: (usize, usize, usize, usize) = (12, 4, 8, 500);
/// Pictures of the other end.
const FAR: usize = 4;

/// One image of `discover/groups.parquet`.
struct Member {
    id: String,
    /// None: of no group.
    group: Option<usize>,
    strength: Option<f64>,
    /// Shares of all groups, where the method has them.
    soft: Option<Vec<f32>>,
}

/// Images of one class under one method.
#[derive(Default)]
struct Images {
    members: Vec<Member>,
    points: Vec<(String, Option<usize>, f64, f64)>,
}

pub(super) fn groups(
    run: &RunDir,
    tables: &Tables,
    album: &Album,
    metrics: &[Metric],
    names: &Names,
) -> Result<Option<GroupsView>, ReportError> {
    // A group that is merged into a cue's finding holds all the same.
    let Some(record) = run.stage(STAGE)? else { return Ok(None) };
    let held = record.findings;
    let rows: Vec<&Metric> = metrics.iter().filter(|m| m.stage == STAGE).collect();
    let gaps = rows.iter().filter(|m| m.metric == "subgroup-gap");
    let mut by_class: BTreeMap<&str, Vec<&Metric>> = BTreeMap::new();
    for gap in gaps {
        if let Some(class) = gap.class.as_deref() {
            by_class.entry(class).or_default().push(gap);
        }
    }
    if by_class.is_empty() {
        return Ok(None);
    }
    let tests = by_class.values().flatten().filter(|m| m.p.is_some()).count();
    let tried = (by_class.len(), tests);
    let detectable = rows
        .iter()
        .find(|m| m.metric == "detectable-gap" && m.class.as_deref() == Some(MEAN))
        .and_then(|m| m.value);
    let path = run.path(TABLE);
    let mut images = images(run)?;
    let right = right(run, &images)?;
    let mut classes = Vec::new();
    for class in shown(&by_class, &held) {
        let mut views = Vec::new();
        let mut map = Vec::new();
        for gap in &by_class[class] {
            let (Some(name), Some(method)) = (gap.group.clone(), gap.condition.clone()) else {
                continue;
            };
            let Some(place) = name.rsplit('/').next().and_then(|k| k.parse::<usize>().ok()) else {
                continue;
            };
            let own = images.entry((class.to_owned(), method)).or_default();
            if map.is_empty() {
                map = points(own, &right);
            }
            let accuracy = rows.iter().find(|m| {
                m.metric == "subgroup-accuracy" && m.group == gap.group && m.class == gap.class
            });
            let found = held
                .iter()
                .any(|f| f.class.as_deref() == Some(class) && f.group.as_deref() == Some(&name));
            let pictured = views.iter().filter(|v: &&GroupView| !v.photos.is_empty()).count();
            let (mut photos, mut far) = (Vec::new(), Vec::new());
            if pictured < SHOWN.1 && (found || place <= 2) {
                let show =
                    |members: Vec<&Member>| photographs((tables, &path), album, &members, &right);
                photos = show(strongest(own, place - 1))?;
                far = show(farthest(own, place - 1))?;
            }
            let accuracy = accuracy.map_or_else(Figure::absent, |m| figure(m));
            let words = names.get(&(class.to_owned(), name.clone())).cloned();
            let words = words.unwrap_or_else(NameView::none);
            views.push(GroupView { name, accuracy, gap: figure(gap), found, words, photos, far });
        }
        classes.push(GroupedClass { class: class.to_owned(), groups: views, map });
    }
    Ok(Some(GroupsView { classes, tried, detectable }))
}

/// Classes with a finding, the largest effect first, then those with the largest gaps.
fn shown<'a>(by_class: &BTreeMap<&'a str, Vec<&Metric>>, held: &'a [Finding]) -> Vec<&'a str> {
    let mut held: Vec<&Finding> = held.iter().collect();
    held.sort_by(|a, b| b.severity.total_cmp(&a.severity));
    let mut out: Vec<&str> = Vec::new();
    let largest = |class: &str| {
        let gaps = by_class[class].iter().filter(|m| m.p.is_some()).filter_map(|m| m.value);
        gaps.fold(f64::NEG_INFINITY, f64::max)
    };
    let mut rest: Vec<&str> = by_class.keys().copied().collect();
    rest.sort_by(|a, b| largest(b).total_cmp(&largest(a)).then(a.cmp(b)));
    for class in held.into_iter().filter_map(|f| f.class.as_deref()).chain(rest) {
        if out.len() < SHOWN.0 && !out.contains(&class) && by_class.contains_key(class) {
            out.push(class);
        }
    }
    out
}

/// The confirming images, by class and method.
fn images(run: &RunDir) -> Result<BTreeMap<(String, String), Images>, ReportError> {
    let mut out: BTreeMap<(String, String), Images> = BTreeMap::new();
    let Some(path) = run.file_of(STAGE, TABLE)? else {
        return Ok(out);
    };
    let table = Table::load(&path)?;
    let (id, class) = (table.texts("id")?, table.texts("class")?);
    let (method, part) = (table.texts("method")?, table.texts("part")?);
    let (group, strength) = (table.integers("group")?, table.floats("strength")?);
    let (x, y, mut soft) = (table.floats("x")?, table.floats("y")?, table.lists_f32("soft")?);
    for row in 0..table.rows() {
        let (Some(id), Some(class), Some(method)) = (&id[row], &class[row], &method[row]) else {
            continue;
        };
        if part[row].as_deref() != Some("confirm") {
            continue;
        }
        let own = out.entry((class.clone(), method.clone())).or_default();
        let group = group[row].and_then(|g| usize::try_from(g - 1).ok());
        let (soft, strength) = (soft[row].take(), strength[row]);
        own.members.push(Member { id: id.clone(), group, strength, soft });
        if let (Some(x), Some(y)) = (x[row], y[row]) {
            own.points.push((id.clone(), group, x, y));
        }
    }
    Ok(out)
}

/// Whether the model is right on each image that stands in a group or on a map.
fn right(
    run: &RunDir,
    images: &BTreeMap<(String, String), Images>,
) -> Result<BTreeMap<String, bool>, ReportError> {
    let mut out = BTreeMap::new();
    if images.is_empty() {
        return Ok(out);
    }
    let manifest = run.manifest()?;
    let options = manifest.stages.get(STAGE);
    let Some(name) = options.and_then(|table| table.get("features")?.as_str()) else {
        return Ok(out);
    };
    let Some(path) = run.existing(&outcomes_of(name))? else { return Ok(out) };
    let table = Table::load(&path)?;
    for (id, correct) in table.texts("id")?.into_iter().zip(table.integers("correct")?) {
        if let (Some(id), Some(correct)) = (id, correct) {
            out.insert(id, correct == 1);
        }
    }
    Ok(out)
}

/// Points of a class's map: all of them, or evenly spread through the order of the data.
fn points(own: &Images, right: &BTreeMap<String, bool>) -> Vec<MapPoint> {
    let step = own.points.len().div_ceil(SHOWN.3).max(1);
    let point = |(id, group, x, y): &(String, Option<usize>, f64, f64)| MapPoint {
        x: *x,
        y: *y,
        group: *group,
        right: right.get(id).copied(),
    };
    own.points.iter().step_by(step).map(point).collect()
}

/// The strongest members of a group.
fn strongest(own: &Images, group: usize) -> Vec<&Member> {
    let mut out: Vec<&Member> = own.members.iter().filter(|m| m.group == Some(group)).collect();
    let strength = |m: &Member| m.strength.unwrap_or(f64::NEG_INFINITY);
    out.sort_by(|a, b| strength(b).total_cmp(&strength(a)).then_with(|| a.id.cmp(&b.id)));
    out.truncate(SHOWN.2);
    out
}

/// The images of the class that have least of a group.
fn farthest(own: &Images, group: usize) -> Vec<&Member> {
    let others = own.members.iter().filter(|m| m.group != Some(group));
    let share = |m: &Member| m.soft.as_ref()?.get(group).copied();
    let mut out: Vec<(f32, &Member)> = others.filter_map(|m| Some((share(m)?, m))).collect();
    out.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.id.cmp(&b.1.id)));
    out.truncate(FAR);
    out.into_iter().map(|(_, member)| member).collect()
}

/// Images as pictures, with whether the model is right.
fn photographs(
    (tables, path): (&Tables, &Path),
    album: &Album,
    members: &[&Member],
    right: &BTreeMap<String, bool>,
) -> Result<Vec<(crate::view::Photo, Option<bool>)>, ReportError> {
    let mut out = Vec::new();
    for member in members {
        let Some(loaded) = album.load(&member.id) else { continue };
        let seen = tables.known(&member.id, path)?;
        let small = picture::shrink(&loaded.crop, THUMBNAIL);
        let plain = encode(&member.id, picture::jpeg(&small))?;
        out.push((photo(tables, seen, Some(plain)), right.get(&member.id).copied()));
    }
    Ok(out)
}
