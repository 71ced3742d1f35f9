//! A suspected cue laid over the cropped picture, and its control without the pattern.

use super::SizeMismatch;
use rightly_data::{
    DataError, Mask, Planes,
    pixels::{DecodeOptions, read_rgba},
    resize::{Filter, resize_channels},
};
use std::{borrow::Cow, path::Path, path::PathBuf};

/// A picture with transparency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlay {
    /// The user's name for it, as in the condition `overlay/NAME`.
    pub name: String,
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// `[H, W, 4]`, alpha last and not multiplied in.
    pub rgba: Vec<u8>,
}

/// `NAME=FILE.png` that is not of that form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("overlay '{text}': {problem}; expected NAME=FILE.png, such as watermark=overlay.png")]
pub struct SpecError {
    text: String,
    problem: &'static str,
}

/// Splits `NAME=FILE.png` at its first `=`.
///
/// # Errors
/// Where there is no `=`, the name or the file is empty, or the name holds a `/` or a control
/// character (it becomes part of the condition `overlay/NAME`).
pub fn parse(text: &str) -> Result<(String, PathBuf), SpecError> {
    let refused = |problem| SpecError { text: text.to_owned(), problem };
    let (name, file) = text.split_once('=').ok_or_else(|| refused("there is no '='"))?;
    let name = name.trim();
    if name.is_empty() {
        return Err(refused("the name is empty"));
    }
    if name.chars().any(|c| c == '/' || c.is_control()) {
        return Err(refused("the name may not hold '/' or control characters"));
    }
    if file.is_empty() {
        return Err(refused("the file is missing"));
    }
    Ok((name.to_owned(), file.into()))
}

impl Overlay {
    /// Reads the picture.
    ///
    /// # Errors
    /// Where the file can't be read or decoded, or every pixel of it is fully transparent.
    pub fn load(name: &str, path: &Path, options: &DecodeOptions) -> Result<Self, DataError> {
        let (width, height, rgba) = read_rgba(path, options)?;
        if rgba.iter().skip(3).step_by(4).all(|&alpha| alpha == 0) {
            return Err(DataError::Invalid {
                path: path.to_owned(),
                message: "every pixel of this overlay is fully transparent, so it would change \
                          nothing; give a picture with a visible part"
                    .into(),
            });
        }
        Ok(Self { name: name.to_owned(), width, height, rgba })
    }

    /// Scaled to `[height, width]` as Pillow's bilinear resize does it (colours weighted by alpha);
    /// unchanged where it has that size.
    pub fn fit(&self, height: usize, width: usize) -> Self {
        if (self.height, self.width) == (height, width) {
            return self.clone();
        }
        let from = (self.height, self.width);
        let rgba = resize_channels(&self.rgba, from, 4, (height, width), Filter::Bilinear);
        Self { name: self.name.clone(), width, height, rgba }
    }

    /// The picture under the overlay: `(1 - a) picture + a colour` in 0..1, each channel.
    ///
    /// Scale it once with [`Overlay::fit`]; one of another size is scaled here, each time.
    ///
    /// # Errors
    /// Where the picture does not hold three planes of its size.
    pub fn apply(&self, planes: &Planes) -> Result<Planes, SizeMismatch> {
        let pixels = planes.width * planes.height;
        if planes.data.len() != 3 * pixels {
            let whole = Mask { width: planes.width, height: planes.height, data: Vec::new() };
            let size = [planes.width, planes.height, planes.data.len()];
            return Err(SizeMismatch::new("picture", size, &whole));
        }
        let mut out = planes.clone();
        let fitted = if (self.height, self.width) == (planes.height, planes.width) {
            Cow::Borrowed(self)
        } else {
            Cow::Owned(self.fit(planes.height, planes.width))
        };
        for (at, rgba) in fitted.rgba.chunks_exact(4).take(pixels).enumerate() {
            if rgba[3] == 0 {
                continue;
            }
            let alpha = f32::from(rgba[3]) / 255.0;
            for (channel, &colour) in rgba[..3].iter().enumerate() {
                let value = &mut out.data[channel * pixels + at];
                *value =
                    (*value * (1.0 - alpha) + f32::from(colour) / 255.0 * alpha).clamp(0.0, 1.0);
            }
        }
        Ok(out)
    }

    /// The same opacity without the pattern, named `NAME/control`.
    ///
    /// The smallest box around all visible pixels (alpha above 0) is filled with one colour, the mean
    /// of the box's colours weighted by alpha, at one alpha, the mean over all pixels of the box
    /// (the transparent ones count as 0), both rounded to whole steps (alpha to at least 1). So
    /// colour and total opacity are kept to half a step a pixel, while shape and edges are gone.
    pub fn control(&self) -> Self {
        let mut out = Self {
            name: format!("{}/control", self.name),
            rgba: vec![0; self.rgba.len()],
            ..*self
        };
        let visible: Vec<usize> =
            (0..self.rgba.len() / 4).filter(|at| self.rgba[4 * at + 3] > 0).collect();
        let rows = visible.iter().map(|at| at / self.width);
        let columns = visible.iter().map(|at| at % self.width);
        let (Some(top), Some(bottom)) = (rows.clone().min(), rows.max()) else {
            return out;
        };
        let (Some(left), Some(right)) = (columns.clone().min(), columns.max()) else {
            return out;
        };
        // Alpha and colours weighted by it, in whole numbers.
        let mut sums = [0u64; 4];
        for rgba in visible.iter().map(|at| &self.rgba[4 * at..4 * at + 4]) {
            let alpha = u64::from(rgba[3]);
            for channel in 0..3 {
                sums[channel] += alpha * u64::from(rgba[channel]);
            }
            sums[3] += alpha;
        }
        let pixels = ((bottom - top + 1) * (right - left + 1)) as u64;
        let rounded = |sum: u64, over: u64| ((2 * sum + over) / (2 * over)) as u8;
        let fill = [
            rounded(sums[0], sums[3]),
            rounded(sums[1], sums[3]),
            rounded(sums[2], sums[3]),
            rounded(sums[3], pixels).max(1),
        ];
        for row in out.rgba.chunks_exact_mut(4 * self.width).skip(top).take(bottom - top + 1) {
            for pixel in row[4 * left..4 * (right + 1)].chunks_exact_mut(4) {
                pixel.copy_from_slice(&fill);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests;
