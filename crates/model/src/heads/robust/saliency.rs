//! A penalty on the class activation map off the object, exact for a pooled linear head.
//!
//! A head that reads features averaged over positions has logits `z_c = w_c . mean over p of f(p) + b_c`, so that its class
//! activation map (and GradCAM's, before it is rectified) is linear in the head's weights: `CAM_c(p) = w_c . f(p)`. With
//! `m(p)` the share of position `p` that is object, what the background adds to the logit of the true class `y` is
//! `w_y . v` with `v = mean over p of (1 - m(p)) f(p)`: one stored vector an image.
//!
//! - [`Objects::Parts`]: the penalty of an image is `max(w_y . v, 0)`, the net mass of the map off the object.
//! - [`Objects::Maps`]: it is `mean over p of (1 - m(p)) max(w_y . f(p), 0)`, the positive mass, position by position; this
//!   needs the whole map of each image.
//!
//! Both are convex in the weights, so that the sum with the cross-entropy has one minimum, and both have the exact gradient
//! with a frozen trunk. Hard ImageNet (Moayeri et al. 2022) publishes such a regularisation; in its code the maps
//! carried no gradient to the weights, so that it changed nothing. Images without any object in the picture are not
//! penalised.
use crate::ModelError;
use crate::heads::step::{Mean, Objective};
use crate::heads::{Features, Head, HeadOptions};
use ndarray::{ArrayView1, ArrayView2, ArrayView3, Axis};
use rayon::prelude::*;

/// Where the object lies in the features of each row, in the features' own units: of features brought to deviation 1 these
/// are scaled as well, by [`crate::heads::Standard::rescale`].
#[derive(Debug, Clone, Copy)]
pub enum Objects<'a> {
    /// Parts of the mean over positions, see [`object_parts`].
    Parts {
        /// `[n, d]`: mean over positions of object share x feature.
        object: ArrayView2<'a, f32>,
        /// `[n, d]`: the same with the share that is not object.
        rest: ArrayView2<'a, f32>,
    },
    /// Whole maps.
    Maps {
        /// `[n, d, positions]`.
        values: ArrayView3<'a, f32>,
        /// `[n, positions]`, 0 to 1: the share of each position that is object.
        object: ArrayView2<'a, f32>,
    },
}

/// The object's and the rest's part of the mean over positions of a map `[d, positions]`, given the share of each
/// position that is object (0 to 1); their sum is the mean.
///
/// # Errors
/// [`ModelError::Head`] where sizes do not fit or a share is outside 0 to 1.
pub fn object_parts(
    map: ArrayView2<'_, f32>,
    object: &[f32],
) -> Result<(Vec<f32>, Vec<f32>), ModelError> {
    let positions = map.ncols();
    if positions == 0 || object.len() != positions {
        let shares = object.len();
        return Err(bad(format!("{shares} shares of object for a map of {positions} positions")));
    }
    if let Some(share) = object.iter().find(|share| !(0.0..=1.0).contains(*share)) {
        return Err(bad(format!("a share of object is {share}, expected 0 to 1")));
    }
    let part = |channel: ArrayView1<'_, f32>, of: &dyn Fn(f32) -> f32| {
        let products = channel.iter().zip(object).map(|(&v, &m)| f64::from(v) * f64::from(of(m)));
        (products.sum::<f64>() / positions as f64) as f32
    };
    let channels = || map.rows().into_iter();
    Ok((
        channels().map(|row| part(row, &|m| m)).collect(),
        channels().map(|row| part(row, &|m| 1.0 - m)).collect(),
    ))
}

/// The mean loss plus the penalty.
pub(super) struct Penalty<'a> {
    labels: &'a [usize],
    weights: Mean<'a>,
    objects: Objects<'a>,
    strength: f64,
    /// Share of the map off the object, mean over the rows of each epoch with any positive part.
    pub(super) record: Vec<f64>,
    shares: (f64, usize),
}

/// What one image adds.
struct Part {
    /// Positive mass on and off the object.
    on: f64,
    off: f64,
    /// Gradient of `off` by the weights of the row's class.
    gradient: Vec<f32>,
}

impl<'a> Penalty<'a> {
    pub(super) fn new(
        data: &Features<'a>,
        objects: Objects<'a>,
        strength: f64,
        options: &HeadOptions,
    ) -> Result<Self, ModelError> {
        if options.hidden.is_some() {
            return Err(bad(
                "'saliency' needs a linear head: a map of a hidden layer is not linear in \
                            its weights"
                    .to_owned(),
            ));
        }
        let (n, d) = data.values.dim();
        let finite = match &objects {
            Objects::Parts { object, rest } => {
                if object.dim() != (n, d) || rest.dim() != (n, d) {
                    return Err(bad(format!(
                        "parts {:?} and {:?} of features [{n}, {d}]",
                        object.dim(),
                        rest.dim()
                    )));
                }
                object.iter().chain(rest).all(|v| v.is_finite())
            }
            Objects::Maps { values, object } => {
                let (rows, channels, positions) = values.dim();
                if (rows, channels) != (n, d) || object.dim() != (n, positions) || positions == 0 {
                    return Err(bad(format!(
                        "maps {:?} with objects {:?} of features [{n}, {d}]",
                        values.dim(),
                        object.dim()
                    )));
                }
                if let Some(share) = object.iter().find(|share| !(0.0..=1.0).contains(*share)) {
                    return Err(bad(format!("a share of object is {share}, expected 0 to 1")));
                }
                values.iter().all(|v| v.is_finite())
            }
        };
        if !finite {
            return Err(bad("a feature of an object or its surroundings is not finite".to_owned()));
        }
        Ok(Self {
            labels: data.labels,
            weights: Mean(data.weights),
            objects,
            strength,
            record: Vec::new(),
            shares: (0.0, 0),
        })
    }

    /// `None` where the picture has no object, or the map nothing positive.
    fn part(&self, row: usize, weight: ArrayView1<'_, f32>) -> Option<Part> {
        match &self.objects {
            Objects::Parts { object, rest } => {
                let (object, rest) = (object.row(row), rest.row(row));
                if object.iter().all(|v| *v == 0.0) {
                    return None;
                }
                let (on, off) = (weight.dot(&object).max(0.0), weight.dot(&rest).max(0.0));
                let gradient = if off > 0.0 { rest.to_vec() } else { Vec::new() };
                let (on, off) = (f64::from(on), f64::from(off));
                (on + off > 0.0).then_some(Part { on, off, gradient })
            }
            Objects::Maps { values, object } => {
                let (map, object) = (values.index_axis(Axis(0), row), object.row(row));
                if object.iter().all(|share| *share == 0.0) {
                    return None;
                }
                let cam = weight.dot(&map);
                let scale = 1.0 / map.ncols() as f32;
                let (mut on, mut off) = (0.0, 0.0);
                let active: Vec<f32> = cam
                    .iter()
                    .zip(object)
                    .map(|(&value, &share)| {
                        if value <= 0.0 {
                            return 0.0;
                        }
                        on += f64::from(value * share * scale);
                        off += f64::from(value * (1.0 - share) * scale);
                        (1.0 - share) * scale
                    })
                    .collect();
                let gradient = map.dot(&ArrayView1::from(&active)).to_vec();
                (on + off > 0.0).then_some(Part { on, off, gradient })
            }
        }
    }
}

impl Objective for Penalty<'_> {
    fn shares(&mut self, rows: &[usize], losses: &[f64]) -> Vec<f64> {
        self.weights.shares(rows, losses)
    }

    fn penalise(&mut self, rows: &[usize], head: &Head, gradients: &mut [Vec<f32>]) -> f64 {
        let (Some(layer), Some(gradient)) = (head.layers.first(), gradients.first_mut()) else {
            return 0.0;
        };
        let (weight, d) = (layer.weight(), layer.inputs());
        let parts: Vec<Option<Part>> =
            rows.par_iter().map(|&row| self.part(row, weight.row(self.labels[row]))).collect();
        let shares = self.weights.shares(rows, &[]);
        let mut penalty = 0.0;
        for ((&row, part), share) in rows.iter().zip(parts).zip(shares) {
            let Some(Part { on, off, gradient: own }) = part else { continue };
            self.shares.0 += off / (on + off);
            self.shares.1 += 1;
            penalty += share * self.strength * off;
            let factor = (share * self.strength) as f32;
            let class = self.labels[row];
            let into = &mut gradient[class * d..(class + 1) * d];
            into.iter_mut().zip(own).for_each(|(into, value)| *into += factor * value);
        }
        penalty
    }

    fn epoch_ends(&mut self) {
        let (sum, count) = std::mem::take(&mut self.shares);
        self.record.push(if count > 0 { sum / count as f64 } else { 0.0 });
    }
}

fn bad(message: String) -> ModelError {
    ModelError::Head(message)
}
