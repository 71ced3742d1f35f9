//! Texts beside pictures: towers that embed both in one space, and captioners that describe a picture.
//!
//! | module | subject |
//! |---|---|
//! | [`tokenizer`] | `tokenizer.json`: texts to ids of a fixed length, ids to text |
//! | `card` | the tables `[text]` and `[caption]` of a card |
//! | `files` | which files of a folder are which |
//! | `settings` | the JSON files that exports have beside them |
//! | `processor` | how pictures are prepared, where such a file says it |
//! | `tower` | the network that embeds texts |
//! | [`image_text`] | both towers with their tokenizer: CLIP, OpenCLIP, SigLIP |
//! | [`captioner`] | encoder, decoder, greedy search and beams |
//! | `parallel` | texts dealt to threads |
pub mod captioner;
pub mod image_text;
pub mod tokenizer;

mod card;
mod files;
mod parallel;
mod processor;
mod settings;
mod tower;

pub use captioner::{Caption, Captioner, CaptionerFiles, Search};
pub use card::{CaptionCard, TextCard};
pub use image_text::{ImageTextFiles, ImageTextModel};
pub use tokenizer::{Tokenizer, Tokens};
