//! Pictures for a report.
use super::RgbImage;
use image::{ExtendedColorType, ImageEncoder, ImageError};

/// A baseline JPEG file of the picture, `quality` 1..=100.
///
/// # Errors
/// Where a side is 0 or above 65,535 pixels, or the data does not fit the size.
pub fn encode_jpeg(image: &RgbImage, quality: u8) -> Result<Vec<u8>, ImageError> {
    let mut out = Vec::new();
    let encoder =
        image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, quality.clamp(1, 100));
    write(encoder, image)?;
    Ok(out)
}

/// A PNG file of the picture.
///
/// # Errors
/// Where a side is 0, or the data does not fit the size.
pub fn encode_png(image: &RgbImage) -> Result<Vec<u8>, ImageError> {
    let mut out = Vec::new();
    write(image::codecs::png::PngEncoder::new(&mut out), image)?;
    Ok(out)
}

fn write(encoder: impl ImageEncoder, image: &RgbImage) -> Result<(), ImageError> {
    let side = |pixels: usize| {
        u32::try_from(pixels).map_err(|_| {
            ImageError::Parameter(image::error::ParameterError::from_kind(
                image::error::ParameterErrorKind::DimensionMismatch,
            ))
        })
    };
    let (width, height) = (side(image.width)?, side(image.height)?);
    if image.data.len() != image.width * image.height * 3 {
        return Err(ImageError::Parameter(image::error::ParameterError::from_kind(
            image::error::ParameterErrorKind::DimensionMismatch,
        )));
    }
    encoder.write_image(&image.data, width, height, ExtendedColorType::Rgb8)
}
