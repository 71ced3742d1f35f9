//! One image with its mask drawn over it.

use std::path::Path;

use rightly_data::{MaskSource, Sample, mask::MaskOptions, pixels::DecodeOptions};

use crate::{ReportError, picture, view::Picture};

/// Longer side, pixels: sharp on a dense screen at the width of a column.
const SIDE: usize = 340;

/// What is shown of an image.
pub(super) struct Shown {
    pub(super) picture: Option<Picture>,
    /// Share of the picture that is object.
    pub(super) share: Option<f64>,
    /// Where that share is no use.
    pub(super) note: Option<&'static str>,
    /// Why the image or its mask can't be read.
    pub(super) problem: Option<String>,
}

pub(super) fn show(
    sample: &Sample,
    decode: &DecodeOptions,
    options: &MaskOptions,
) -> Result<Shown, ReportError> {
    let mut shown = Shown { picture: None, share: None, note: None, problem: None };
    let decoded = match sample.image.load(decode) {
        Ok(decoded) => decoded,
        Err(error) => {
            shown.problem = Some(named(&error.to_string(), sample.image.path()));
            return Ok(shown);
        }
    };
    let mut small = picture::shrink(&decoded.image, SIDE);
    match sample.mask.as_ref().map(|mask| mask.load(&decoded, options)) {
        None => shown.problem = Some("no mask".to_owned()),
        Some(Err(error)) => {
            let path = match &sample.mask {
                Some(MaskSource::File(path)) => Some(path.as_path()),
                Some(MaskSource::Coco { file, .. }) => Some(&**file),
                _ => None,
            };
            shown.problem =
                Some(format!("the mask can't be used: {}", named(&error.to_string(), path)));
        }
        Some(Ok(mask)) => {
            shown.share = Some(mask.area() as f64 / mask.data.len() as f64);
            shown.note = if mask.is_empty() {
                Some("empty: it can't be used")
            } else if mask.is_full() {
                Some("the whole picture: it can't be used")
            } else {
                None
            };
            let mask = mask.resize_nearest(small.height, small.width);
            picture::tint(&mut small, &mask);
            picture::outline(&mut small, &mask);
        }
    }
    let encoded = picture::jpeg(&small);
    let path = sample.id.clone().into();
    shown.picture = Some(encoded.map_err(|source| ReportError::Picture { path, source })?);
    Ok(shown)
}

/// A message with the file's name in the place of its path: pages are sent to other people.
fn named(message: &str, path: Option<&Path>) -> String {
    match path.and_then(|path| Some((path.to_str()?, path.file_name()?.to_str()?))) {
        Some((path, file)) => message.replace(path, file),
        None => message.to_owned(),
    }
}
