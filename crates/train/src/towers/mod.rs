//! A small image-text model of two towers, trained on planted scenes and their captions as CLIP is on photographs:
//! A. Radford et al., *Learning Transferable Visual Models From Natural Language Supervision* (ICML 2021).
//!
//! | part | from | to |
//! |---|---|---|
//! | picture's tower: residual network, one block a stage | `[n, 3, H, W]` | `[n, d]` |
//! | text tower: table of words, masked mean, unit root mean square, two layers beside an identity | `[n, tokens]` | `[n, d]` |
//! | loss: cross-entropy of each picture over the batch's texts and of each text over its pictures | two `[n, d]` | one number |
//!
//! A step takes several captions of each picture in turn, each with a loss of its own: texts cost next to nothing beside
//! pictures. Cosines are multiplied by a learnt scale that is held at 100 at most, as in the paper. Texts that are equal word for
//! word share their target; all others of a batch are negatives, also where they happen to be true of a picture. That
//! is CLIP's noise: it shifts what a text is compared with, not which pictures it fits best.
//!
//! | module | subject |
//! |---|---|
//! | [`options`] | sizes, rates, seed |
//! | [`world`] | the world that is trained on: every class, look and place, nothing planted |
//! | [`scenes`] | rendered scenes with captions and attributes |
//! | `vocabulary` | words, their ids, `tokenizer.json` |
//! | `text`, `loss` | the text tower and the loss on burn's tensors |
//! | [`mod@train`] | the epochs |
//! | `export` | the files of a CLIP export |
//! | [`quality`] | what the written files are worth on scenes that were not trained on |
pub mod options;
pub mod quality;
pub mod scenes;
pub mod train;
pub mod world;

mod export;
mod loss;
mod text;
mod vocabulary;

pub use options::TowerOptions;
pub use quality::{Measured, measure};
pub use scenes::Scenes;
pub use train::{TowerEpoch, TrainedTowers, train_towers};
pub use world::{held_out_world, training_world};
