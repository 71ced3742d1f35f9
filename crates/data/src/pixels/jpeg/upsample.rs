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
        if frame.h_max % component.h != 0 || frame.v_max % component.v != 0 {
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
    sums: &mut Vec<i32>,
) -> &'a [u8] {
    let line = |row: usize| {
        let row = row.min(component.height - 1);
        &component.plane[row * component.stride_blocks * 8..][..component.width]
    };
    // The nearer row of samples, and the one on the other side of row `y`.
    let near = y / 2;
    let far = if y % 2 == 0 { near.saturating_sub(1) } else { near + 1 };
    buffer.clear();
    match method {
        Method::Full => return line(y),
        Method::H2V1 => {
            let line = line(y);
            let n = line.len();
            for (i, &value) in line.iter().enumerate() {
                let value = u32::from(value);
                let left = u32::from(line[i.saturating_sub(1)]);
                let right = u32::from(line[(i + 1).min(n - 1)]);
                // At the ends the neighbour is the sample itself: (3 v + v + 1) / 4 is v.
                buffer.push(((value * 3 + left + 1) >> 2) as u8);
                buffer.push(((value * 3 + right + 2) >> 2) as u8);
            }
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
                    .map(|(&near, &far)| i32::from(near) * 3 + i32::from(far)),
            );
            let n = sums.len();
            for (i, &sum) in sums.iter().enumerate() {
                let left = sums[i.saturating_sub(1)];
                let right = sums[(i + 1).min(n - 1)];
                buffer.push(((sum * 3 + left + 8) >> 4) as u8);
                buffer.push(((sum * 3 + right + 7) >> 4) as u8);
            }
        }
        Method::Repeat(h, v) => {
            buffer.extend(line(y / v).iter().flat_map(|&value| std::iter::repeat_n(value, h)));
        }
    }
    buffer
}
