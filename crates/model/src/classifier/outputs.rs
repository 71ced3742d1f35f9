//! What the output holds: logits, probabilities of one distribution, or a probability for each class by itself.
//!
//! It is decided from what comes out and from what the operators allow, never from an operator's name alone: a clip
//! behind a softmax, a softmax written out as exponentials, the mean of two networks' softmaxes give probabilities as
//! well. Probabilities are taken as they are; they are never put through another softmax.
use super::open::{Prepared, session_of};
use super::{Forward, arrange, first};
use crate::{Graph, ModelError, OnnxError};
use rightly_data::{Planes, Preprocess};
use rightly_onnx::engine::{EngineKind, Value};
use rightly_onnx::graph::layers::Shapes;
use serde::{Deserialize, Serialize};

/// Largest distance from 1 of a sum of probabilities.
const SUM_TOLERANCE: f64 = 1e-3;
/// How far outside of 0 to 1 a probability may lie by rounding.
const UNIT_TOLERANCE: f32 = 1e-4;
/// Largest difference between an output and the softmax (sigmoid) of the scores that it is made of.
const SAME: f64 = 1e-4;

/// What a classifier's output holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputKind {
    /// Scores, whose softmax are the probabilities.
    Logits,
    /// Probabilities of one distribution over the classes.
    Probabilities,
    /// A probability for each class by itself, as sigmoids give them.
    Independent,
}

/// How logits and probabilities are read from a run.
#[derive(Debug, Clone)]
pub(crate) struct Readout {
    pub(crate) kind: OutputKind,
    /// The value that logits are taken from.
    pub(crate) logits: String,
    /// The logits are the logarithms of what it holds.
    pub(crate) logarithms: bool,
    /// The output, where it is read as it is: where it is not known to be the softmax of the logits.
    pub(crate) output: Option<String>,
    /// The value below which layers for maps and features are looked for.
    pub(crate) top: String,
    /// Whether the graph ends in a softmax or the output holds probabilities, as the card says it.
    pub(crate) softmax: bool,
    /// Nothing but the pictures decides: no operator tells logits from probabilities.
    pub(crate) undecided: bool,
    /// What was decided, and why.
    pub(crate) note: Option<String>,
}

impl Readout {
    fn logits(output: &str) -> Self {
        Self {
            kind: OutputKind::Logits,
            logits: output.to_owned(),
            logarithms: false,
            output: None,
            top: output.to_owned(),
            softmax: false,
            undecided: false,
            note: None,
        }
    }

    /// Names of the values that a run has to give, the logits first.
    pub(crate) fn values(&self) -> Vec<&str> {
        let output = self.output.as_deref().filter(|output| *output != self.logits);
        std::iter::once(self.logits.as_str()).chain(output).collect()
    }

    /// From the values of [`Readout::values`] to logits and, where the output is read as it is, probabilities.
    pub(crate) fn read(&self, mut values: Vec<Vec<f32>>) -> (Vec<f32>, Option<Vec<f32>>) {
        let output = (values.len() > 1).then(|| values.pop()).flatten();
        let mut logits =
            values.pop().expect("a run gives as many values as were asked for: by construction");
        let probabilities = self.output.as_ref().map(|_| output.unwrap_or_else(|| logits.clone()));
        if self.logarithms {
            // A probability of zero becomes the smallest one that has a logarithm.
            logits.iter_mut().for_each(|p| *p = p.max(f32::MIN_POSITIVE).ln());
        }
        (logits, probabilities)
    }

    /// Decides what `output` of a prepared graph holds. `said` is the card's `softmax`.
    ///
    /// # Errors
    /// [`ModelError::Invalid`] where the card contradicts the outputs; what the engine says.
    pub(crate) fn decide(
        prepared: &Prepared,
        output: &str,
        shapes: &Shapes,
        said: Option<bool>,
        preprocess: &Preprocess,
        engine: EngineKind,
    ) -> Result<Self, ModelError> {
        let graph = &prepared.graph;
        let elements = |name: &str| shapes.get(name).map(|shape| shape.iter().product::<usize>());
        let all = elements(output).ok_or_else(|| graph.no_value(output))?;
        let classes = all / prepared.batch;
        let activation = graph.activation_of(output).filter(|found| {
            // What runs over another axis is no distribution over the classes.
            elements(&found.scores) == elements(output)
        });
        let whole = |found: &rightly_onnx::graph::Activation| {
            found.is_softmax_over(classes, graph.opset(), shapes)
        };
        if let Some(found) = activation.as_ref().filter(|found| found.last && whole(found)) {
            return ends_in_softmax(graph, output, found, said);
        }
        if said != Some(true) && graph.is_linear(output) {
            return Ok(Self::logits(output));
        }
        let candidates = graph.scores_below(output, shapes);
        let mut names = vec![output];
        names.extend(candidates.iter().map(String::as_str));
        let runs = synthetic(prepared, &names, preprocess, engine)?;
        let (outputs, scores): (Vec<_>, Vec<_>) = runs
            .into_iter()
            .filter(|run| run[0].iter().all(|value| value.is_finite()))
            .map(|mut run| (run.remove(0), run))
            .unzip();
        let mut found = Self::logits(output);
        let scores_of = |found: &rightly_onnx::graph::Activation| found.scores.clone();
        found.top = activation.as_ref().map_or_else(|| output.to_owned(), scores_of);
        let is_softmax = activation.as_ref().is_some_and(whole);
        let bounded = graph.range(output).is_unit();
        let seen = Seen::of(outputs.iter().map(Vec::as_slice));
        let kind = kind(graph, output, &seen, said, bounded, is_softmax)?;
        found.undecided = !bounded;
        if kind == OutputKind::Logits {
            if seen == Seen::Within {
                found.note = Some(format!(
                    "outputs: '{output}' lies in 0 to 1 on test pictures, but nothing in the graph keeps it there: taken \
                     for logits ('softmax = true' in the card or --softmax true says otherwise)"
                ));
            }
            return Ok(found);
        }
        let same = |at: usize| {
            let pairs = scores.iter().map(|run| run[at].as_slice()).zip(&outputs);
            !outputs.is_empty()
                && pairs.into_iter().all(|(scores, output)| makes(kind, scores, output))
        };
        // The farthest below: nearer ones may be scores with their largest taken off.
        let known = (0..candidates.len()).rev().find(|&at| same(at)).map(|at| &candidates[at]);
        let known = known.or(activation.as_ref().map(|found| &found.scores));
        found.kind = kind;
        found.softmax = true;
        found.output = Some(output.to_owned());
        found.logarithms = known.is_none();
        if let Some(scores) = known {
            found.logits.clone_from(scores);
        }
        // The guesses of layers start where nothing but layers with weights lies below.
        if let Some(lowest) = candidates.last() {
            found.top.clone_from(lowest);
        }
        found.note = Some(found.said(output));
        Ok(found)
    }

    fn said(&self, output: &str) -> String {
        let what = match self.kind {
            OutputKind::Probabilities => "probabilities",
            _ => "a probability for each class by itself (they don't sum to 1)",
        };
        let logits = if self.logarithms {
            "their logarithms".to_owned()
        } else {
            format!("'{}'", self.logits)
        };
        format!(
            "outputs: '{output}' holds {what}; confidence is the output as it is, without a softmax; logits are {logits}"
        )
    }

    /// Whether a run on real pictures shows what was decided.
    ///
    /// # Errors
    /// [`ModelError::Invalid`] with what contradicts it.
    pub(crate) fn confirm(&self, graph: &Graph, forwards: &[Forward]) -> Result<(), ModelError> {
        let outputs: Vec<&[f32]> = forwards
            .iter()
            .filter_map(|forward| match self.kind {
                OutputKind::Logits => Some(forward.logits.as_slice()),
                _ => forward.probabilities.as_deref(),
            })
            .filter(|output| output.iter().all(|value| value.is_finite()))
            .collect();
        let seen = Seen::of(outputs.iter().copied());
        let name = self.output.as_deref().unwrap_or(&self.logits);
        match (self.kind, seen) {
            (OutputKind::Logits, Seen::Sums) if self.undecided => Err(graph.invalid(format!(
                "the output '{name}' holds probabilities on the data's first pictures (each in 0 to 1, their sum 1), but \
                 not on a black, a white, a gray and a noisy one; say which it is: 'softmax = true' or 'softmax = false' \
                 in the card, or --softmax"
            )).into()),
            (OutputKind::Probabilities | OutputKind::Independent, Seen::Outside(low, high)) => {
                Err(graph.invalid(format!(
                    "the output '{name}' was taken for probabilities, but gives values of {low} to {high} on the data's \
                     first pictures; set 'softmax = false' in the card (or --softmax false) if it holds logits"
                )).into())
            }
            _ => Ok(()),
        }
    }
}

/// A graph whose last operator that changes a value is a softmax over the classes, or its logarithm.
fn ends_in_softmax(
    graph: &Graph,
    output: &str,
    found: &rightly_onnx::graph::Activation,
    said: Option<bool>,
) -> Result<Readout, ModelError> {
    let scores = &found.scores;
    let probabilities = found.op == "Softmax";
    if probabilities && said == Some(false) {
        return Err(contradicted(graph, output));
    }
    Ok(Readout {
        kind: if probabilities { OutputKind::Probabilities } else { OutputKind::Logits },
        top: scores.clone(),
        softmax: true,
        note: Some(format!(
            "softmax: the output '{output}' is one; logits are its input '{scores}'"
        )),
        ..Readout::logits(scores)
    })
}

fn contradicted(graph: &Graph, output: &str) -> ModelError {
    graph.invalid(format!(
        "the card (or --softmax) says softmax = false, but the output '{output}' holds probabilities; leave 'softmax' out, \
         or set it to true"
    )).into()
}

/// What values show.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Seen {
    /// No picture gave finite values.
    Nothing,
    /// Lowest and highest value where one lies outside of 0 to 1.
    Outside(f32, f32),
    /// All in 0 to 1, with sum 1, and not the same for every picture.
    Sums,
    /// The same with one answer for every picture, which tells little.
    SumsAlways,
    /// All in 0 to 1, with other sums.
    Within,
}

impl Seen {
    fn of<'a>(outputs: impl Iterator<Item = &'a [f32]> + Clone) -> Self {
        let Some(one) = outputs.clone().next() else { return Self::Nothing };
        let values = || outputs.clone().flatten().copied();
        let low = values().fold(f32::INFINITY, f32::min);
        let high = values().fold(f32::NEG_INFINITY, f32::max);
        if low < -UNIT_TOLERANCE || high > 1.0 + UNIT_TOLERANCE {
            return Self::Outside(low, high);
        }
        let sum = |output: &[f32]| output.iter().map(|&p| f64::from(p)).sum::<f64>();
        if !outputs.clone().all(|output| (sum(output) - 1.0).abs() <= SUM_TOLERANCE) {
            return Self::Within;
        }
        let mut rest = outputs;
        if rest.all(|output| output == one) { Self::SumsAlways } else { Self::Sums }
    }
}

/// From what was seen, what the card says and what the graph allows to what the output holds.
fn kind(
    graph: &Graph,
    output: &str,
    seen: &Seen,
    said: Option<bool>,
    bounded: bool,
    is_softmax: bool,
) -> Result<OutputKind, ModelError> {
    let within = if is_softmax { OutputKind::Probabilities } else { OutputKind::Independent };
    let kind = match seen {
        Seen::Outside(low, high) if said == Some(true) => {
            return Err(graph.invalid(format!(
                "the card (or --softmax) says that '{output}' holds probabilities, but test pictures give values of \
                 {low} to {high}; set softmax to false, or name the output that holds them with 'logits'"
            )).into());
        }
        Seen::Outside(..) => OutputKind::Logits,
        Seen::Sums => OutputKind::Probabilities,
        Seen::SumsAlways if bounded || said == Some(true) => OutputKind::Probabilities,
        Seen::Within if bounded || said == Some(true) => within,
        Seen::Nothing if bounded => within,
        Seen::SumsAlways | Seen::Within | Seen::Nothing => OutputKind::Logits,
    };
    // 'No softmax' is true of sigmoids.
    if kind == OutputKind::Probabilities && said == Some(false) {
        return Err(contradicted(graph, output));
    }
    Ok(kind)
}

/// Whether the output is the softmax (the sigmoid) of the scores.
fn makes(kind: OutputKind, scores: &[f32], output: &[f32]) -> bool {
    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers = || scores.iter().map(|&s| f64::from(s - largest).exp());
    let total: f64 = powers().sum();
    let made: Vec<f64> = match kind {
        OutputKind::Independent => {
            scores.iter().map(|&s| 1.0 / (1.0 + f64::from(-s).exp())).collect()
        }
        _ => powers().map(|p| p / total).collect(),
    };
    scores.len() == output.len()
        && made.iter().zip(output).all(|(made, &p)| (made - f64::from(p)).abs() <= SAME)
}

/// A black, a white, a gray and a noisy picture, as they enter the model.
fn pictures(preprocess: &Preprocess, [height, width]: [usize; 2]) -> Vec<Vec<f32>> {
    let plain = |value: f32| vec![value; 3 * height * width];
    // A linear congruential generator: the same noise everywhere.
    let mut state = 1_u32;
    let noise = (0..3 * height * width).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32
    });
    let noise: Vec<f32> = noise.collect();
    [plain(0.0), plain(1.0), plain(0.5), noise]
        .into_iter()
        .map(|data| preprocess.normalise(&Planes { width, height, data }))
        .collect()
}

/// Values of the graph on test pictures: for each picture, for each name.
fn synthetic(
    prepared: &Prepared,
    names: &[&str],
    preprocess: &Preprocess,
    engine: EngineKind,
) -> Result<Vec<Vec<Vec<f32>>>, ModelError> {
    let session = session_of(&prepared.graph, names, engine)?;
    let input = &prepared.input;
    let run = |picture: Vec<f32>| -> Result<Vec<Vec<f32>>, ModelError> {
        let value = arrange(&picture, prepared.size, input.nhwc, prepared.batch)
            .map_err(|message| OnnxError::Engine { engine: engine.name(), message })?;
        let values = session.run(&[(input.name.as_str(), Value::F32(value))], names)?;
        let floats = |(value, name): (Value, &&str)| {
            let value = value.into_f32().ok_or_else(|| {
                prepared.graph.invalid(format!("the output '{name}' holds no floats"))
            })?;
            Ok(first(value, prepared.batch).into_iter().collect())
        };
        values.into_iter().zip(names).map(floats).collect()
    };
    pictures(preprocess, prepared.size).into_iter().map(run).collect()
}
