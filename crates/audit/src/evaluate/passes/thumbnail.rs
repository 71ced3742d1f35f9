//! A thumbnail of the picture as the model sees it, by which near-copies are found.

use super::{Measure, Predictor, Subject};
use crate::{
    Error,
    evaluate::rows::{Entry, Row, ThumbnailRow},
    measures::near_copies::thumbnail,
};

/// Changes with the code that decides the rows.
pub(super) const REVISION: u32 = 1;

pub(super) struct Thumbnail;

impl Measure for Thumbnail {
    fn name(&self) -> &'static str {
        "thumbnail"
    }

    fn key(&self) -> String {
        String::new()
    }

    fn forwards(&self) -> usize {
        0
    }

    fn measure(&self, subject: &Subject<'_>, _: &Predictor<'_>) -> Result<Entry, Error> {
        let row =
            thumbnail(&subject.planes).map(|squares| Row::Thumbnail(ThumbnailRow { squares }));
        Ok(Entry { row, problems: Vec::new() })
    }
}
