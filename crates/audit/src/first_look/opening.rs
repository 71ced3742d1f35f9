//! From a model's file to the classifier that a run goes on with.

use std::path::{Path, PathBuf};

use rightly_data::{Planes, Sample, pixels::DecodeOptions};
use rightly_model::{Classifier, EngineKind, ModelError, OnnxError, Overrides};

use super::{AUTO, FirstLook, SecondOpinion, compare::Compared, said, spoilt::spoilt};
use crate::Error;

/// Most images of a look.
const IMAGES: usize = 8;
/// Images of the data for one of the look, so that a small run has a small look.
const SHARE: usize = 16;

/// A model that was opened, before any image was looked at.
pub struct Opening {
    /// The model, ready to run.
    pub classifier: Classifier,
    path: PathBuf,
    overrides: Overrides,
    /// The engine was left to the look.
    auto: bool,
    /// Why the other engine can't be taken.
    no_other: Option<ModelError>,
}

/// What a look gives.
pub struct Looked {
    /// The model on the engine to go on with.
    pub classifier: Classifier,
    /// What was seen.
    pub look: FirstLook,
    /// What to tell the user beside what [`FirstLook`] says: rates, and what is not there.
    pub said: Vec<String>,
}

/// An engine by its name.
///
/// # Errors
/// [`Error::Usage`] where there is none of this name.
pub(crate) fn engine_of(name: &str) -> Result<EngineKind, Error> {
    let known = EngineKind::ALL.into_iter().find(|kind| kind.name() == name);
    known
        .ok_or_else(|| Error::Usage(format!("--engine {name}: expected auto, rten or onnxruntime")))
}

fn other(engine: EngineKind) -> EngineKind {
    match engine {
        EngineKind::Rten => EngineKind::OnnxRuntime,
        EngineKind::OnnxRuntime => EngineKind::Rten,
    }
}

impl Opening {
    /// Opens a model on the engine of this name, or with [`AUTO`] on ONNX Runtime where it is found and runs the model,
    /// else on the embedded engine.
    ///
    /// # Errors
    /// Where the model can't be opened.
    pub fn new(path: &Path, overrides: &Overrides, engine: &str) -> Result<Self, Error> {
        let open = |engine| Classifier::open(path, overrides, engine);
        let opened = |classifier, auto, no_other| Self {
            classifier,
            path: path.to_owned(),
            overrides: overrides.clone(),
            auto,
            no_other,
        };
        if engine != AUTO {
            return Ok(opened(open(engine_of(engine)?)?, false, None));
        }
        if let Err(error) = EngineKind::OnnxRuntime.available() {
            return Ok(opened(open(EngineKind::Rten)?, true, Some(error.into())));
        }
        match open(EngineKind::OnnxRuntime) {
            Ok(classifier) => Ok(opened(classifier, true, None)),
            // What is wrong with the file or its card is wrong for every engine.
            Err(
                error @ ModelError::Onnx(OnnxError::Unsupported { .. } | OnnxError::Engine { .. }),
            ) => Ok(opened(open(EngineKind::Rten)?, true, Some(error))),
            Err(error) => Err(error.into()),
        }
    }

    /// The model with what an earlier look showed.
    pub(crate) fn continued(self, look: FirstLook) -> Looked {
        Looked { classifier: self.classifier, look, said: Vec::new() }
    }

    /// Looks at a few of the samples, spread evenly. Without `second` only at what the output holds.
    ///
    /// # Errors
    /// Where an engine fails, the output does not hold what it was taken for, a second engine gives other answers and
    /// the engine was left to the look, or every image loses what is no number on its way to an answer.
    pub fn look(
        self,
        samples: &[&Sample],
        decode: &DecodeOptions,
        second: bool,
    ) -> Result<Looked, Error> {
        let inputs = self.inputs(samples, decode);
        let spoilt = spoilt(&self.classifier, &inputs)?;
        let mut looked = self.opinion_on(&inputs, second)?;
        looked.said.extend(spoilt);
        Ok(looked)
    }

    /// What the engines say of the images.
    fn opinion_on(mut self, inputs: &[(String, Vec<f32>)], second: bool) -> Result<Looked, Error> {
        if !second && !self.auto {
            return self.alone(inputs);
        }
        let known = self.no_other.take();
        let other = match known {
            Some(why) => Err(why),
            None => self.other(),
        };
        match other {
            Ok(other) => self.beside(other, inputs),
            Err(why) => self.again(inputs, &why),
        }
    }

    /// A few images as they enter the model; one that can't be read is the run's to name.
    fn inputs(&self, samples: &[&Sample], decode: &DecodeOptions) -> Vec<(String, Vec<f32>)> {
        let wanted = (samples.len() / SHARE).clamp(2, IMAGES).min(samples.len());
        let preprocess = &self.classifier.card().preprocess;
        let read = |sample: &&Sample| {
            let decoded = sample.image.load(decode).ok()?;
            let crop = preprocess.crop_image(&decoded.image);
            Some((sample.id.clone(), preprocess.normalise(&Planes::from(&crop))))
        };
        let places = (0..wanted).map(|at| at * samples.len() / wanted);
        places.filter_map(|at| read(&samples[at])).collect()
    }

    /// The same model on the other engine, or why there is none.
    fn other(&self) -> Result<Classifier, ModelError> {
        let engine = other(self.classifier.engine());
        engine.available()?;
        Classifier::open(&self.path, &self.overrides, engine)
    }

    /// What the output holds, by the model's own engine.
    fn alone(self, inputs: &[(String, Vec<f32>)]) -> Result<Looked, Error> {
        let mut images = 0;
        if self.classifier.output_is_open() {
            let forwards = inputs.iter().map(|(_, input)| self.classifier.forward(input, false));
            let forwards = forwards.collect::<Result<Vec<_>, _>>()?;
            self.classifier.confirm(&forwards)?;
            images = forwards.len();
        }
        let look = look(&self.classifier, images, None);
        Ok(Looked { classifier: self.classifier, look, said: Vec::new() })
    }

    /// The same images through both engines; the faster one goes on where the choice is the look's.
    fn beside(self, other: Classifier, inputs: &[(String, Vec<f32>)]) -> Result<Looked, Error> {
        let (own, others) = (&self.classifier, &other);
        let (compared, forwards) =
            Compared::of(inputs, &|input| own.forward(input, false), &|input| {
                others.forward(input, false)
            })?;
        own.confirm(&forwards)?;
        if self.auto && !compared.other_answers.is_empty() {
            return Err(said::disagreement(own, &others.engine().version(), &compared));
        }
        let rates = compared.rates();
        let names = [own.engine(), others.engine()];
        let said = vec![said::rates(names.map(EngineKind::name), rates, inputs.len())];
        let take_other = self.auto && rates[1] > rates[0];
        let (classifier, second) =
            if take_other { (other, self.classifier) } else { (self.classifier, other) };
        let second = opinion(second.engine().version(), compared);
        let look = look(&classifier, inputs.len(), Some(second));
        Ok(Looked { classifier, look, said })
    }

    /// The same images through the same engine without its optimisations.
    fn again(self, inputs: &[(String, Vec<f32>)], why: &ModelError) -> Result<Looked, Error> {
        let own = &self.classifier;
        let plain = own.without_optimisations()?;
        let (compared, forwards) =
            Compared::of(inputs, &|input| own.forward(input, false), &|input| {
                plain.forward(input)
            })?;
        own.confirm(&forwards)?;
        let engine = format!("{}, not optimised", own.engine().version());
        if self.auto && !compared.other_answers.is_empty() {
            return Err(said::disagreement(own, &engine, &compared));
        }
        let names = [own.engine().name(), "not optimised"];
        let said = vec![
            said::rates(names, compared.rates(), inputs.len()),
            said::no_other(own.engine(), why),
        ];
        let look = look(own, inputs.len(), Some(opinion(engine, compared)));
        Ok(Looked { classifier: self.classifier, look, said })
    }
}

fn opinion(engine: String, compared: Compared) -> SecondOpinion {
    SecondOpinion {
        engine,
        largest_difference: compared.largest,
        other_answers: compared.other_answers,
    }
}

fn look(classifier: &Classifier, images: usize, second: Option<SecondOpinion>) -> FirstLook {
    FirstLook {
        engine: classifier.engine().version(),
        output: classifier.output_kind(),
        images,
        second,
    }
}

#[cfg(test)]
mod tests {
    use rightly_onnx::Graph;
    use rightly_onnx::graph::proto::{AttributeProto, NodeProto, TensorProto};

    use super::*;

    fn quickstart(file: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/quickstart").join(file)
    }

    fn opening(auto: bool) -> Opening {
        let overrides = Overrides::default();
        let opened = Opening::new(&quickstart("model.onnx"), &overrides, "rten").unwrap();
        Opening { auto, ..opened }
    }

    fn inputs(opening: &Opening) -> Vec<(String, Vec<f32>)> {
        let table = quickstart("table.csv");
        let options = crate::InputOptions::new("m.onnx", table.to_string_lossy());
        let dataset = options.open_dataset().unwrap();
        let samples: Vec<&Sample> = dataset.samples.iter().collect();
        opening.inputs(&samples, &options.decode_options())
    }

    /// The quickstart's model with its outputs in another order, as a second engine that is wrong.
    fn wrong() -> (tempfile::TempDir, Classifier) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.onnx");
        let original = quickstart("model.onnx");
        let mut model = Graph::load(&original).unwrap().model().clone();
        let graph = model.graph.as_mut().unwrap();
        let output = graph.output[0].name.clone().unwrap();
        for name in graph.node.iter_mut().flat_map(|node| &mut node.output) {
            if *name == output {
                *name = "ordered".to_owned();
            }
        }
        let order = TensorProto::from_i64("order", &ndarray::arr1(&[1, 2, 3, 0]).into_dyn());
        graph.initializer.push(order);
        let axis = vec![AttributeProto::int("axis", 1)];
        graph.node.push(NodeProto::of("Gather", &["ordered", "order"], &output, axis));
        Graph::from_model(model, &path).unwrap().save(&path).unwrap();
        let overrides = Overrides { card: Some(quickstart("model.toml")), ..Overrides::default() };
        let classifier = Classifier::open(&path, &overrides, EngineKind::Rten).unwrap();
        (folder, classifier)
    }

    #[test]
    fn other_answers_stop_a_run_whose_engine_was_not_named() {
        let (_folder, other) = wrong();
        let opening = opening(true);
        let inputs = inputs(&opening);
        let error = opening.beside(other, &inputs).err().unwrap().to_string();
        assert!(error.contains("--engine onnxruntime"), "{error}");
        assert!(error.contains("different answers"), "{error}");
        assert!(error.contains(&inputs[0].0), "{error}");
    }

    #[test]
    fn other_answers_are_a_finding_where_the_engine_was_named() {
        let (_folder, other) = wrong();
        let opening = opening(false);
        let inputs = inputs(&opening);
        let looked = opening.beside(other, &inputs).unwrap();
        assert_eq!(looked.classifier.engine(), EngineKind::Rten);
        let second = looked.look.second.as_ref().unwrap();
        assert_eq!(second.other_answers.len(), inputs.len());
        assert!(looked.look.warning().is_some());
        let (title, text) = second.finding(&looked.look).unwrap();
        assert!(title.contains("different answers") && text.contains(&inputs[0].0), "{text}");
    }

    #[test]
    fn the_same_engine_without_optimisations_agrees() {
        let opening = opening(true);
        let inputs = inputs(&opening);
        assert_eq!(inputs.len(), 7, "one of sixteen of 120 images");
        let none = ModelError::Head("no other".to_owned());
        let looked = opening.again(&inputs, &none).unwrap();
        let second = looked.look.second.as_ref().unwrap();
        assert!(second.engine.contains("not optimised"), "{second:?}");
        assert!(second.largest_difference < 1e-4, "{second:?}");
        assert!(second.other_answers.is_empty() && looked.look.warning().is_none());
        assert!(looked.said[0].contains("images a second"), "{:?}", looked.said);
    }

    #[test]
    fn small_data_have_a_small_look() {
        let opening = opening(false);
        let options = crate::InputOptions::new("m.onnx", quickstart("table.csv").to_string_lossy());
        let dataset = options.open_dataset().unwrap();
        let samples: Vec<&Sample> = dataset.samples.iter().collect();
        let looked_at = |n: usize| opening.inputs(&samples[..n], &options.decode_options()).len();
        assert_eq!([looked_at(0), looked_at(1), looked_at(20), looked_at(64)], [0, 1, 2, 4]);
    }
}
