//! `coco:ANNOTATIONS.json,IMAGES`: object annotations in COCO's format
//! (<https://cocodataset.org/#format-data>).
use super::{
    ImageSource, Sample,
    draft::Draft,
    files::{Listings, Lookup},
    layouts,
};
use crate::{DataError, MaskSource, files, mask::CocoSegment};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    path::Path,
};

#[derive(Deserialize)]
struct File {
    images: Vec<Image>,
    annotations: Vec<Annotation>,
    categories: Vec<Category>,
}

/// A number in COCO itself, text in files of some other tools.
#[derive(Deserialize, Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[serde(untagged)]
enum Id {
    Number(i64),
    Text(String),
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(n) => n.fmt(f),
            Self::Text(t) => t.fmt(f),
        }
    }
}

#[derive(Deserialize)]
struct Image {
    id: Id,
    file_name: String,
}

#[derive(Deserialize)]
struct Category {
    id: Id,
    name: String,
}

#[derive(Deserialize)]
struct Annotation {
    image_id: Id,
    category_id: Id,
    area: Option<f64>,
    bbox: Option<Vec<f64>>,
    segmentation: Option<Segmentation>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Segmentation {
    Polygons(Vec<Vec<f64>>),
    Runs { counts: Counts, size: [usize; 2] },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Counts {
    Plain(Vec<u32>),
    Compressed(String),
}

impl Segmentation {
    fn segment(self) -> Option<CocoSegment> {
        match self {
            Self::Polygons(polygons) if polygons.is_empty() => None,
            Self::Polygons(polygons) => Some(CocoSegment::Polygons(polygons)),
            Self::Runs { counts: Counts::Plain(counts), size } => {
                Some(CocoSegment::Rle { counts, size })
            }
            Self::Runs { counts: Counts::Compressed(counts), size } => {
                Some(CocoSegment::CompressedRle { counts, size })
            }
        }
    }
    /// In pixels, where the annotation names no area; a compressed string is not unpacked for it.
    fn area(&self) -> Option<f64> {
        match self {
            Self::Polygons(polygons) => Some(polygons.iter().map(|p| shoelace(p)).sum()),
            Self::Runs { counts: Counts::Plain(counts), .. } => {
                Some(counts.iter().skip(1).step_by(2).map(|&n| f64::from(n)).sum())
            }
            Self::Runs { counts: Counts::Compressed(_), .. } => None,
        }
    }
}

fn shoelace(polygon: &[f64]) -> f64 {
    let points: Vec<_> = polygon.chunks_exact(2).map(|p| (p[0], p[1])).collect();
    let next = points.iter().cycle().skip(1);
    points.iter().zip(next).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum::<f64>().abs() / 2.0
}

pub(super) fn open(rest: &str) -> Result<Draft, DataError> {
    let (json, folder) = layouts::two_paths("coco", rest)?;
    let bytes = files::read(json, files::LARGE)?;
    let file: File = serde_json::from_slice(&bytes).map_err(|e| {
        let expected = "expected COCO's object annotations with images, annotations and categories";
        DataError::invalid(json, format!("{e}; {expected}"))
    })?;
    drop(bytes);
    read(file, json, folder)
}

fn read(file: File, json: &Path, folder: &Path) -> Result<Draft, DataError> {
    let mut draft = Draft::default();
    let names: BTreeMap<Id, String> = file.categories.into_iter().map(|c| (c.id, c.name)).collect();
    let mut by_image: HashMap<Id, Vec<Annotation>> = HashMap::new();
    for annotation in file.annotations {
        if !names.contains_key(&annotation.category_id) {
            return Err(DataError::invalid(
                json,
                format!(
                    "an annotation names category {}, which is not listed",
                    annotation.category_id
                ),
            ));
        }
        by_image.entry(annotation.image_id.clone()).or_default().push(annotation);
    }
    let mut listings = Listings::default();
    let mut seen: HashMap<String, Id> = HashMap::new();
    let (mut mixed, mut without_mask) = (0, 0);
    for image in file.images {
        let id = image.file_name;
        if let Some(first) = seen.get(&id) {
            let what = format!("listed twice, as image {first} and image {}", image.id);
            draft.problem(id, what, "the first is used");
            continue;
        }
        seen.insert(id.clone(), image.id.clone());
        let Some(annotations) = by_image.remove(&image.id) else {
            draft.problem(id, "no annotation, so no class", "left out");
            continue;
        };
        let path = match listings.find(&folder.join(&id)) {
            Lookup::Exact => folder.join(&id),
            Lookup::OtherForm(path) => path,
            Lookup::Missing(_) => {
                draft.first_missing.get_or_insert(folder.join(&id));
                draft.problem(id, "no such file", "left out");
                continue;
            }
        };
        let (class, several, segments) = largest(annotations, &names);
        mixed += usize::from(several);
        without_mask += usize::from(segments.is_empty());
        let class = draft.class(class);
        draft.data.samples.push(Sample {
            id,
            image: ImageSource::File(path),
            class,
            mask: (!segments.is_empty()).then_some(MaskSource::Coco(segments)),
            split: None,
            captions: Vec::new(),
            group: None,
            attributes: Vec::new(),
        });
    }
    if mixed > 0 {
        draft.note(format!(
            "{mixed} images have objects of several categories: the one with the largest total area \
             is the class, and its objects are the mask."
        ));
    }
    if without_mask > 0 {
        draft.note(format!("{without_mask} images have boxes only, without a segmentation."));
    }
    draft.sort_samples();
    Ok(draft)
}

/// Name of the category with the largest total area (of equals, the one listed under the lowest
/// id), whether there are others, and its segments.
fn largest(
    annotations: Vec<Annotation>,
    names: &BTreeMap<Id, String>,
) -> (&str, bool, Vec<CocoSegment>) {
    let mut areas: BTreeMap<&str, (f64, &Id)> = BTreeMap::new();
    let mut segments: BTreeMap<&str, Vec<CocoSegment>> = BTreeMap::new();
    for annotation in annotations {
        let (id, name) =
            names.get_key_value(&annotation.category_id).expect("checked by the reader");
        let boxed = || match annotation.bbox.as_deref() {
            Some([_, _, w, h]) => w * h,
            _ => 0.0,
        };
        let area = annotation
            .area
            .or_else(|| annotation.segmentation.as_ref().and_then(Segmentation::area))
            .unwrap_or_else(boxed);
        let total = areas.entry(name).or_insert((0.0, id));
        total.0 += area;
        total.1 = total.1.min(id);
        let segment = annotation.segmentation.and_then(Segmentation::segment);
        segments.entry(name).or_default().extend(segment);
    }
    let best = areas
        .iter()
        .max_by(|(_, a), (_, b)| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        .map_or("", |(name, _)| *name);
    (best, areas.len() > 1, segments.remove(best).unwrap_or_default())
}
