//! Scans: which blocks of which components the coded data holds.
use super::{
    bits::{BitReader, CORRUPT, ENDS_EARLY},
    block::{self, Block},
    frame::{Component, Frame, Tables},
    idct, progressive,
};

/// A component's part in a scan.
pub(super) struct Member {
    /// Index into the frame's components.
    pub(super) component: usize,
    pub(super) dc: usize,
    pub(super) ac: usize,
}

/// Header of a scan.
pub(super) struct Scan {
    pub(super) members: Vec<Member>,
    /// First and last coefficient, in zigzag order.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Successive approximation: bit position of the scan before and of this one.
    pub(super) high: u32,
    pub(super) low: u32,
}

impl Scan {
    pub(super) fn parse(body: &[u8], frame: &Frame) -> Result<Self, String> {
        let corrupt = || CORRUPT.to_string();
        let (&count, rest) = body.split_first().ok_or_else(corrupt)?;
        let count = usize::from(count);
        if !(1..=4).contains(&count) || rest.len() != 2 * count + 3 {
            return Err(corrupt());
        }
        let mut members: Vec<Member> = Vec::with_capacity(count);
        for pair in rest[..2 * count].as_chunks::<2>().0 {
            let component =
                frame.components.iter().position(|c| c.id == pair[0]).ok_or_else(corrupt)?;
            if members.iter().any(|member| member.component == component) {
                return Err(corrupt());
            }
            members.push(Member {
                component,
                dc: usize::from(pair[1] >> 4),
                ac: usize::from(pair[1] & 15),
            });
        }
        let tail = &rest[2 * count..];
        let scan = Self {
            members,
            start: usize::from(tail[0]),
            end: usize::from(tail[1]),
            high: u32::from(tail[2] >> 4),
            low: u32::from(tail[2] & 15),
        };
        let fits = if !frame.progressive {
            true // sequential scans hold all coefficients, whatever these bytes say
        } else if scan.start == 0 {
            scan.end == 0
        } else {
            scan.start <= scan.end && scan.end < 64 && scan.members.len() == 1
        };
        if !fits
            || scan.low > 13
            || (scan.high != 0 && frame.progressive && scan.low + 1 != scan.high)
        {
            return Err(corrupt());
        }
        Ok(scan)
    }
}

/// What changes from block to block within a scan.
#[derive(Default)]
pub(super) struct State {
    /// DC prediction of each member.
    pub(super) predictions: [i32; 4],
    /// Blocks that are still without further coefficients (progressive).
    pub(super) end_of_band_run: u32,
}

/// Decodes a scan whose data starts at `position`; gives the position behind it.
pub(super) fn decode(
    frame: &mut Frame,
    scan: &Scan,
    tables: &Tables,
    data: &[u8],
    position: usize,
) -> Result<usize, String> {
    begin(frame, scan, tables)?;
    let mut reader = BitReader::new(data, position);
    let mut state = State::default();
    // A scan of one component holds just its own blocks, one of several holds whole MCUs.
    let alone = scan.members.len() == 1;
    let (columns, rows) = if alone {
        let component = &frame.components[scan.members[0].component];
        (component.blocks_x, component.blocks_y)
    } else {
        (frame.mcus_x, frame.mcus_y)
    };
    let mut restarts = 0;
    for unit in 0..columns * rows {
        if tables.restart > 0 && unit > 0 && unit % tables.restart == 0 {
            let at = reader.finish()?;
            if state.end_of_band_run > 0 {
                return Err(CORRUPT.to_string());
            }
            match data.get(at..at + 2) {
                Some([0xFF, marker]) if *marker == 0xD0 + (restarts % 8) as u8 => {}
                Some([0xFF, 0xD9]) | None => return Err(ENDS_EARLY.to_string()),
                _ => return Err(CORRUPT.to_string()),
            }
            restarts += 1;
            reader = BitReader::new(data, at + 2);
            state = State::default();
        }
        let (x, y) = (unit % columns, unit / columns);
        for (slot, member) in scan.members.iter().enumerate() {
            let component = &mut frame.components[member.component];
            let (h, v) = if alone { (1, 1) } else { (component.h, component.v) };
            for row in 0..v {
                for column in 0..h {
                    let (bx, by) = (x * h + column, y * v + row);
                    let parts = Parts { scan, member, slot, tables };
                    if frame.progressive {
                        let index = (by * component.stride_blocks + bx) * 64;
                        let coefficients = component
                            .coefficients
                            .get_mut(index..index + 64)
                            .and_then(|slice| slice.first_chunk_mut())
                            .ok_or(CORRUPT)?;
                        progressive::block(&mut reader, coefficients, &parts, &mut state)?;
                    } else {
                        sequential(&mut reader, component, (bx, by), &parts, &mut state)?;
                    }
                }
            }
        }
    }
    if state.end_of_band_run > 0 {
        return Err(CORRUPT.to_string());
    }
    Ok(reader.finish()?)
}

/// What a block is decoded with.
pub(super) struct Parts<'a> {
    pub(super) scan: &'a Scan,
    pub(super) member: &'a Member,
    pub(super) slot: usize,
    pub(super) tables: &'a Tables,
}

fn sequential(
    reader: &mut BitReader<'_>,
    component: &mut Component,
    (bx, by): (usize, usize),
    parts: &Parts<'_>,
    state: &mut State,
) -> Result<(), &'static str> {
    let dc = parts.tables.dc.get(parts.member.dc).and_then(Option::as_ref).ok_or(CORRUPT)?;
    let ac = parts.tables.ac.get(parts.member.ac).and_then(Option::as_ref).ok_or(CORRUPT)?;
    let mut coefficients: Block = [0; 64];
    let last =
        block::sequential(reader, dc, ac, &mut coefficients, &mut state.predictions[parts.slot])?;
    let quantiser = component.quantiser.as_ref().ok_or(CORRUPT)?;
    let stride = component.stride_blocks * 8;
    let at = by * 8 * stride + bx * 8;
    let samples = component.plane.get_mut(at..).ok_or(CORRUPT)?;
    idct::block(&coefficients, quantiser, last, samples, stride);
    Ok(())
}

/// Fixes quantisers and notes what the scan brings.
fn begin(frame: &mut Frame, scan: &Scan, tables: &Tables) -> Result<(), String> {
    for member in &scan.members {
        let component = &mut frame.components[member.component];
        if !frame.progressive && component.seen {
            return Err(CORRUPT.to_string());
        }
        component.seen = true;
        if component.quantiser.is_none() {
            component.quantiser = tables.quantisers[component.quantiser_index];
        }
        if component.quantiser.is_none() {
            return Err("a quantisation table is missing".to_string());
        }
        if frame.progressive {
            // A refinement follows the scan of the bit above.
            let pending = &mut component.pending[scan.start..=scan.end];
            if scan.high != 0 && pending.iter().any(|&bits| u32::from(bits) != scan.high) {
                return Err(CORRUPT.to_string());
            }
            pending.fill(scan.low as u8);
        }
    }
    Ok(())
}
