//! Masks in NumPy's `.npy` format.
use super::labels::{Kind, Labels};
pub(super) use crate::npy::MAGIC;
use crate::npy::{header, split};

/// Labels of a 2-D array (one more axis of length 1 is allowed at either end). Negative numbers are
/// 0: 'above 0' decides. Whole numbers stand as they are, up to the largest of 32 bits. Fractions are
/// coverage: they are scaled so that the largest is 255, rounded up so that what is above 0 stays
/// above 0.
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
    let (size, element) = element(&header.descr)?;
    if pixels.checked_mul(size) != Some(data.len()) {
        return Err(format!(
            "the array of {height} x {width} values needs {size} bytes for each and has {} bytes of data; the file is truncated or corrupt: save it again",
            data.len()
        ));
    }
    let (kind, stored) = match element {
        Element::Whole(read) => (Kind::OneChannel, data.chunks_exact(size).map(read).collect()),
        Element::Real(read) => real(data.chunks_exact(size).map(read).collect())?,
    };
    let values = if header.fortran {
        (0..pixels).map(|i| stored[(i % width) * height + i / width]).collect()
    } else {
        stored
    };
    Ok(Labels { kind, ..Labels::one_channel(width, height, values) })
}

/// Whole numbers as labels, fractions as coverage.
fn real(values: Vec<f64>) -> Result<(Kind, Vec<u32>), String> {
    let strange = values.iter().filter(|value| !value.is_finite()).count();
    if strange > 0 {
        return Err(format!(
            "{strange} values of the array are not finite; a mask needs a number for every pixel"
        ));
    }
    if values.iter().all(|value| value.fract() == 0.0) {
        // The cast takes negatives to 0 and saturates above.
        return Ok((Kind::OneChannel, values.into_iter().map(|value| value as u32).collect()));
    }
    let largest = values.iter().copied().fold(0.0, f64::max);
    let scaled = |value: f64| if value > 0.0 { (value / largest * 255.0).ceil() as u32 } else { 0 };
    Ok((Kind::Fractions, values.into_iter().map(scaled).collect()))
}

/// How one element is read.
enum Element {
    Whole(fn(&[u8]) -> u32),
    Real(fn(&[u8]) -> f64),
}

/// Bytes an element and its conversion.
fn element(descr: &str) -> Result<(usize, Element), String> {
    macro_rules! whole {
        ($type:ty, $from:ident) => {
            (
                size_of::<$type>(),
                Element::Whole(|bytes| {
                    let bytes = bytes.try_into().expect("chunks of this size by construction");
                    i128::from(<$type>::$from(bytes)).clamp(0, i128::from(u32::MAX)) as u32
                }),
            )
        };
    }
    macro_rules! real {
        ($type:ty, $from:ident) => {
            (
                size_of::<$type>(),
                Element::Real(|bytes| {
                    let bytes = bytes.try_into().expect("chunks of this size by construction");
                    f64::from(<$type>::$from(bytes))
                }),
            )
        };
    }
    let found = match descr {
        "|b1" => (1, Element::Whole(|bytes| u32::from(bytes[0] != 0))),
        "|u1" => whole!(u8, from_le_bytes),
        "|i1" => whole!(i8, from_le_bytes),
        "<u2" => whole!(u16, from_le_bytes),
        ">u2" => whole!(u16, from_be_bytes),
        "<i2" => whole!(i16, from_le_bytes),
        ">i2" => whole!(i16, from_be_bytes),
        "<u4" => whole!(u32, from_le_bytes),
        ">u4" => whole!(u32, from_be_bytes),
        "<i4" => whole!(i32, from_le_bytes),
        ">i4" => whole!(i32, from_be_bytes),
        "<u8" => whole!(u64, from_le_bytes),
        ">u8" => whole!(u64, from_be_bytes),
        "<i8" => whole!(i64, from_le_bytes),
        ">i8" => whole!(i64, from_be_bytes),
        "<f2" => real!(half::f16, from_le_bytes),
        ">f2" => real!(half::f16, from_be_bytes),
        "<f4" => real!(f32, from_le_bytes),
        ">f4" => real!(f32, from_be_bytes),
        "<f8" => real!(f64, from_le_bytes),
        ">f8" => real!(f64, from_be_bytes),
        other => {
            return Err(format!(
                "the array's type is '{other}'; save the mask as bool, an integer type or a float type of 16 to 64 bits"
            ));
        }
    };
    Ok(found)
}
