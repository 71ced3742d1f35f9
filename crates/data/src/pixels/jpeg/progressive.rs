//! A block of a progressive scan (ITU-T T.81, annex G).
use super::{
    bits::{BitReader, CORRUPT, Huffman},
    block::{Block, ZIGZAG},
    scan::{Parts, State},
};

pub(super) fn block(
    reader: &mut BitReader<'_>,
    block: &mut Block,
    parts: &Parts<'_>,
    state: &mut State,
) -> Result<(), &'static str> {
    let scan = parts.scan;
    if scan.start == 0 {
        if scan.high != 0 {
            block[0] |= (reader.bits(1)? << scan.low) as i16;
            return Ok(());
        }
        let dc = parts.tables.dc.get(parts.member.dc).and_then(Option::as_ref).ok_or(CORRUPT)?;
        let size = u32::from(reader.symbol(dc)?);
        if size > 15 {
            return Err(CORRUPT);
        }
        let prediction = &mut state.predictions[parts.slot];
        *prediction = prediction.wrapping_add(reader.signed(size)?);
        block[0] = (*prediction << scan.low) as i16;
        return Ok(());
    }
    let ac = parts.tables.ac.get(parts.member.ac).and_then(Option::as_ref).ok_or(CORRUPT)?;
    if scan.high == 0 {
        first(reader, ac, block, parts, state)
    } else {
        refine(reader, ac, block, parts, state)
    }
}

/// Length of a run of blocks that end here: `2^exponent` and as many more bits.
fn run_length(reader: &mut BitReader<'_>, exponent: u32) -> Result<u32, &'static str> {
    Ok((1 << exponent) + reader.bits(exponent)? as u32)
}

fn first(
    reader: &mut BitReader<'_>,
    ac: &Huffman,
    block: &mut Block,
    parts: &Parts<'_>,
    state: &mut State,
) -> Result<(), &'static str> {
    if state.end_of_band_run > 0 {
        state.end_of_band_run -= 1;
        return Ok(());
    }
    let scan = parts.scan;
    let mut k = scan.start;
    while k <= scan.end {
        let symbol = reader.symbol(ac)?;
        let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        if size == 0 {
            if run != 15 {
                state.end_of_band_run = run_length(reader, run as u32)? - 1;
                return Ok(());
            }
            k += 16;
            continue;
        }
        k += run;
        if k > scan.end {
            return Err(CORRUPT);
        }
        block[usize::from(ZIGZAG[k])] = (reader.signed(size)? << scan.low) as i16;
        k += 1;
    }
    Ok(())
}

fn refine(
    reader: &mut BitReader<'_>,
    ac: &Huffman,
    block: &mut Block,
    parts: &Parts<'_>,
    state: &mut State,
) -> Result<(), &'static str> {
    let scan = parts.scan;
    let bit = 1i16 << scan.low;
    let mut k = scan.start;
    if state.end_of_band_run == 0 {
        while k <= scan.end {
            let symbol = reader.symbol(ac)?;
            let (mut run, size) = (symbol >> 4, symbol & 15);
            let value = match size {
                0 if run != 15 => {
                    state.end_of_band_run = run_length(reader, u32::from(run))?;
                    break;
                }
                0 => 0,
                1 if reader.bits(1)? == 1 => bit,
                1 => -bit,
                _ => return Err(CORRUPT),
            };
            // Coefficients that are known take a bit each; `run` counts those that are still zero.
            while k <= scan.end {
                let coefficient = &mut block[usize::from(ZIGZAG[k])];
                if *coefficient != 0 {
                    correct(reader, coefficient, bit)?;
                } else if run == 0 {
                    break;
                } else {
                    run -= 1;
                }
                k += 1;
            }
            if value != 0 {
                if k > scan.end {
                    return Err(CORRUPT);
                }
                block[usize::from(ZIGZAG[k])] = value;
            }
            k += 1;
        }
    }
    if state.end_of_band_run > 0 {
        for &natural in &ZIGZAG[k.min(64)..=scan.end] {
            let coefficient = &mut block[usize::from(natural)];
            if *coefficient != 0 {
                correct(reader, coefficient, bit)?;
            }
        }
        state.end_of_band_run -= 1;
    }
    Ok(())
}

fn correct(
    reader: &mut BitReader<'_>,
    coefficient: &mut i16,
    bit: i16,
) -> Result<(), &'static str> {
    if reader.bits(1)? == 1 && *coefficient & bit == 0 {
        *coefficient = coefficient.wrapping_add(if *coefficient >= 0 { bit } else { -bit });
    }
    Ok(())
}
