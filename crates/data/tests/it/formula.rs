//! Pictures by formula (the same as tests/golden/formula.py) and the checksum of golden values.

/// Bytes of a 32-bit mix of position and seed.
pub(crate) fn noise(count: usize, seed: u64) -> Vec<u8> {
    (0..count as u64)
        .map(|i| {
            let mut x = i.wrapping_mul(2_654_435_761).wrapping_add(seed * 40_503 + 12_345) as u32;
            x ^= x >> 15;
            x = x.wrapping_mul(2_246_822_519);
            x ^= x >> 13;
            x as u8
        })
        .collect()
}

/// CRC-32 as in zlib and PNG.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, &byte: &u8| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    };
    !bytes.iter().fold(u32::MAX, step)
}

/// The rows of a golden table, without comment and header.
pub(crate) fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().filter(|line| !line.starts_with('#')).skip(1).map(|line| line.split(',').collect())
}

#[test]
fn the_checksum_is_the_standard_one() {
    assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
}
