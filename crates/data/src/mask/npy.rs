//! NumPy's `.npy` format, versions 1 to 3 (NumPy Enhancement Proposal 1), for masks.
use super::labels::Labels;

pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

struct Header {
    descr: String,
    fortran: bool,
    shape: Vec<usize>,
}

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

fn split(bytes: &[u8]) -> Result<(&str, &[u8]), String> {
    let short = || "the .npy header is cut off; save the array again".to_string();
    let major = *bytes.get(6).ok_or_else(short)?;
    let (start, length): (usize, usize) = match major {
        1 => {
            let field = bytes.get(8..10).ok_or_else(short)?;
            (10, usize::from(u16::from_le_bytes([field[0], field[1]])))
        }
        2 | 3 => {
            let field = bytes.get(8..12).ok_or_else(short)?;
            (12, u32::from_le_bytes([field[0], field[1], field[2], field[3]]) as usize)
        }
        other => return Err(format!(".npy version {other} is not known; save it as version 1")),
    };
    let text = bytes.get(start..start.saturating_add(length)).ok_or_else(short)?;
    let text = std::str::from_utf8(text).map_err(|_| "the .npy header is no text".to_string())?;
    Ok((text, &bytes[start + length..]))
}

/// The Python dictionary of the header, with exactly the keys that the format prescribes.
fn header(text: &str) -> Result<Header, String> {
    let bad =
        || format!("the .npy header '{}' is not understood; save the array again", text.trim());
    let value = |key: &str| {
        let at = text.find(&format!("'{key}'")).ok_or_else(bad)?;
        let rest = text[at + key.len() + 2..].trim_start();
        rest.strip_prefix(':').map(str::trim_start).ok_or_else(bad)
    };
    let descr = value("descr")?
        .strip_prefix('\'')
        .and_then(|rest| rest.split_once('\''))
        .map(|(descr, _)| descr.to_string())
        .ok_or_else(|| "the array is a record; a mask holds plain numbers".to_string())?;
    let order = value("fortran_order")?;
    let fortran = order.starts_with("True");
    if !fortran && !order.starts_with("False") {
        return Err(bad());
    }
    let shape = value("shape")?
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(')'))
        .ok_or_else(bad)?
        .0
        .split(',')
        .map(str::trim)
        .filter(|side| !side.is_empty())
        .map(|side| side.parse().map_err(|_| bad()))
        .collect::<Result<_, _>>()?;
    Ok(Header { descr, fortran, shape })
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
