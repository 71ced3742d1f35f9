//! `coco:ANNOTATIONS.json,IMAGES`: object annotations in COCO's format
//! (<https://cocodataset.org/#format-data>).
mod check;
mod choose;
mod json;

use super::{
    ImageSource, Sample,
    builder::Builder,
    files::{Listings, Lookup},
    layouts,
};
use crate::{DataError, MaskSource};
use check::{Checked, check};
use choose::largest;
use json::{Annotation, Category, Entry, File, Id, Image, why};
use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
};

/// Most images whose contradictions get a row of their own.
const MOST_ROWS: usize = 50;

pub(super) fn open(rest: &str) -> Result<Builder, DataError> {
    let (json, folder) = layouts::two_paths("coco", rest)?;
    Ok(Reader::new(json).read(json::read(json)?, folder))
}

/// What is known of an image before its own turn.
#[derive(Default)]
struct OfImage {
    annotations: Vec<Annotation>,
    /// The first annotation that can't be used, and why.
    bad: Option<String>,
    crowds: usize,
}

struct Reader {
    /// The file of annotations.
    file: Arc<Path>,
    draft: Builder,
    names: BTreeMap<Id, String>,
    by_image: HashMap<Id, OfImage>,
    contradictions: usize,
    mixed: usize,
    without_mask: usize,
    crowds: usize,
}

impl Reader {
    fn new(file: &Path) -> Self {
        Self {
            file: file.into(),
            draft: Builder::default(),
            names: BTreeMap::new(),
            by_image: HashMap::new(),
            contradictions: 0,
            mixed: 0,
            without_mask: 0,
            crowds: 0,
        }
    }

    fn read(mut self, file: File, folder: &Path) -> Builder {
        self.categories(file.categories);
        self.annotations(file.annotations);
        let mut listings = Listings::default();
        let mut seen: HashMap<String, Id> = HashMap::new();
        for entry in file.images {
            let image = match entry {
                Entry::Good(image) => image,
                Entry::Bad(value) => {
                    let id = Id::of(&value, "id");
                    if let Some(id) = &id {
                        self.by_image.remove(id);
                    }
                    let name =
                        id.map_or("an image without id".to_owned(), |id| format!("image {id}"));
                    let what = format!("its entry can't be read: {}", why::<Image>(&value));
                    self.draft.problem(name, what, "left out");
                    continue;
                }
            };
            if let Some(first) = seen.get(&image.file_name) {
                let what = format!("listed twice: as image {first} and image {}", image.id);
                self.by_image.remove(&image.id);
                self.draft.problem(image.file_name, what, "the first is used");
                continue;
            }
            seen.insert(image.file_name.clone(), image.id.clone());
            self.image(image, folder, &mut listings);
        }
        self.strays();
        self.notes();
        self.draft.sort_samples();
        self.draft
    }

    fn categories(&mut self, categories: Vec<Entry<Category>>) {
        for entry in categories {
            match entry {
                Entry::Good(Category { id, name }) => {
                    if let Some(first) = self.names.get(&id).filter(|first| **first != name) {
                        let what = format!("its id is listed twice: {id} is {first} and {name}");
                        self.draft.problem(name, what, "the first name is used");
                        continue;
                    }
                    self.names.entry(id).or_insert(name);
                }
                Entry::Bad(value) => {
                    let id = Id::of(&value, "id");
                    let name = id
                        .map_or("a category without id".to_owned(), |id| format!("category {id}"));
                    let what = format!("its entry can't be read: {}", why::<Category>(&value));
                    self.draft.problem(name, what, "left out");
                }
            }
        }
    }

    /// Gives each image its annotations. Crowds are counted only: they are no objects.
    fn annotations(&mut self, annotations: Vec<Entry<Annotation>>) {
        for entry in annotations {
            match entry {
                Entry::Good(annotation) if annotation.is_crowd() => {
                    self.by_image.entry(annotation.image_id).or_default().crowds += 1;
                }
                Entry::Good(annotation) => {
                    let known = self.names.contains_key(&annotation.category_id);
                    let of = self.by_image.entry(annotation.image_id.clone()).or_default();
                    if known {
                        of.annotations.push(annotation);
                    } else {
                        of.bad.get_or_insert_with(|| {
                            format!(
                                "{} names category {}, which is not listed",
                                annotation.name(),
                                annotation.category_id
                            )
                        });
                    }
                }
                Entry::Bad(value) if json::marks_crowd(&value) => {
                    if let Some(image) = Id::of(&value, "image_id") {
                        self.by_image.entry(image).or_default().crowds += 1;
                    }
                }
                Entry::Bad(value) => {
                    let name = json::name(Id::of(&value, "id").as_ref());
                    let what = format!("{name} can't be read: {}", why::<Annotation>(&value));
                    match Id::of(&value, "image_id") {
                        Some(image) => {
                            self.by_image.entry(image).or_default().bad.get_or_insert(what);
                        }
                        None => {
                            self.draft.problem(name, unusable(&what), "left out; it names no image")
                        }
                    }
                }
            }
        }
    }

    fn image(&mut self, image: Image, folder: &Path, listings: &mut Listings) {
        let of = self.by_image.remove(&image.id).unwrap_or_default();
        let id = image.file_name.clone();
        self.crowds += of.crowds;
        if let Some(bad) = of.bad {
            self.draft.problem(id, unusable(&bad), "left out");
            return;
        }
        if of.annotations.is_empty() {
            let what = if of.crowds > 0 {
                "crowd regions only (iscrowd), so no object and no class"
            } else {
                "no annotation, so no class"
            };
            self.draft.problem(id, what, "left out");
            return;
        }
        let path = match listings.find(&folder.join(&id)) {
            Lookup::Exact => folder.join(&id),
            Lookup::OtherForm(path) => path,
            Lookup::Missing(_) => {
                self.draft.first_missing.get_or_insert(folder.join(&id));
                self.draft.problem(id, "no such file", "left out");
                return;
            }
        };
        let size = match image.size() {
            Ok(size) => size,
            Err(what) => {
                self.draft.problem(id, format!("its entry can't be read: {what}"), "left out");
                return;
            }
        };
        let checked = match self.checked(&id, size, of.annotations) {
            Ok(checked) => checked,
            Err(bad) => {
                self.draft.problem(id, unusable(&bad), "left out");
                return;
            }
        };
        let chosen = largest(checked);
        self.mixed += usize::from(chosen.several);
        self.without_mask += usize::from(chosen.segments.is_empty());
        let complete = chosen.boxes == 0 || chosen.segments.is_empty();
        if !complete {
            let what = format!(
                "some of its objects have a box only: {}, which its mask would lack",
                chosen.boxes
            );
            self.draft.problem(&id, what, "used without its mask");
        }
        let mask = (complete && !chosen.segments.is_empty()).then_some(MaskSource::Coco {
            file: Arc::clone(&self.file),
            segments: chosen.segments,
            size,
        });
        let class = self.draft.class(&self.names[&chosen.category]);
        self.draft.data.samples.push(Sample {
            id,
            image: ImageSource::File(path),
            class,
            mask,
            split: None,
            captions: Vec::new(),
            group: None,
            attributes: Vec::new(),
            parts: Vec::new(),
        });
    }

    /// The image's annotations with their classes, in order; else what is wrong with one.
    fn checked(
        &mut self,
        id: &str,
        size: Option<[usize; 2]>,
        annotations: Vec<Annotation>,
    ) -> Result<Vec<(String, Checked)>, String> {
        let mut out = Vec::with_capacity(annotations.len());
        let mut contradiction = None;
        for annotation in annotations {
            let name = annotation.name();
            let checked = check(annotation, size).map_err(|what| format!("{name}: {what}"))?;
            if contradiction.is_none() {
                contradiction =
                    checked.contradiction.as_ref().map(|what| format!("{name}: {what}"));
            }
            let class = self.names[&checked.category].clone();
            out.push((class, checked));
        }
        if let Some(what) = contradiction {
            self.contradictions += 1;
            if self.contradictions <= MOST_ROWS {
                let what = format!("its annotations contradict themselves: {what}");
                self.draft.problem(id, what, "used as its segmentation is drawn");
            }
        }
        Ok(out)
    }

    /// Annotations of images that are not listed.
    fn strays(&mut self) {
        let mut strays: Vec<(Id, OfImage)> =
            std::mem::take(&mut self.by_image).into_iter().collect();
        strays.sort_by(|a, b| a.0.cmp(&b.0));
        for (image, of) in strays {
            let first = of.annotations.first().map(Annotation::name).or(of.bad);
            let Some(first) = first else { continue };
            let more = of.annotations.len().saturating_sub(1);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let what = format!("an annotation of an image that is not listed: {first}{more}");
            self.draft.problem(format!("image {image}"), what, "left out");
        }
    }

    fn notes(&mut self) {
        let more = self.contradictions.saturating_sub(MOST_ROWS);
        if more > 0 {
            let what = "its annotations contradict themselves: as in the images above";
            let name = format!("{more} more images");
            self.draft.problem(name, what, "used as their segmentations are drawn");
        }
        if self.crowds > 0 {
            self.draft.note(format!(
                "{} crowd regions (iscrowd) are no objects and decide no class.",
                self.crowds
            ));
        }
        if self.mixed > 0 {
            self.draft.note(format!(
                "{} images have objects of several categories: the one with the largest total area \
                 is the class, and its objects are the mask.",
                self.mixed
            ));
        }
        if self.without_mask > 0 {
            self.draft.note(format!(
                "{} images have boxes only, without a segmentation.",
                self.without_mask
            ));
        }
    }
}

/// The problem in words that are the same for all such images up to the colon: findings count by them.
fn unusable(what: &str) -> String {
    format!("one of its annotations can't be used: {what}")
}
