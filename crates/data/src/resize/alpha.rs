//! Multiplication by alpha around filtering, with Pillow's rounding.

/// `value * alpha / 255` for each colour channel; alpha is the last channel.
pub(super) fn premultiply(data: &[u8], channels: usize) -> Vec<u8> {
    let mut out = data.to_vec();
    for pixel in out.chunks_exact_mut(channels) {
        let alpha = u32::from(pixel[channels - 1]);
        for value in &mut pixel[..channels - 1] {
            let product = u32::from(*value) * alpha + 128;
            *value = (((product >> 8) + product) >> 8) as u8;
        }
    }
    out
}

/// `255 * value / alpha`, truncated and clipped; untouched where alpha is 0 or 255.
pub(super) fn unpremultiply(data: &mut [u8], channels: usize) {
    for pixel in data.chunks_exact_mut(channels) {
        let alpha = u32::from(pixel[channels - 1]);
        if alpha == 0 || alpha == 255 {
            continue;
        }
        for value in &mut pixel[..channels - 1] {
            *value = (255 * u32::from(*value) / alpha).min(255) as u8;
        }
    }
}
