//! Directions of groups in the space of the image-text model: those that discovery found, where its features are that model's
//! embeddings; else the contrast of mean embeddings.

use std::collections::BTreeMap;

use rightly_data::table::Table;
use rightly_model::text::image_text::unit;

use crate::{
    Error, discover, features,
    interpret::{bank::Space, pictures::Pass, unnamed::Subject},
};

/// Images whose stored features are held against the model's embeddings.
const COMPARED: usize = 16;
/// Least cosine of the two for the spaces to be the same: the engine and the number of threads may turn the last digits.
const SAME: f32 = 0.999;

/// By class and group (`METHOD/K`).
pub(super) struct Directions(BTreeMap<(String, String), Vec<f32>>);

impl Directions {
    /// Those of discovery, if they live in this space; none otherwise.
    ///
    /// # Errors
    /// A table of the run can't be read.
    pub(super) fn of_run(space: &Space, pass: &Pass<'_>) -> Result<Self, Error> {
        let mut out = BTreeMap::new();
        let found = pass.run.file_of(discover::STAGE, discover::DIRECTIONS)?;
        let Some(path) = found else { return Ok(Self(out)) };
        if !shares_space(space, pass)? {
            return Ok(Self(out));
        }
        let table = Table::load(&path)?;
        let (classes, methods) = (table.texts("class")?, table.texts("method")?);
        let (groups, vectors) = (table.integers("group")?, table.lists_f32("vector")?);
        for (at, vector) in vectors.into_iter().enumerate() {
            let known = (classes[at].clone(), methods[at].clone(), groups[at], vector);
            let (Some(class), Some(method), Some(group), Some(vector)) = known else { continue };
            out.extend(unit(&vector).map(|v| ((class, format!("{method}/{group}")), v)));
        }
        Ok(Self(out))
    }

    /// The direction of a subject, of unit length; `None` where its two sides are the same.
    pub(super) fn of(&self, class: &str, subject: &Subject, space: &Space) -> Option<Vec<f32>> {
        let found = self.0.get(&(class.to_owned(), subject.group.clone()));
        found.cloned().or_else(|| space.contrast(&subject.fit))
    }
}

/// Whether the features that discovery used are the embeddings of this model.
fn shares_space(space: &Space, pass: &Pass<'_>) -> Result<bool, Error> {
    let manifest = pass.run.manifest()?;
    let options = manifest.stages.get(discover::STAGE);
    let Some(name) = options.and_then(|o| o.get("features")).and_then(|v| v.as_str()) else {
        return Ok(false);
    };
    let found = pass.run.existing(&features::vectors_of(name))?;
    let Some(path) = found else { return Ok(false) };
    let wanted = space.some(COMPARED, pass.inputs);
    let cosines = features::fold(
        &path,
        "vector",
        pass.threads,
        Vec::new,
        |out: &mut Vec<f32>, id, vector| {
            if let Some(own) = wanted.get(id) {
                let stored = unit(vector).filter(|stored| stored.len() == own.len());
                let dot = |stored: Vec<f32>| stored.iter().zip(own).map(|(a, b)| a * b).sum();
                out.push(stored.map_or(0.0, dot));
            }
            Ok(())
        },
        |all, more| all.extend(more),
    )?;
    Ok(!cosines.is_empty() && cosines.iter().all(|&cosine| cosine > SAME))
}
