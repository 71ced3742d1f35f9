//! A JPEG decoder whose pixels equal those of libjpeg-turbo's default settings (and so Pillow's),
//! and which refuses files whose data ends early.
//!
//! ITU-T T.81, Huffman coding, 8 bits a sample, sequential and progressive. The inverse transform
//! is the accurate integer one of the Independent JPEG Group, chroma is interpolated as there
//! ('fancy upsampling'). General-purpose decoders fill what a truncated file lacks with gray; here
//! every coded block must be there and be decoded from bits of the file.

mod bits;
mod block;
mod colour;
mod exif;
mod frame;
mod idct;
mod parse;
mod progressive;
mod scan;
mod upsample;

use frame::Frame;

/// A decoded file, not oriented.
pub(super) struct Picture {
    pub(super) width: usize,
    pub(super) height: usize,
    /// 1 (gray) or 3 (RGB).
    pub(super) channels: usize,
    /// `[H, W, channels]`.
    pub(super) data: Vec<u8>,
    /// EXIF orientation, 1 where there is none.
    pub(super) orientation: u8,
}

/// Decodes a file; `check` sees width and height before anything is allocated.
pub(super) fn decode<E: From<String>>(
    bytes: &[u8],
    check: impl FnOnce(usize, usize) -> Result<(), E>,
) -> Result<Picture, E> {
    let mut decoder = parse::Decoder::new(bytes);
    let frame: Frame = decoder.headers()?;
    check(frame.width, frame.height)?;
    Ok(decoder.pixels(frame)?)
}

#[cfg(test)]
mod tests;
