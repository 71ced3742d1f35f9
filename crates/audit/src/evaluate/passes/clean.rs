//! The clean forward pass.

use super::{Measure, Predictor, Subject, as_published};
use crate::{
    Error,
    evaluate::rows::{CleanRow, Entry, Row, problem},
    picture::MaskState,
};

/// Changes with the code that decides the rows.
pub(super) const REVISION: u32 = 1;

pub(super) struct Clean {
    /// Images without a usable mask are counted as the papers' code counts them.
    pub(super) paper_compat: bool,
}

impl Measure for Clean {
    fn name(&self) -> &'static str {
        "clean"
    }

    fn key(&self) -> String {
        as_published(self.paper_compat).to_owned()
    }

    fn forwards(&self) -> usize {
        0
    }

    fn measure(&self, subject: &Subject<'_>, _: &Predictor<'_>) -> Result<Entry, Error> {
        let picture = &subject.picture;
        let mut entry = Entry::of(Row::Clean(CleanRow {
            width: picture.width as u32,
            height: picture.height as u32,
            mask: picture.mask_state,
            outcome: subject.outcome,
        }));
        let id = &subject.sample.id;
        let what = match (self.paper_compat, picture.mask_state) {
            (true, state) if state != MaskState::Unreadable => {
                "counted with the others, as the papers' code does"
            }
            _ => "left out of the figures that need a mask",
        };
        let said = match picture.mask_state {
            MaskState::None | MaskState::Usable => None,
            MaskState::Empty => Some("the mask is empty".to_owned()),
            MaskState::Full => Some("the mask covers the whole picture".to_owned()),
            MaskState::CroppedAway => Some("the crop removes the whole object".to_owned()),
            MaskState::Unreadable => Some(format!(
                "the mask can't be used: {}",
                picture.mask_error.as_deref().unwrap_or("unreadable")
            )),
        };
        entry.problems.extend(said.map(|text| problem(id, text, what)));
        Ok(entry)
    }
}
