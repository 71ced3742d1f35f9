//! Chroma rows at the picture's size, as the Independent JPEG Group's 'fancy upsampling' makes them:
//! triangle weights 3/4 and 1/4, with its alternating rounding.
use super::frame::{Component, Frame};

/// How a component is enlarged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Full,
    H2V1,
    H1V2,
    H2V2,
    /// Samples repeated.
    Repeat(usize, usize),
}

impl Method {
    pub(super) fn of(frame: &Frame, component: &Component) -> Result<Self, String> {
        if !frame.h_max.is_multiple_of(component.h) || !frame.v_max.is_multiple_of(component.v) {
            return Err("fractional chroma sampling is not supported; export it again".to_string());
        }
        let wide = component.width > 2;
        Ok(match (frame.h_max / component.h, frame.v_max / component.v) {
            (1, 1) => Method::Full,
            (2, 1) if wide => Method::H2V1,
            (1, 2) => Method::H1V2,
            (2, 2) if wide => Method::H2V2,
            (h, v) => Method::Repeat(h, v),
        })
    }
}

/// Row `y` of the picture, at least as wide as the picture.
pub(super) fn row<'a>(
    component: &'a Component,
    method: Method,
    y: usize,
    buffer: &'a mut Vec<u8>,
    sums: &mut Vec<u16>,
) -> &'a [u8] {
    let line = |row: usize| {
        let row = row.min(component.height - 1);
        &component.plane[row * component.stride_blocks * 8..][..component.width]
    };
    // The nearer row of samples, and the one on the other side of row `y`.
    let near = y / 2;
    let far = if y.is_multiple_of(2) { near.saturating_sub(1) } else { near + 1 };
    buffer.clear();
    match method {
        Method::Full => return line(y),
        Method::H2V1 => {
            sums.clear();
            sums.extend(line(y).iter().map(|&value| u16::from(value)));
            double(sums, buffer, |near, far, bias| (near * 3 + far + bias) >> 2, [1, 2]);
        }
        Method::H1V2 => {
            let bias = 1 + (y % 2) as u32;
            buffer.extend(
                line(near).iter().zip(line(far)).map(|(&near, &far)| {
                    ((u32::from(near) * 3 + u32::from(far) + bias) >> 2) as u8
                }),
            );
        }
        Method::H2V2 => {
            sums.clear();
            sums.extend(
                line(near)
                    .iter()
                    .zip(line(far))
                    .map(|(&near, &far)| u16::from(near) * 3 + u16::from(far)),
            );
            double(sums, buffer, |near, far, bias| (near * 3 + far + bias) >> 4, [8, 7]);
        }
        Method::Repeat(h, v) => {
            buffer.extend(line(y / v).iter().flat_map(|&value| std::iter::repeat_n(value, h)));
        }
    }
    buffer
}

/// Two samples for each value: one towards its left neighbour, one towards its right, with `biases`
/// in this order. At the ends a value is its own neighbour.
#[inline]
fn double(values: &[u16], out: &mut Vec<u8>, mix: impl Fn(u16, u16, u16) -> u16, biases: [u16; 2]) {
    let n = values.len();
    out.resize(2 * n, 0);
    let pairs = out.as_chunks_mut::<2>().0;
    let pair = |left, value, right| {
        [mix(value, left, biases[0]) as u8, mix(value, right, biases[1]) as u8]
    };
    for (out, window) in pairs[1..].iter_mut().zip(values.windows(3)) {
        *out = pair(window[0], window[1], window[2]);
    }
    pairs[0] = pair(values[0], values[0], values[1.min(n - 1)]);
    pairs[n - 1] = pair(values[n.saturating_sub(2)], values[n - 1], values[n - 1]);
}
