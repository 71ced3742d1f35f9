//! Class activation maps by reverse-mode differentiation above the CAM layer.
//!
//! GradCAM (Selvaraju et al. 2017, <https://arxiv.org/abs/1610.02391>, equations 1 and 2): each channel of a layer is
//! weighted by the spatial mean of the gradient of a class's logit, and the positive part of the weighted sum is the
//! map. Only the part of the graph above the layer is run and differentiated; the layer's value comes from the
//! ordinary forward pass.
//!
//! | module | subject |
//! |---|---|
//! | `head` | [`CamHead`]: the part above the layer, one map an image |
//! | `positions` | a layer's value as channels by positions, for each layout |
//! | `score` | channels weighted by what the model says through them (Score-CAM) |
//! | `eigen` | first principal component (EigenCAM) |
//! | `upsample` | a map at the size of the image |
mod eigen;
mod head;
mod positions;
mod score;
mod upsample;

pub use head::{CamHead, CamPlace};
pub(crate) use positions::by_channel;

/// How a map is made of a layer's value and its gradient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CamMethod {
    /// GradCAM.
    #[default]
    Grad,
    /// HiResCAM (Draelos and Carin 2020, <https://arxiv.org/abs/2011.08891>): each position's value times its own gradient,
    /// summed over channels. The same as GradCAM where only an average and a linear layer follow.
    HiRes,
    /// LayerCAM (Jiang et al. 2021, <https://doi.org/10.1109/TIP.2021.3089943>): each position's value times the positive part
    /// of its own gradient, summed over channels.
    Layer,
    /// EigenCAM (Muhammad and Yeasin 2020, <https://arxiv.org/abs/2008.00299>): the projection of the layer's channels,
    /// centred over positions, on their first principal component. It needs no gradient and does not depend on the
    /// target. A principal component has no sign: it is chosen so that the map goes with the layer's mean
    /// activation (their covariance over positions is not negative).
    Eigen,
    /// Score-CAM (Wang et al. 2020, <https://arxiv.org/abs/1910.01279>, algorithm 1): each channel is weighted by the softmax
    /// over channels of the target's logit for the input times that channel. It needs no gradient, and one forward pass a
    /// channel.
    Score,
}

/// Whether a map can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CamState {
    /// Ordinary.
    Usable,
    /// All zero: no positive evidence.
    Zero,
    /// The same everywhere: it points nowhere.
    Flat,
    /// NaN or infinite.
    NotFinite,
}

/// A map at the layer's own resolution, 0..1.
#[derive(Debug, Clone, PartialEq)]
pub struct Cam {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// `[height, width]`, row by row, 0 to 1. All 0 unless `state` is [`CamState::Usable`].
    pub map: Vec<f32>,
    /// Usable or not.
    pub state: CamState,
}

impl Cam {
    /// From the weighted sum over channels, `[height, width]`: its positive part, minus the minimum, over the maximum
    /// (+ 1e-7), as pytorch-grad-cam scales it.
    fn from_sum(sum: &[f32], [height, width]: [usize; 2]) -> Self {
        let empty = |state| Self { height, width, map: vec![0.0; height * width], state };
        if sum.iter().any(|v| !v.is_finite()) {
            return empty(CamState::NotFinite);
        }
        let positive = |v: f32| v.max(0.0);
        let low = sum.iter().copied().map(positive).fold(f32::INFINITY, f32::min);
        let high = sum.iter().copied().map(positive).fold(0.0, f32::max);
        if high <= 0.0 {
            return empty(CamState::Zero);
        }
        if high == low {
            return empty(CamState::Flat);
        }
        let scale = high - low + 1e-7;
        Self {
            height,
            width,
            map: sum.iter().map(|&v| (positive(v) - low) / scale).collect(),
            state: CamState::Usable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_positive_part_is_scaled_to_one() {
        let cam = Cam::from_sum(&[-1.0, 0.5, 2.0, 1.0], [2, 2]);
        assert_eq!(cam.state, CamState::Usable);
        for (got, expected) in cam.map.iter().zip([0.0, 0.25, 1.0, 0.5]) {
            assert!((got - expected).abs() < 1e-6, "{got} {expected}");
        }
    }

    #[test]
    fn nothing_positive_is_zero_and_nan_is_not_finite() {
        let zero = Cam::from_sum(&[-1.0, 0.0, -2.0], [1, 3]);
        assert_eq!((zero.state, zero.map), (CamState::Zero, vec![0.0; 3]));
        let nan = Cam::from_sum(&[1.0, f32::NAN], [1, 2]);
        assert_eq!((nan.state, nan.map), (CamState::NotFinite, vec![0.0; 2]));
        assert_eq!(Cam::from_sum(&[f32::INFINITY], [1, 1]).state, CamState::NotFinite);
        assert_eq!(Cam::from_sum(&[2.0, 2.0], [1, 2]).state, CamState::Flat);
    }
}
