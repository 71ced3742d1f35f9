//! Gaussian noise on the object only, or off it only (Hard ImageNet and RIVAL10, noise analysis).
//!
//! One [`field`] of N(0, 1) values belongs to an image and a trial. Every level and both sides use
//! that same field, so that what differs between two conditions is the mask and the strength alone.

mod level;

pub use level::{Level, LevelError, Norm};

use super::{SizeMismatch, fit};
use rightly_data::{Mask, Planes};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where the noise goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Onto the object, where the mask is true.
    Foreground,
    /// Onto everything else.
    Background,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Foreground => "foreground",
            Self::Background => "background",
        })
    }
}

/// `len` independent draws from N(0, 1), the same for the same `(seed, id, trial)`, unrelated for
/// others. A longer field begins with the shorter one.
///
/// For [`add`] `len` is `3 H W`, in the order of the planes.
pub fn field(seed: u64, id: &str, trial: u64, len: usize) -> Vec<f32> {
    let mut stream = rightly_stats::rng::keyed(seed, "noise", id, trial);
    let mut out = vec![0.0; len];
    rightly_stats::rng::standard_normal_fill(&mut stream, &mut out);
    out
}

/// L2 norm of the field over all channels of one side of the mask: `field` is `[3, H, W]`, the mask
/// `[H, W]`.
pub fn norm(field: &[f32], mask: &Mask, side: Side) -> f64 {
    let on = side == Side::Foreground;
    if mask.data.is_empty() {
        return 0.0;
    }
    // A fixed number of running sums lets the loop run in vector registers and keeps the result
    // independent of the machine's width.
    let mut sums = [0.0f64; 8];
    for plane in field.chunks_exact(mask.data.len()) {
        let (values, rest) = plane.as_chunks::<8>();
        let (flags, rest_flags) = mask.data.as_chunks::<8>();
        for (values, flags) in values.iter().zip(flags) {
            for lane in 0..8 {
                let value = if flags[lane] == on { values[lane] } else { 0.0 };
                sums[lane] += f64::from(value) * f64::from(value);
            }
        }
        for (lane, (&value, &flag)) in rest.iter().zip(rest_flags).enumerate() {
            sums[lane] += if flag == on { f64::from(value) * f64::from(value) } else { 0.0 };
        }
    }
    sums.iter().sum::<f64>().sqrt()
}

/// The picture with noise of this level on one side of the mask, clamped to 0..1 there; the other
/// side is untouched.
///
/// `field` is `[3, H, W]` from [`field`]. `linf/S` adds `S` times the field. `l2/S` scales the
/// masked field so that its norm over all `3 H W` values is `S` before clamping; where that norm is
/// 0 (nothing on this side) the picture is unchanged.
///
/// # Errors
/// Where picture, mask and field don't have one size.
pub fn add(
    planes: &Planes,
    mask: &Mask,
    side: Side,
    field: &[f32],
    level: Level,
) -> Result<Planes, SizeMismatch> {
    fit(planes, mask)?;
    if field.len() != planes.data.len() {
        let size = [planes.width, planes.height, field.len()];
        return Err(SizeMismatch::new("noise field", size, mask));
    }
    let mut out = planes.clone();
    if mask.data.is_empty() {
        return Ok(out);
    }
    let scale = match level.norm {
        Norm::Linf => level.value,
        Norm::L2 => {
            let norm = norm(field, mask, side);
            if norm == 0.0 {
                return Ok(out);
            }
            (f64::from(level.value) / norm) as f32
        }
    };
    let on = side == Side::Foreground;
    let pixels = mask.data.len();
    for (plane, noise) in out.data.chunks_exact_mut(pixels).zip(field.chunks_exact(pixels)) {
        for ((value, &noise), &flag) in plane.iter_mut().zip(noise).zip(&mask.data) {
            let noisy = (*value + scale * noise).clamp(0.0, 1.0);
            *value = if flag == on { noisy } else { *value };
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
