//! A run directory for these inputs, and for no others.

use std::collections::BTreeMap;

use super::Inputs;
use crate::{
    Error, RunDir, VERSION,
    run::{Former, Hashes, Manifest, Picture},
};

impl Inputs {
    /// The manifest of a run on these inputs.
    ///
    /// # Errors
    /// Where the label map can't be written out.
    pub(crate) fn manifest(&self) -> Result<Manifest, Error> {
        let label_map = serde_json::to_vec(&self.label_map.outputs)
            .map_err(|e| Error::Usage(format!("the label map can't be hashed: {e}")))?;
        Ok(Manifest {
            version: VERSION.to_owned(),
            seed: self.options.seed,
            split: self.split.0.clone(),
            split_choice: self.split.1.clone(),
            cluster: self.options.cluster.clone(),
            hashes: Hashes {
                model: self.classifier.hash().to_owned(),
                data: self.data_hash.clone(),
                label_map: blake3::hash(&label_map).to_hex().to_string(),
            },
            inputs: self.options.clone(),
            first_look: Some(self.look.clone()),
            stages: BTreeMap::new(),
            card: self.classifier.card().clone(),
        })
    }

    /// Claims a run directory for these inputs: a new one is started, one that rests on the same goes on. One that rests on
    /// something else (another model, other data, another split, seed, engine …) is refused, by the name of what differs;
    /// with `force`, and where no stage has finished, it is begun anew. Gives what is to be said: pictures that were changed since the run was made, whose
    /// stages are computed again.
    ///
    /// # Errors
    /// Where the run rests on something else, was changed, or can't be written.
    pub fn claim(&self, run: &RunDir, force: bool) -> Result<Vec<String>, Error> {
        let mut manifest = self.manifest()?;
        let mut said = Vec::new();
        match run.found() {
            Ok(Former::Nothing) => {}
            Ok(Former::Remains) => run.begin_anew()?,
            Ok(Former::Run { manifest: old, believed }) => match old.differences(&manifest)? {
                none if none.is_empty() && believed => manifest.stages = old.stages,
                none if none.is_empty() => said.push(run.begin_unbelieved()?),
                differences if force || (differences.only_options() && !run.has_stages()?) => {
                    differences.begin_anew(run)?;
                }
                differences => return Err(differences.refused(run.root())),
            },
            Err(_) if force => run.clear()?,
            Err(error) => return Err(error),
        }
        let ids = self.dataset.samples.iter().map(|sample| sample.id.clone());
        let pictures: Vec<Picture> = ids.zip(self.fingerprints()?.iter().copied()).collect();
        let changed = run.check_pictures(&pictures)?;
        if changed.is_some() {
            manifest.stages.clear();
        }
        said.extend(changed);
        manifest.write(run)?;
        Ok(said)
    }
}
