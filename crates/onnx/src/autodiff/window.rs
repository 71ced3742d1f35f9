//! Sliding windows of convolutions and pooling, in two dimensions (one-dimensional ones get a height of 1).
use super::site::Site;

/// Batch, channels, height, width of a value of rank 3 or 4.
pub(super) fn planes(shape: &[usize]) -> Result<[usize; 4], String> {
    match *shape {
        [n, c, w] => Ok([n, c, 1, w]),
        [n, c, h, w] => Ok([n, c, h, w]),
        _ => Err(format!("shape {shape:?}: only one and two spatial dimensions have a rule")),
    }
}

/// Geometry along height and width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) kernel: [usize; 2],
    pub(super) stride: [usize; 2],
    pub(super) dilation: [usize; 2],
    /// Padding before the first row and column.
    pub(super) begin: [usize; 2],
    /// Padding after the last.
    pub(super) end: [usize; 2],
}

impl Window {
    /// Reads the attributes; `kernel` where the attribute is left out.
    pub(super) fn new(
        site: &Site<'_>,
        kernel: Option<&[usize]>,
        input: &[usize],
        output: &[usize],
    ) -> Result<Self, String> {
        let spatial = input.len().saturating_sub(2);
        let numbers = |name: &str| -> Result<Option<Vec<usize>>, String> {
            let Some(list) = site.node.ints(name).filter(|list| !list.is_empty()) else {
                return Ok(None);
            };
            list.iter()
                .map(|&v| usize::try_from(v).map_err(|_| format!("{name} is negative: {list:?}")))
                .collect::<Result<Vec<_>, _>>()
                .map(Some)
        };
        let pair = |list: Option<Vec<usize>>, default: usize| -> Result<[usize; 2], String> {
            match list.as_deref() {
                None => Ok([default; 2]),
                Some(&[w]) if spatial == 1 => Ok([default, w]),
                Some(&[h, w]) if spatial == 2 => Ok([h, w]),
                Some(list) => Err(format!("{list:?} does not fit {spatial} spatial dimensions")),
            }
        };
        let kernel = numbers("kernel_shape")?
            .or_else(|| kernel.map(<[usize]>::to_vec))
            .ok_or_else(|| "its kernel shape is left out".to_owned())?;
        let mut window = Self {
            kernel: pair(Some(kernel), 1)?,
            stride: pair(numbers("strides")?, 1)?,
            dilation: pair(numbers("dilations")?, 1)?,
            begin: [0; 2],
            end: [0; 2],
        };
        if window.stride.contains(&0) {
            return Err("a stride of 0".to_owned());
        }
        let auto = site.node.string("auto_pad").unwrap_or("NOTSET");
        match auto {
            "SAME_UPPER" | "SAME_LOWER" => {
                let ([.., ih, iw], [.., oh, ow]) = (planes(input)?, planes(output)?);
                for (place, (size, steps)) in [(ih, oh), (iw, ow)].into_iter().enumerate() {
                    let reach =
                        steps.saturating_sub(1) * window.stride[place] + window.extent(place);
                    let total = reach.saturating_sub(size);
                    let small = total / 2;
                    (window.begin[place], window.end[place]) = if auto == "SAME_UPPER" {
                        (small, total - small)
                    } else {
                        (total - small, small)
                    };
                }
            }
            "VALID" => {}
            _ => {
                if let Some(pads) = numbers("pads")? {
                    let (begin, end) = pads.split_at(pads.len() / 2);
                    window.begin = pair(Some(begin.to_vec()), 0)?;
                    window.end = pair(Some(end.to_vec()), 0)?;
                }
            }
        }
        Ok(window)
    }

    /// Pixels that a kernel spans along an axis.
    pub(super) fn extent(&self, place: usize) -> usize {
        self.kernel[place].saturating_sub(1) * self.dilation[place] + 1
    }

    /// The input's place that tap `tap` of step `step` reads, `None` in the padding.
    pub(super) fn place(&self, axis: usize, step: usize, tap: usize, size: usize) -> Option<usize> {
        (step * self.stride[axis] + tap * self.dilation[axis])
            .checked_sub(self.begin[axis])
            .filter(|&place| place < size)
    }

    /// Whether every step reads exactly its own pixel.
    pub(super) fn is_identity(&self) -> bool {
        self.kernel == [1; 2] && self.stride == [1; 2] && self.begin == [0; 2] && self.end == [0; 2]
    }
}
