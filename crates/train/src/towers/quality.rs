//! What written towers are worth on scenes that they were not trained on.
use super::Scenes;
use crate::TrainError;
use crate::data::Normaliser;
use ndarray::{Array2, ArrayView1, Axis};
use rightly_model::ImageTextModel;
use rightly_model::text::image_text::unit;
use rightly_planted::{ATTRIBUTES, Wording, World};
use rightly_stats::auc::auc;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Captions that a scene's own is to be found among, its own included.
const AMONG: usize = 32;
/// Fewest images on either side of a separation.
const FEWEST: usize = 3;
/// Where the class stands in [`ATTRIBUTES`].
const CLASS: usize = 7;

/// Figures over the scenes of one world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Scenes.
    pub scenes: usize,
    /// Share of scenes whose own caption is the nearest of 32.
    pub retrieval: f64,
    /// By attribute.
    pub attributes: BTreeMap<String, Separation>,
}

/// How well the values of one attribute are told apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Separation {
    /// Values that the world has.
    pub values: usize,
    /// Share of scenes whose own value's sentence (with the class, but for the class itself) is the nearest of those of
    /// all values that occur in the class.
    pub zero_shot: f64,
    /// Mean area under the curve of the cosine with a phrase alone, the images of a class with the value against the
    /// rest of that class; of the class itself, against all others. Over classes, values and phrases; `None` where all
    /// images of each class have one value.
    pub auc_alone: Option<f64>,
    /// The same of the sentence with the class.
    pub auc_sentence: Option<f64>,
    /// The lowest mean over classes and phrases of any value alone, and that value.
    pub worst: Option<(String, f64)>,
}

/// Measures a model on scenes of a world.
///
/// # Errors
/// [`TrainError::Data`] where there are no scenes, [`TrainError::Model`] where the model can't embed them.
pub fn measure(
    model: &ImageTextModel,
    world: &World,
    scenes: &Scenes,
) -> Result<Measured, TrainError> {
    if scenes.is_empty() {
        return Err(TrainError::Data("there are no scenes to measure on".to_owned()));
    }
    let pictures = pictures(model, scenes)?;
    let mut attributes = BTreeMap::new();
    for (at, name) in ATTRIBUTES.into_iter().enumerate() {
        let wordings = world.wordings(name);
        if wordings.len() > 1 {
            let of = Attribute { model, scenes, pictures: &pictures, at, wordings };
            attributes.insert(name.to_owned(), of.separation()?);
        }
    }
    let retrieval = retrieval(model, scenes, &pictures)?;
    Ok(Measured { scenes: scenes.len(), retrieval, attributes })
}

/// Unit vectors of the pictures, `[n, d]`.
fn pictures(model: &ImageTextModel, scenes: &Scenes) -> Result<Array2<f32>, TrainError> {
    let set = &scenes.images;
    if [set.size[0], set.size[1]] != model.image().input_size() {
        let (found, expected) = (set.size, model.image().input_size());
        return Err(TrainError::Data(format!("scenes of {found:?} pixels, expected {expected:?}")));
    }
    let normaliser = Normaliser::new(model.image().preprocess());
    let one = |at: usize| -> Result<Vec<f32>, TrainError> {
        let mut values = vec![0.0; set.image_len()];
        normaliser.image(set.image(at), &mut values);
        let vector = model.image().encode(&values, false)?.vector;
        unit(&vector).ok_or_else(|| {
            TrainError::Data(format!("the vector of '{}' has no direction", set.ids[at]))
        })
    };
    let rows = on_threads(set.len(), &one)?;
    let mut vectors = Array2::zeros((rows.len(), model.dim()));
    for (mut into, row) in vectors.rows_mut().into_iter().zip(&rows) {
        into.assign(&ArrayView1::from(row));
    }
    Ok(vectors)
}

/// `work` of `0..count` in order. On threads of their own: one of rayon's that waits for the engine's takes up the next
/// work meanwhile, and so on until all is under way at once.
fn on_threads<T: Send>(
    count: usize,
    work: &(dyn Fn(usize) -> Result<T, TrainError> + Sync),
) -> Result<Vec<T>, TrainError> {
    let threads = rayon::current_num_threads().clamp(1, count.max(1));
    let of =
        |first: usize| (first..count).step_by(threads).map(work).collect::<Result<Vec<T>, _>>();
    let of = &of;
    let mut dealt = std::thread::scope(|scope| {
        let started: Vec<_> = (0..threads).map(|first| scope.spawn(move || of(first))).collect();
        let done = started.into_iter().map(|thread| match thread.join() {
            Ok(done) => Ok(done?.into_iter()),
            Err(panic) => std::panic::resume_unwind(panic),
        });
        done.collect::<Result<Vec<_>, TrainError>>()
    })?;
    Ok((0..count).filter_map(|at| dealt[at % threads].next()).collect())
}

fn retrieval(
    model: &ImageTextModel,
    scenes: &Scenes,
    pictures: &Array2<f32>,
) -> Result<f64, TrainError> {
    let own: Vec<String> = scenes.captions.iter().map(|all| all[0].clone()).collect();
    let texts = model.embed_texts(&own, 0)?;
    let among = AMONG.min(scenes.len());
    let (mut found, mut asked) = (0, 0);
    for start in (0..=scenes.len() - among).step_by(among) {
        let group = start..start + among;
        let cosines = pictures.slice(ndarray::s![group.clone(), ..]);
        let cosines = cosines.dot(&texts.slice(ndarray::s![group.clone(), ..]).t());
        for (row, at) in cosines.rows().into_iter().zip(group) {
            // Another scene's caption may be the same sentence.
            found += usize::from(nearest(row).is_some_and(|place| own[start + place] == own[at]));
            asked += 1;
        }
    }
    Ok(f64::from(found as u32) / f64::from(asked as u32))
}

fn nearest(cosines: ArrayView1<'_, f32>) -> Option<usize> {
    cosines.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map(|(place, _)| place)
}

/// One attribute of some scenes.
struct Attribute<'a> {
    model: &'a ImageTextModel,
    scenes: &'a Scenes,
    pictures: &'a Array2<f32>,
    at: usize,
    wordings: Vec<Wording>,
}

impl Attribute<'_> {
    fn separation(&self) -> Result<Separation, TrainError> {
        let classes = self.classes();
        let (mut right, mut asked) = (0_usize, 0_usize);
        let mut sentences = Mean::default();
        let mut by_value = vec![Mean::default(); self.wordings.len()];
        let alone = self.alone()?;
        for (class, images) in &classes {
            let texts: Vec<String> =
                self.wordings.iter().map(|wording| self.sentence(class, wording)).collect();
            let texts = self.model.embed_texts(&texts, 0)?;
            let cosines = self.pictures.select(Axis(0), images).dot(&texts.t());
            let values: Vec<Option<usize>> =
                images.iter().map(|&image| self.value(image)).collect();
            let known: Vec<usize> =
                (0..self.wordings.len()).filter(|value| values.contains(&Some(*value))).collect();
            for (row, own) in cosines.rows().into_iter().zip(&values) {
                let among = row.select(Axis(0), &known);
                let found = nearest(among.view()).and_then(|place| known.get(place));
                right += usize::from(found.copied() == *own);
                asked += 1;
            }
            for &value in &known {
                let members: Vec<bool> = values.iter().map(|own| *own == Some(value)).collect();
                sentences.add(separated(cosines.column(value), &members));
                for column in alone[value].columns() {
                    by_value[value].add(separated(column.select(Axis(0), images).view(), &members));
                }
            }
        }
        let worst = self.wordings.iter().zip(&by_value);
        let worst =
            worst.filter_map(|(wording, mean)| Some((wording.value.clone(), mean.value()?)));
        let mut all = Mean::default();
        by_value.iter().for_each(|mean| all.join(mean));
        Ok(Separation {
            values: self.wordings.len(),
            zero_shot: right as f64 / asked.max(1) as f64,
            auc_alone: all.value(),
            auc_sentence: sentences.value(),
            worst: worst.min_by(|a, b| a.1.total_cmp(&b.1)),
        })
    }

    /// Images of each class that are compared with each other; all of them where the class itself is asked for.
    fn classes(&self) -> Vec<(String, Vec<usize>)> {
        if self.at == CLASS {
            return vec![(String::new(), (0..self.scenes.len()).collect())];
        }
        let mut classes: BTreeMap<&String, Vec<usize>> = BTreeMap::new();
        for (image, attributes) in self.scenes.attributes.iter().enumerate() {
            classes.entry(&attributes[CLASS]).or_default().push(image);
        }
        classes.into_iter().map(|(class, images)| (class.clone(), images)).collect()
    }

    fn value(&self, image: usize) -> Option<usize> {
        let value = &self.scenes.attributes[image][self.at];
        self.wordings.iter().position(|wording| wording.value == *value)
    }

    /// Cosines of all pictures with the phrases of each value: its word, where a word alone says it, and its phrases.
    fn alone(&self) -> Result<Vec<Array2<f32>>, TrainError> {
        let phrases = |wording: &Wording| {
            let mut phrases = wording.phrases.clone();
            if matches!(ATTRIBUTES[self.at], "variant" | "size" | "true_class") {
                phrases.push(wording.word.clone());
            }
            phrases.sort();
            phrases.dedup();
            phrases
        };
        let vectors = |wording: &Wording| {
            let vectors = self.model.embed_texts(&phrases(wording), 0)?;
            Ok(self.pictures.dot(&vectors.t()))
        };
        self.wordings.iter().map(vectors).collect()
    }

    fn sentence(&self, class: &str, wording: &Wording) -> String {
        let word = &wording.word;
        match ATTRIBUTES[self.at] {
            "true_class" => format!("a photo of {} {word}", article(word)),
            "variant" | "size" => format!("a photo of {} {word} {class}", article(word)),
            _ => {
                let phrase = wording.phrases.first().unwrap_or(word);
                format!("a photo of {} {class} {phrase}", article(class))
            }
        }
    }
}

fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

/// Area under the curve; none where a side has hardly an image.
fn separated(cosines: ArrayView1<'_, f32>, members: &[bool]) -> Option<f64> {
    let inside = members.iter().filter(|&&member| member).count();
    if inside < FEWEST || members.len() - inside < FEWEST {
        return None;
    }
    let scores: Vec<f64> = cosines.iter().map(|&cosine| f64::from(cosine)).collect();
    auc(&scores, members).value
}

/// A mean in the making.
#[derive(Debug, Clone, Copy, Default)]
struct Mean {
    sum: f64,
    count: usize,
}

impl Mean {
    fn add(&mut self, value: Option<f64>) {
        if let Some(value) = value {
            self.sum += value;
            self.count += 1;
        }
    }

    fn join(&mut self, other: &Self) {
        self.sum += other.sum;
        self.count += other.count;
    }

    fn value(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}
