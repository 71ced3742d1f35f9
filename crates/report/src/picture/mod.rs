//! Activation maps and mask outlines drawn over photographs.

mod colour;
mod draw;
mod encode;

pub use colour::colour;
pub(crate) use colour::ramp;
pub use draw::{contour, enlarge, heat, outline, tint};
pub use encode::{jpeg, mean_mask, shrink};
