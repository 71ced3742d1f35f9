//! Markers and segments (ITU-T T.81, annex B).
use super::{
    Picture,
    bits::{CORRUPT, ENDS_EARLY, Huffman},
    block::ZIGZAG,
    colour::{self, Model},
    exif,
    frame::{Frame, Tables},
    scan::{self, Scan},
};

/// Most scans of a file: progressive encoders write about ten.
const MAX_SCANS: usize = 256;

pub(super) struct Decoder<'a> {
    data: &'a [u8],
    position: usize,
    tables: Tables,
    jfif: bool,
    adobe: Option<u8>,
    orientation: u8,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self {
            data,
            position: 2, // behind SOI
            tables: Tables::default(),
            jfif: false,
            adobe: None,
            orientation: 1,
        }
    }

    /// Reads up to the frame header.
    pub(super) fn headers(&mut self) -> Result<Frame, String> {
        loop {
            let (marker, body) = self.segment()?.ok_or("it has no picture")?;
            match marker {
                0xC0..=0xC2 => return Frame::parse(body, marker == 0xC2),
                0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                    return Err(
                        "lossless, hierarchical and arithmetic coding are not supported; export it as an ordinary JPEG or a PNG".to_string(),
                    );
                }
                0xDA => return Err(CORRUPT.to_string()),
                _ => self.tables_or_application(marker, body)?,
            }
        }
    }

    /// Decodes all scans.
    pub(super) fn pixels(&mut self, mut frame: Frame) -> Result<Picture, String> {
        // Every block takes at least one bit.
        if frame.blocks() > self.data.len().saturating_mul(8) {
            return Err(ENDS_EARLY.to_string());
        }
        frame.allocate();
        let mut scans = 0;
        while frame.progressive || !frame.complete() {
            let Some((marker, body)) = self.segment()? else { break };
            match marker {
                0xDA => {
                    scans += 1;
                    if scans > MAX_SCANS {
                        return Err(format!("it has more than {MAX_SCANS} scans"));
                    }
                    let scan = Scan::parse(body, &frame)?;
                    self.position =
                        scan::decode(&mut frame, &scan, &self.tables, self.data, self.position)?;
                }
                0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                    return Err(CORRUPT.to_string());
                }
                _ => self.tables_or_application(marker, body)?,
            }
        }
        // Also where a progressive file ends cleanly between scans: it would be a blurred picture.
        if !frame.complete() {
            return Err(ENDS_EARLY.to_string());
        }
        let model = Model::of(&frame, self.jfif, self.adobe);
        let (channels, data) = colour::picture(&mut frame, model)?;
        let (width, height) = (frame.width, frame.height);
        Ok(Picture { width, height, channels, data, orientation: self.orientation })
    }

    /// The next marker with its body; `None` at EOI (where the position stays) or the end.
    fn segment(&mut self) -> Result<Option<(u8, &'a [u8])>, String> {
        loop {
            // As libjpeg does, skip what stands before a marker, and fill bytes.
            let Some(offset) = self.data.get(self.position..).and_then(|rest| {
                rest.windows(2).position(|pair| pair[0] == 0xFF && !matches!(pair[1], 0 | 0xFF))
            }) else {
                self.position = self.data.len();
                return Ok(None);
            };
            self.position += offset;
            let marker = self.data[self.position + 1];
            match marker {
                0xD9 => return Ok(None),
                // RSTn out of place, SOI and TEM have no body.
                0xD0..=0xD8 | 0x01 => self.position += 2,
                _ => {
                    let start = self.position + 2;
                    let length = self.data.get(start..start + 2).ok_or(ENDS_EARLY)?;
                    let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
                    if length < 2 {
                        return Err(CORRUPT.to_string());
                    }
                    let body = self.data.get(start + 2..start + length).ok_or(ENDS_EARLY)?;
                    self.position = start + length;
                    return Ok(Some((marker, body)));
                }
            }
        }
    }

    fn tables_or_application(&mut self, marker: u8, body: &[u8]) -> Result<(), String> {
        match marker {
            0xC4 => self.huffman_tables(body)?,
            0xDB => self.quantisers(body)?,
            0xDD => {
                let [high, low] = body else { return Err(CORRUPT.to_string()) };
                self.tables.restart = usize::from(u16::from_be_bytes([*high, *low]));
            }
            0xE0 if body.starts_with(b"JFIF\0") => self.jfif = true,
            0xE1 => {
                if let Some(orientation) =
                    body.strip_prefix(b"Exif\0\0").and_then(exif::orientation)
                {
                    self.orientation = orientation;
                }
            }
            0xEE if body.starts_with(b"Adobe") && body.len() >= 12 => self.adobe = Some(body[11]),
            0xDC => return Err("its height is not in its header; export it again".to_string()),
            _ => {}
        }
        Ok(())
    }

    fn huffman_tables(&mut self, mut body: &[u8]) -> Result<(), String> {
        while let Some((&head, rest)) = body.split_first() {
            let counts: &[u8; 16] = rest.first_chunk().ok_or(CORRUPT)?;
            let total: usize = counts.iter().map(|&count| usize::from(count)).sum();
            let symbols = rest.get(16..16 + total).ok_or(CORRUPT)?;
            let table = Huffman::new(counts, symbols).ok_or(CORRUPT)?;
            let kind = match head >> 4 {
                0 => &mut self.tables.dc,
                1 => &mut self.tables.ac,
                _ => return Err(CORRUPT.to_string()),
            };
            *kind.get_mut(usize::from(head & 15)).ok_or(CORRUPT)? = Some(table);
            body = &rest[16 + total..];
        }
        Ok(())
    }

    fn quantisers(&mut self, mut body: &[u8]) -> Result<(), String> {
        while let Some((&head, rest)) = body.split_first() {
            let mut steps = [0u16; 64];
            let wide = head >> 4 != 0;
            let size = if wide { 128 } else { 64 };
            let values = rest.get(..size).ok_or(CORRUPT)?;
            for (i, &natural) in ZIGZAG.iter().enumerate() {
                steps[usize::from(natural)] = if wide {
                    u16::from_be_bytes([values[2 * i], values[2 * i + 1]])
                } else {
                    u16::from(values[i])
                };
            }
            *self.tables.quantisers.get_mut(usize::from(head & 15)).ok_or(CORRUPT)? = Some(steps);
            body = &rest[size..];
        }
        Ok(())
    }
}
