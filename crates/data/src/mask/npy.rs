//! Masks in NumPy's `.npy` format.
use super::labels::Labels;
pub(super) use crate::npy::MAGIC;
use crate::npy::{header, split};

/// Labels of a 2-D array (one more axis of length 1 is allowed at either end). Negative numbers
/// and NaN are 0, fractions are rounded up, so that 'above 0' stays above 0.
pub(super) fn parse(bytes: &[u8], max_pixels: u64) -> Result<Labels, String> {
    let (text, data) = split(bytes)?;
    let header = header(text)?;
    let (height, width) = match header.shape.as_slice() {
        [h, w] | [h, w, 1] | [1, h, w] => (*h, *w),
        shape => return Err(format!("the array has shape {shape:?}; a mask is [H, W]")),
    };
    let pixels = height
        .checked_mul(width)
        .filter(|&pixels| pixels > 0 && pixels as u64 <= max_pixels)
        .ok_or_else(|| {
            format!("the array has {height} x {width} values; give 1 to {max_pixels}")
        })?;
    let (size, convert) = element(&header.descr)?;
    if data.len() != pixels * size {
        return Err(format!(
            "the array of {height} x {width} values needs {} bytes of data and has {}; the file is truncated or corrupt: save it again",
            pixels * size,
            data.len()
        ));
    }
    let stored: Vec<u32> = data.chunks_exact(size).map(convert).collect();
    let values = if header.fortran {
        (0..pixels).map(|i| stored[(i % width) * height + i / width]).collect()
    } else {
        stored
    };
    Ok(Labels { width, height, values })
}

type Convert = fn(&[u8]) -> u32;

/// Bytes an element and its conversion.
fn element(descr: &str) -> Result<(usize, Convert), String> {
    macro_rules! integer {
        ($type:ty, $from:ident) => {
            (size_of::<$type>(), |bytes| {
                bytes.try_into().map_or(0, |bytes| {
                    i128::from(<$type>::$from(bytes)).clamp(0, i128::from(u32::MAX)) as u32
                })
            })
        };
    }
    macro_rules! float {
        ($type:ty, $from:ident) => {
            // The cast takes NaN and negatives to 0 and saturates above.
            (size_of::<$type>(), |bytes| {
                bytes.try_into().map_or(0, |bytes| <$type>::$from(bytes).ceil() as u32)
            })
        };
    }
    let found: (usize, Convert) = match descr {
        "|b1" | "|u1" => (1, |bytes| u32::from(bytes[0])),
        "|i1" => (1, |bytes| u32::try_from(bytes[0] as i8).unwrap_or(0)),
        "<u2" => integer!(u16, from_le_bytes),
        ">u2" => integer!(u16, from_be_bytes),
        "<i2" => integer!(i16, from_le_bytes),
        ">i2" => integer!(i16, from_be_bytes),
        "<u4" => integer!(u32, from_le_bytes),
        ">u4" => integer!(u32, from_be_bytes),
        "<i4" => integer!(i32, from_le_bytes),
        ">i4" => integer!(i32, from_be_bytes),
        "<u8" => integer!(u64, from_le_bytes),
        ">u8" => integer!(u64, from_be_bytes),
        "<i8" => integer!(i64, from_le_bytes),
        ">i8" => integer!(i64, from_be_bytes),
        "<f4" => float!(f32, from_le_bytes),
        ">f4" => float!(f32, from_be_bytes),
        "<f8" => float!(f64, from_le_bytes),
        ">f8" => float!(f64, from_be_bytes),
        other => {
            return Err(format!(
                "the array's type is '{other}'; save the mask as bool, an integer type, float32 or float64"
            ));
        }
    };
    Ok(found)
}
