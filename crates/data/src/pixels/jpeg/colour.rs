//! From component planes to gray or RGB.
use super::{
    block::{Block, ZIGZAG},
    frame::Frame,
    idct,
    upsample::{self, Method},
};

/// What the components mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Model {
    Gray,
    Rgb,
    YCbCr,
    Cmyk,
    Ycck,
}

impl Model {
    /// As libjpeg guesses it: JFIF and Adobe markers first, then component names.
    pub(super) fn of(frame: &Frame, jfif: bool, adobe: Option<u8>) -> Self {
        let ids: Vec<u8> = frame.components.iter().map(|component| component.id).collect();
        match (frame.components.len(), adobe) {
            (1, _) => Model::Gray,
            (3, _) if jfif => Model::YCbCr,
            (3, Some(0)) => Model::Rgb,
            (3, Some(_)) => Model::YCbCr,
            (3, None) if ids == *b"RGB" => Model::Rgb,
            (3, None) => Model::YCbCr,
            (_, Some(2)) => Model::Ycck,
            _ => Model::Cmyk,
        }
    }
}

/// Channels (1 or 3) and `[H, W, channels]`.
pub(super) fn picture(frame: &mut Frame, model: Model) -> Result<(usize, Vec<u8>), String> {
    if frame.progressive {
        transform(frame);
    }
    let frame = &*frame;
    let mut methods = Vec::new();
    for component in &frame.components {
        methods.push(Method::of(frame, component)?);
    }
    let channels = if model == Model::Gray { 1 } else { 3 };
    let mut data = vec![0; frame.width * frame.height * channels];
    let mut buffers: [Vec<u8>; 4] = Default::default();
    let mut sums = Vec::new();
    let chroma = Chroma::new();
    for (y, line) in data.chunks_exact_mut(frame.width * channels).enumerate() {
        let mut rows: [&[u8]; 4] = [&[]; 4];
        for (i, (slot, buffer)) in rows.iter_mut().zip(&mut buffers).enumerate() {
            if let Some(component) = frame.components.get(i) {
                *slot = &upsample::row(component, methods[i], y, buffer, &mut sums)[..frame.width];
            }
        }
        let [a, b, c, d] = rows;
        if model == Model::Gray {
            line.copy_from_slice(a);
            continue;
        }
        let pixels = line.as_chunks_mut::<3>().0.iter_mut().zip(a).zip(b).zip(c);
        let pixels = pixels.map(|(((out, &a), &b), &c)| (out, [a, b, c]));
        match model {
            Model::Gray | Model::Rgb => pixels.for_each(|(out, pixel)| *out = pixel),
            Model::YCbCr => pixels.for_each(|(out, pixel)| *out = chroma.rgb(pixel)),
            // Four-colour JPEGs store ink inverted, as Adobe writes them and Pillow reads them.
            Model::Cmyk => {
                pixels.zip(d).for_each(|((out, pixel), &k)| *out = pixel.map(|v| ink(v, k)));
            }
            Model::Ycck => pixels.zip(d).for_each(|((out, pixel), &k)| {
                *out = chroma.rgb(pixel).map(|v| ink(255 - v, k));
            }),
        }
    }
    Ok((channels, data))
}

/// Light left by an ink of `255 - value` over a black of `255 - black`, with Pillow's rounding.
fn ink(value: u8, black: u8) -> u8 {
    let product = u32::from(255 - value) * u32::from(black) + 128;
    black.saturating_sub((((product >> 8) + product) >> 8) as u8)
}

/// Inverse transform of all blocks of a progressive frame.
fn transform(frame: &mut Frame) {
    for component in &mut frame.components {
        let Some(quantiser) = component.quantiser else { continue };
        let stride = component.stride_blocks * 8;
        let blocks = std::mem::take(&mut component.coefficients);
        for (index, block) in blocks.as_chunks::<64>().0.iter().enumerate() {
            let (bx, by) = (index % component.stride_blocks, index / component.stride_blocks);
            let samples = &mut component.plane[by * 8 * stride + bx * 8..];
            idct::block(block, &quantiser, last(block), samples, stride);
        }
    }
}

fn last(block: &Block) -> usize {
    ZIGZAG.iter().rposition(|&natural| block[usize::from(natural)] != 0).unwrap_or(0)
}

/// ITU-R BT.601 in 16-bit fixed point, as libjpeg's tables.
struct Chroma {
    red: [i32; 256],
    blue: [i32; 256],
    green_cb: [i32; 256],
    green_cr: [i32; 256],
}

impl Chroma {
    fn new() -> Self {
        const HALF: i32 = 1 << 15;
        let table = |f: &dyn Fn(i32) -> i32| std::array::from_fn(|i| f(i as i32 - 128));
        Self {
            red: table(&|x| (91_881 * x + HALF) >> 16),   // 1.402
            blue: table(&|x| (116_130 * x + HALF) >> 16), // 1.772
            green_cb: table(&|x| -22_554 * x + HALF),     // 0.34414
            green_cr: table(&|x| -46_802 * x),            // 0.71414
        }
    }

    #[inline]
    fn rgb(&self, [y, cb, cr]: [u8; 3]) -> [u8; 3] {
        let (y, cb, cr) = (i32::from(y), usize::from(cb), usize::from(cr));
        let green = (self.green_cb[cb] + self.green_cr[cr]) >> 16;
        [y + self.red[cr], y + green, y + self.blue[cb]].map(|value| value.clamp(0, 255) as u8)
    }
}
