//! Datasets and their readers, decoding, resizing, masks, preprocessing and table schemas.

pub mod dataset;
pub mod embeddings;
pub mod error;
pub mod files;
#[doc(hidden)]
pub mod foreign;
pub mod mask;
pub mod names;
pub mod npy;
pub mod pickle;
pub mod pixels;
pub mod preprocess;
pub mod problem;
pub mod rendered;
pub mod resize;
pub mod secret;
pub mod spreadsheet;
pub mod table;
pub mod votes;

pub use dataset::{Dataset, ImageSource, Sample};
pub use error::DataError;
pub use mask::{Mask, MaskSource};
pub use pixels::{Planes, RgbImage};
pub use preprocess::Preprocess;
pub use problem::Problem;
pub use rendered::{Render, Rendered};
