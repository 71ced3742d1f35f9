//! A block of a sequential scan (ITU-T T.81, F.2.2).
use super::bits::{BitReader, CORRUPT, Huffman};

/// Coefficients in natural order.
pub(super) type Block = [i16; 64];

/// Natural index of each zigzag position.
pub(super) const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// Decodes a block; gives the last zigzag position that is not zero.
pub(super) fn sequential(
    reader: &mut BitReader<'_>,
    dc: &Huffman,
    ac: &Huffman,
    block: &mut Block,
    prediction: &mut i32,
) -> Result<usize, &'static str> {
    let size = u32::from(reader.symbol(dc)?);
    if size > 15 {
        return Err(CORRUPT);
    }
    *prediction = prediction.wrapping_add(reader.signed(size)?);
    block[0] = *prediction as i16;
    let (mut k, mut last) = (1, 0);
    while k < 64 {
        let symbol = reader.symbol(ac)?;
        let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        if size == 0 {
            if run != 15 {
                break;
            }
            k += 16;
            continue;
        }
        k += run;
        if k > 63 {
            return Err(CORRUPT);
        }
        block[usize::from(ZIGZAG[k])] = reader.signed(size)? as i16;
        last = k;
        k += 1;
    }
    Ok(last)
}
