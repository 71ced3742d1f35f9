//! A repaired model, proved to be what was trained, and what was tried.

use rightly_data::{Planes, table::Columns};
use rightly_model::{Classifier, Encoder, ModelError, Overrides, heads::Head};
use rightly_onnx::graph::layers::GraphHead;
use serde::{Deserialize, Serialize};

use super::{
    Repair, STAGE,
    model_selection::{Chosen, Tried},
    output_map::Target,
    verdict::Verdict,
};
use crate::{Error, Inputs, RunDir, prose::difference, run::read_json};

/// Largest difference of a logit that the written file may show.
const SAME: f32 = 1e-4;
/// Pictures that are run through it.
const PICTURES: usize = 8;

/// `mitigate/METHOD/FILE`.
pub(super) fn path(repair: Repair, file: &str) -> String {
    format!("{STAGE}/{repair}/{file}")
}

/// The model that is repaired.
pub(super) struct Original {
    pub(super) encoder: Encoder,
    place: GraphHead,
    /// The head at that place.
    pub(super) own: Head,
    /// Some pictures of the images that are reported on.
    pictures: Vec<Vec<f32>>,
}

impl Original {
    /// Finds the head, and checks that it makes the model's logits of its features.
    ///
    /// # Errors
    /// Names the node that keeps the head from being replaced; no picture can be read.
    pub(super) fn open(inputs: &Inputs, samples: &[usize]) -> Result<Self, Error> {
        let encoder = Encoder::of(&inputs.classifier)?;
        let graph = inputs.classifier.graph();
        let place = graph.head_of(inputs.classifier.logits_tensor(), encoder.layer())?;
        let own = Head::from_graph(&place)?;
        let loader = inputs.loader.with_preprocess(encoder.preprocess().clone());
        let mut pictures = Vec::new();
        for &sample in samples {
            if let Ok(picture) = loader.load(&inputs.dataset.samples[sample]) {
                pictures.push(encoder.preprocess().normalise(&Planes::from(&picture.crop)));
            }
            if pictures.len() == PICTURES {
                break;
            }
        }
        let out = Self { encoder, place, own, pictures };
        let off = out.encoder.head_difference(&out.own, out.pictures())?;
        if off.is_nan() || off > SAME {
            return Err(Error::Model(ModelError::Invalid {
                path: inputs.classifier.path().to_owned(),
                message: format!(
                    "the layers above '{}' do not make the logits of its features ({}); name another \
                     layer with --feature-layer",
                    out.encoder.layer(),
                    difference(f64::from(off))
                ),
            }));
        }
        Ok(out)
    }

    fn pictures(&self) -> impl Iterator<Item = &[f32]> {
        self.pictures.iter().map(Vec::as_slice)
    }

    /// Writes the model with another head, its card and labels, and runs it; the largest difference of its logits.
    ///
    /// # Errors
    /// A file can't be written, or gives other logits than the head.
    pub(super) fn write(
        &self,
        inputs: &Inputs,
        run: &RunDir,
        repair: Repair,
        target: &Target,
        head: &Head,
    ) -> Result<f32, Error> {
        let file = run.path(&path(repair, "repaired.onnx"));
        let folder = run.path(&path(repair, ""));
        std::fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
        let head = target.as_written(head)?;
        // The head as the file holds it: half precision rounds its weights.
        let (graph, head) = inputs.classifier.with_head(&self.place, &head)?;
        graph.save(&file)?;
        let mut card = inputs.classifier.card().clone();
        card.feature_layer = Some(self.encoder.layer().to_owned());
        card.labels = None;
        let labels = match &target.same {
            None => Some(inputs.dataset.classes.clone()),
            Some(_) if inputs.classifier.has_labels() => Some(inputs.classifier.labels().to_vec()),
            Some(_) => None,
        };
        if let Some(labels) = labels {
            let labels_file = path(repair, "labels.txt");
            run.write(&labels_file, format!("{}\n", labels.join("\n")).as_bytes())?;
            card.labels = Some(run.path(&labels_file));
        }
        card.write_beside(&file)?;
        ["repaired.onnx", "repaired.toml"]
            .iter()
            .try_for_each(|file| run.record(&path(repair, file)))?;
        let limits = inputs.classifier.graph().limits();
        let overrides = Overrides { limits, ..Overrides::default() };
        let written = Classifier::open(&file, &overrides, inputs.classifier.engine())?;
        let off = Encoder::of(&written)?.head_difference(&head, self.pictures())?;
        if off.is_nan() || off > SAME {
            return Err(Error::run(
                &file,
                format!(
                    "gives other logits than the head that was trained ({})",
                    difference(f64::from(off))
                ),
            ));
        }
        Ok(off)
    }
}

/// `mitigate/METHOD/tried.json`.
#[derive(Serialize)]
pub(super) struct Record<'a> {
    pub(super) repair: &'a str,
    /// The file that was audited, and its hash.
    pub(super) model: String,
    pub(super) model_hash: &'a str,
    pub(super) groups: &'a str,
    /// Images that the model was trained on, held-out ones, and those that are reported on.
    pub(super) images: [usize; 3],
    /// Parts of the held-out images; each is chosen on by heads that were trained on the others.
    pub(super) folds: usize,
    /// Accuracy on held-out images below which heads come last.
    pub(super) least_accuracy: f64,
    pub(super) chosen: usize,
    pub(super) tried: &'a [Tried],
    /// The chosen head of each draw of random groups, or of random images.
    pub(super) controls: Vec<&'a Tried>,
    /// Largest relative difference between the logits of the file and of the head.
    pub(super) largest_difference: f32,
    pub(super) verdict: &'a Verdict,
}

impl Record<'_> {
    pub(super) fn write(&self, run: &RunDir, repair: Repair) -> Result<(), Error> {
        let file = path(repair, "tried.json");
        let text = serde_json::to_vec_pretty(self);
        let text = text.map_err(|error| Error::run(&run.path(&file), error.to_string()))?;
        run.write(&file, &text)
    }
}

/// Names of the repairs that a run's last mitigation made, the main one first.
fn made(run: &RunDir) -> Result<Vec<String>, Error> {
    let manifest = run.manifest()?;
    let list = manifest.stages.get(STAGE).and_then(|table| table.get("repair")?.as_array());
    Ok(list.into_iter().flatten().filter_map(|name| name.as_str()).map(str::to_owned).collect())
}

/// The verdict on each repair of a run's last mitigation, the main one first.
///
/// # Errors
/// A file of the run can't be read.
pub fn verdicts(run: &RunDir) -> Result<Vec<Verdict>, Error> {
    #[derive(Deserialize)]
    struct Tried {
        verdict: Verdict,
    }
    let of = |name: String| {
        let path = run.checked(&format!("{STAGE}/{name}/tried.json"))?;
        Ok(read_json::<Tried>(&path)?.verdict)
    };
    made(run)?.into_iter().map(of).collect()
}

/// The head of a repair that was chosen.
pub(super) fn chosen(of: &Chosen) -> &Tried {
    &of.tried[of.chosen]
}

/// `mitigate/METHOD/predictions.parquet`: id, class, group, whether the answer was right before and is after, and the share
/// of draws of the control in which it is.
pub(super) fn predictions(
    inputs: &Inputs,
    run: &RunDir,
    samples: &[usize],
    groups: &[Option<String>],
    before: &[f64],
    outcome: &super::figures::Outcome,
) -> Result<(), Error> {
    let of = |at: usize| &inputs.dataset.samples[at];
    let columns = Columns::new()
        .utf8("id", samples.iter().map(|&at| of(at).id.as_str()))
        .utf8("class", samples.iter().map(|&at| inputs.dataset.classes[of(at).class].as_str()))
        .utf8_opt("group", groups.iter().map(Option::as_deref))
        .bool("before", before.iter().map(|r| *r > 0.5))
        .bool("after", outcome.after.iter().map(|r| *r > 0.5))
        .f64_opt("control", (0..samples.len()).map(|at| outcome.control.get(at).copied()));
    run.write_table(&path(outcome.repair, "predictions.parquet"), &columns.batch()?)
}
