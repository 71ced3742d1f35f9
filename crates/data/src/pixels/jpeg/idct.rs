//! The accurate integer inverse DCT of the Independent JPEG Group (Loeffler, Ligtenberg and
//! Moschytz 1989, with 12 multiplications a row, 13-bit constants): results are defined to the bit.
use super::{block::Block, frame::Quantiser};

const CONSTANT_BITS: u32 = 13;
/// Fractional bits kept between the passes.
const PASS_BITS: u32 = 2;

const F0_298631336: i32 = 2446;
const F0_390180644: i32 = 3196;
const F0_541196100: i32 = 4433;
const F0_765366865: i32 = 6270;
const F0_899976223: i32 = 7373;
const F1_175875602: i32 = 9633;
const F1_501321110: i32 = 12299;
const F1_847759065: i32 = 15137;
const F1_961570560: i32 = 16069;
const F2_053119869: i32 = 16819;
const F2_562915447: i32 = 20995;
const F3_072711026: i32 = 25172;

/// Dequantises and transforms a block whose last coefficient other than zero has the zigzag
/// position `last`; writes 8 rows of 8 samples.
pub(super) fn block(
    coefficients: &Block,
    quantiser: &Quantiser,
    last: usize,
    samples: &mut [u8],
    stride: usize,
) {
    let value = |i: usize| i32::from(coefficients[i]).wrapping_mul(i32::from(quantiser[i]));
    if last == 0 {
        let level = sample((value(0) + (1 << PASS_BITS)) >> (PASS_BITS + 1));
        for row in samples.chunks_mut(stride).take(8) {
            row[..8].fill(level);
        }
        return;
    }
    let columns: [[i32; 8]; 8] = std::array::from_fn(|x| {
        let input: [i32; 8] = std::array::from_fn(|y| value(y * 8 + x));
        if input[1..] == [0; 7] {
            [input[0].wrapping_shl(PASS_BITS); 8]
        } else {
            line(input, CONSTANT_BITS - PASS_BITS)
        }
    });
    let rows: [[i32; 8]; 8] = std::array::from_fn(|y| columns.map(|column| column[y]));
    for (row, input) in samples.chunks_mut(stride).zip(rows) {
        let output = line(input, CONSTANT_BITS + PASS_BITS + 3);
        for (byte, value) in row.iter_mut().zip(output) {
            *byte = sample(value);
        }
    }
}

fn sample(value: i32) -> u8 {
    value.saturating_add(128).clamp(0, 255) as u8
}

/// Eight values, scaled down by `shift` bits with rounding. Sums wrap in corrupt files only.
#[inline]
fn line(input: [i32; 8], shift: u32) -> [i32; 8] {
    let m = i32::wrapping_mul;
    let a = i32::wrapping_add;
    let s = i32::wrapping_sub;

    let z1 = m(a(input[2], input[6]), F0_541196100);
    let t2 = s(z1, m(input[6], F1_847759065));
    let t3 = a(z1, m(input[2], F0_765366865));
    let t0 = a(input[0], input[4]).wrapping_shl(CONSTANT_BITS);
    let t1 = s(input[0], input[4]).wrapping_shl(CONSTANT_BITS);
    let even = [a(t0, t3), a(t1, t2), s(t1, t2), s(t0, t3)];

    let (t0, t1, t2, t3) = (input[7], input[5], input[3], input[1]);
    let z5 = m(a(a(t0, t2), a(t1, t3)), F1_175875602);
    let z1 = m(a(t0, t3), -F0_899976223);
    let z2 = m(a(t1, t2), -F2_562915447);
    let z3 = a(m(a(t0, t2), -F1_961570560), z5);
    let z4 = a(m(a(t1, t3), -F0_390180644), z5);
    let odd = [
        a(m(t3, F1_501321110), a(z1, z4)),
        a(m(t2, F3_072711026), a(z2, z3)),
        a(m(t1, F2_053119869), a(z2, z4)),
        a(m(t0, F0_298631336), a(z1, z3)),
    ];

    let round = 1 << (shift - 1);
    let mut output = [0; 8];
    for i in 0..4 {
        output[i] = a(a(even[i], odd[i]), round) >> shift;
        output[7 - i] = a(s(even[i], odd[i]), round) >> shift;
    }
    output
}
