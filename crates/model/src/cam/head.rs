//! The part of the graph above the CAM layer.
use super::{Cam, CamMethod, eigen, positions, score};
use crate::{Classifier, EngineKind, Graph, ModelError};
use ndarray::{Array2, ArrayD, ArrayView2};
use rightly_onnx::autodiff::LogitGradient;
use rightly_onnx::engine::{Session, Value};
use rightly_onnx::graph::layers::Layout;
use std::path::PathBuf;

/// Where a head lies in a graph.
#[derive(Debug, Clone, Copy)]
pub struct CamPlace<'a> {
    /// Value that the forward pass hands over; all that the logits know of the image flows through it.
    pub source: &'a str,
    /// The CAM layer, `source` itself or computed from it.
    pub layer: &'a str,
    /// Raw logits, `[1, C]` or `[1, C, 1, 1]`.
    pub logits: &'a str,
    /// How the layer's positions lie.
    pub layout: Layout,
}

/// What a position's value is weighted by.
#[derive(Debug, Clone, Copy)]
enum Weights {
    /// The mean of its channel's gradient.
    Mean,
    /// Its own gradient.
    Own,
    /// The positive part of its own gradient.
    Positive,
}

enum Way {
    Grad(Box<LogitGradient>, Weights),
    /// The run from the source to the layer, where they differ.
    Eigen(Option<Box<dyn Session>>),
    /// The same.
    Score(Option<Box<dyn Session>>),
}

/// The part of the graph above the CAM layer; one serves all threads.
pub struct CamHead {
    way: Way,
    path: PathBuf,
    source: String,
    layer: String,
    layout: Layout,
}

impl std::fmt::Debug for CamHead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CamHead")
            .field("source", &self.source)
            .field("layer", &self.layer)
            .field("layout", &self.layout)
            .finish_non_exhaustive()
    }
}

impl CamHead {
    /// Prepares the head of a classifier: from its tap to its logits.
    ///
    /// # Errors
    /// As [`CamHead::at`]; also where the classifier has no CAM layer, or one without positions.
    pub fn new(classifier: &Classifier, method: CamMethod) -> Result<Self, ModelError> {
        let graph = classifier.graph();
        let (Some(layer), Some(source)) = (classifier.cam_layer(), classifier.tap_tensor()) else {
            return Err(graph.invalid(
                "no layer for CAMs was found in the graph; name one with --cam-layer ('rightly model FILE' lists them)",
            ).into());
        };
        let layout = classifier.cam_layout().ok_or_else(|| {
            graph.invalid(format!(
                "the CAM layer '{layer}' has no positions (its shape is no grid of features); name one below the \
                 pooling with --cam-layer"
            ))
        })?;
        let place = CamPlace { source, layer, logits: classifier.logits_tensor(), layout };
        Self::at(graph, classifier.engine(), place, method)
    }

    /// Prepares the head at a place of a graph that is ready for evaluation.
    ///
    /// # Errors
    /// [`crate::OnnxError::Unsupported`] names an operator above the layer that has no gradient rule (not for
    /// [`CamMethod::Eigen`]) or that the engine lacks; [`ModelError::Invalid`] where the logits know of the image around
    /// `source`, or do not depend on the layer.
    pub fn at(
        graph: &Graph,
        engine: EngineKind,
        place: CamPlace<'_>,
        method: CamMethod,
    ) -> Result<Self, ModelError> {
        let CamPlace { source, layer, logits, layout } = place;
        let by = |weights| {
            let gradient = LogitGradient::new(graph, engine, source, layer, logits)?;
            Ok::<_, ModelError>(Way::Grad(Box::new(gradient), weights))
        };
        let part = || match source == layer {
            true => Ok::<_, ModelError>(None),
            false => Ok(Some(engine.load(&graph.cut(&[source], &[layer])?, false)?)),
        };
        let way = match method {
            CamMethod::Grad => by(Weights::Mean)?,
            CamMethod::HiRes => by(Weights::Own)?,
            CamMethod::Layer => by(Weights::Positive)?,
            CamMethod::Eigen => Way::Eigen(part()?),
            CamMethod::Score => Way::Score(part()?),
        };
        Ok(Self {
            way,
            path: graph.path().to_owned(),
            source: source.to_owned(),
            layer: layer.to_owned(),
            layout,
        })
    }

    /// The layer's name: a value of the graph.
    #[must_use]
    pub fn layer(&self) -> &str {
        &self.layer
    }

    /// The maps of `targets` (outputs' indices), as [`CamHead::cam`] gives them, for any method: `input` is the picture as
    /// [`Classifier::forward`] takes it, `activation` the tapped value of that run. Only [`CamMethod::Score`] runs the
    /// classifier, once a channel for all targets.
    ///
    /// # Errors
    /// As [`CamHead::cam`] and [`Classifier::forward`].
    pub fn cams(
        &self,
        classifier: &Classifier,
        input: &[f32],
        activation: &ArrayD<f32>,
        targets: &[usize],
    ) -> Result<Vec<Cam>, ModelError> {
        let Way::Score(session) = &self.way else {
            let mut out: Vec<Cam> = Vec::with_capacity(targets.len());
            for (at, &target) in targets.iter().enumerate() {
                out.push(match targets[..at].iter().position(|&known| known == target) {
                    Some(known) => out[known].clone(),
                    None => self.cam(activation, target)?,
                });
            }
            return Ok(out);
        };
        let (grid, value) = self.value(session.as_deref(), activation)?;
        score::maps(classifier, input, &value, grid, targets)
    }

    /// Forward passes that [`CamHead::cams`] needs for a picture whose run left `activation`.
    ///
    /// # Errors
    /// As [`CamHead::cam`].
    pub fn passes(&self, activation: &ArrayD<f32>) -> Result<usize, ModelError> {
        match &self.way {
            Way::Score(session) => Ok(self.value(session.as_deref(), activation)?.1.nrows()),
            _ => Ok(0),
        }
    }

    /// The map of `target` (an output's index) given the tapped value of [`crate::Forward`]; [`CamMethod::Eigen`]
    /// ignores the target.
    ///
    /// # Errors
    /// [`ModelError::Invalid`] where `target` is no output or the activation's shape is not the layer's, and for
    /// [`CamMethod::Score`], which needs the picture ([`CamHead::cams`]); [`crate::OnnxError::Engine`] from the run;
    /// [`crate::OnnxError::Unsupported`] for a form of an operator without a rule.
    pub fn cam(&self, activation: &ArrayD<f32>, target: usize) -> Result<Cam, ModelError> {
        match &self.way {
            Way::Grad(logit, weights) => {
                let (value, gradient) = logit.at(activation, target)?;
                let (grid, value) = self.positions(&value)?;
                let (_, gradient) = self.positions(&gradient)?;
                Ok(Cam::from_sum(&weighted(value.view(), gradient.view(), *weights), grid))
            }
            Way::Eigen(session) => {
                let (grid, value) = self.value(session.as_deref(), activation)?;
                Ok(Cam::from_sum(&eigen::projection(&value), grid))
            }
            Way::Score(_) => {
                Err(self
                    .invalid("Score-CAM needs the picture, not the layer's value alone".to_owned()))
            }
        }
    }

    /// The layer's value as channels by positions, from the tapped value.
    fn value(
        &self,
        session: Option<&dyn Session>,
        activation: &ArrayD<f32>,
    ) -> Result<([usize; 2], Array2<f32>), ModelError> {
        let Some(session) = session else { return self.positions(activation) };
        let input = [(self.source.as_str(), Value::F32(activation.clone()))];
        let mut values = session.run(&input, &[&self.layer])?;
        let value = values.pop().and_then(Value::into_f32);
        let value =
            value.ok_or_else(|| self.invalid(format!("layer '{}' holds no floats", self.layer)))?;
        self.positions(&value)
    }

    fn positions(&self, value: &ArrayD<f32>) -> Result<([usize; 2], Array2<f32>), ModelError> {
        positions::by_channel(value, self.layout)
            .map_err(|message| self.invalid(format!("CAM layer '{}': {message}", self.layer)))
    }

    fn invalid(&self, message: String) -> ModelError {
        ModelError::Invalid { path: self.path.clone(), message }
    }
}

/// The sum over channels of weighted values, one a position; both are `[channels, positions]`.
fn weighted(value: ArrayView2<'_, f32>, gradient: ArrayView2<'_, f32>, by: Weights) -> Vec<f32> {
    let count = gradient.ncols().max(1) as f64;
    let mut sum = vec![0.0; value.ncols()];
    for (value, gradient) in value.rows().into_iter().zip(gradient.rows()) {
        let mean = gradient.iter().map(|&g| f64::from(g)).sum::<f64>() / count;
        for ((sum, &v), &g) in sum.iter_mut().zip(value).zip(gradient) {
            let weight = match by {
                Weights::Mean => mean,
                Weights::Own => f64::from(g),
                // NaN stays NaN.
                Weights::Positive if g < 0.0 => 0.0,
                Weights::Positive => f64::from(g),
            };
            *sum += weight * f64::from(v);
        }
    }
    sum.into_iter().map(|v| v as f32).collect()
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    /// Two channels of three positions, by hand.
    #[test]
    fn positions_are_weighted_as_the_methods_say() {
        let value = array![[1.0, 2.0, 3.0], [4.0, 0.0, -1.0]];
        let gradient = array![[3.0, 0.0, 0.0], [-1.0, -2.0, 6.0]];
        let of = |by| weighted(value.view(), gradient.view(), by);
        assert_eq!(of(Weights::Mean), [1.0 + 4.0, 2.0, 3.0 - 1.0]);
        assert_eq!(of(Weights::Own), [3.0 - 4.0, 0.0, -6.0]);
        assert_eq!(of(Weights::Positive), [3.0, 0.0, -6.0]);
        let alike = array![[2.0, 2.0, 2.0], [-1.0, -1.0, -1.0]];
        let of = |by| weighted(value.view(), alike.view(), by);
        assert_eq!(of(Weights::Mean), of(Weights::Own), "a mean and a linear layer alone follow");
    }
}
