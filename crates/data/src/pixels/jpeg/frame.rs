//! A frame, its components and their sample planes.
use super::bits::{CORRUPT, Huffman};

/// Quantisation steps in natural order (not zigzag).
pub(super) type Quantiser = [u16; 64];

/// Tables in force, up to four of a kind.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) quantisers: [Option<Quantiser>; 4],
    pub(super) dc: [Option<Huffman>; 4],
    pub(super) ac: [Option<Huffman>; 4],
    /// MCUs between restart markers, 0 for none.
    pub(super) restart: usize,
}

pub(super) struct Component {
    pub(super) id: u8,
    /// Horizontal and vertical sampling factor.
    pub(super) h: usize,
    pub(super) v: usize,
    pub(super) quantiser_index: usize,
    /// The table in force at the component's first scan.
    pub(super) quantiser: Option<Quantiser>,
    /// Samples of the picture, as the file codes them.
    pub(super) width: usize,
    pub(super) height: usize,
    /// Blocks that hold them.
    pub(super) blocks_x: usize,
    pub(super) blocks_y: usize,
    /// Blocks a row with padding to whole MCUs.
    pub(super) stride_blocks: usize,
    /// Rows of blocks, padded likewise.
    pub(super) rows_blocks: usize,
    /// Samples, `stride_blocks * 8` a row.
    pub(super) plane: Vec<u8>,
    /// Coefficients of a progressive frame, 64 a block, in natural order.
    pub(super) coefficients: Vec<i16>,
    /// A scan held it.
    pub(super) seen: bool,
    /// Low bits of each coefficient that are still to come; 255 where nothing of it was sent.
    pub(super) pending: [u8; 64],
}

pub(super) struct Frame {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) progressive: bool,
    pub(super) components: Vec<Component>,
    pub(super) h_max: usize,
    pub(super) v_max: usize,
    pub(super) mcus_x: usize,
    pub(super) mcus_y: usize,
}

impl Frame {
    /// From the body of a SOF marker.
    pub(super) fn parse(body: &[u8], progressive: bool) -> Result<Self, String> {
        let [precision, y1, y0, x1, x0, count, rest @ ..] = body else {
            return Err(CORRUPT.to_string());
        };
        if *precision != 8 {
            return Err(format!("{precision} bits a sample are not supported; export it with 8"));
        }
        let height = usize::from(u16::from_be_bytes([*y1, *y0]));
        let width = usize::from(u16::from_be_bytes([*x1, *x0]));
        let count = usize::from(*count);
        if !matches!(count, 1 | 3 | 4) || rest.len() != count * 3 {
            return Err(format!("{count} colour components are not supported"));
        }
        let specs = rest.as_chunks::<3>().0;
        let sampling = |spec: &[u8; 3]| (usize::from(spec[1] >> 4), usize::from(spec[1] & 15));
        if specs.iter().any(|spec| {
            let (h, v) = sampling(spec);
            !(1..=4).contains(&h) || !(1..=4).contains(&v) || spec[2] > 3
        }) {
            return Err(CORRUPT.to_string());
        }
        let h_max = specs.iter().map(|spec| sampling(spec).0).max().unwrap_or(1);
        let v_max = specs.iter().map(|spec| sampling(spec).1).max().unwrap_or(1);
        let (mcus_x, mcus_y) = (width.div_ceil(8 * h_max), height.div_ceil(8 * v_max));
        let components = specs
            .iter()
            .map(|spec| {
                let (h, v) = sampling(spec);
                Component {
                    id: spec[0],
                    h,
                    v,
                    quantiser_index: usize::from(spec[2]),
                    quantiser: None,
                    width: (width * h).div_ceil(h_max),
                    height: (height * v).div_ceil(v_max),
                    blocks_x: (width * h).div_ceil(8 * h_max),
                    blocks_y: (height * v).div_ceil(8 * v_max),
                    stride_blocks: mcus_x * h,
                    rows_blocks: mcus_y * v,
                    plane: Vec::new(),
                    coefficients: Vec::new(),
                    seen: false,
                    pending: [u8::MAX; 64],
                }
            })
            .collect();
        Ok(Self { width, height, progressive, components, h_max, v_max, mcus_x, mcus_y })
    }

    /// Blocks of all components.
    pub(super) fn blocks(&self) -> usize {
        self.components.iter().map(|c| c.blocks_x * c.blocks_y).sum()
    }

    /// Allocates what the scans fill.
    pub(super) fn allocate(&mut self) {
        for component in &mut self.components {
            let samples = component.stride_blocks * component.rows_blocks * 64;
            component.plane = vec![0; samples];
            if self.progressive {
                component.coefficients = vec![0; samples];
            }
        }
    }

    /// Every bit of every coefficient was sent (sequential: every component).
    pub(super) fn complete(&self) -> bool {
        self.components.iter().all(|component| {
            component.seen && (!self.progressive || component.pending.iter().all(|&bits| bits == 0))
        })
    }
}
