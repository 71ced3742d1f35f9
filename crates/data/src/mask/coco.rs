//! COCO segmentations, rasterised as pycocotools does (`maskApi.c`).
use super::{CocoSegment, Mask};

/// Union of the segments on a raster of `height` x `width` pixels.
pub(super) fn union(segments: &[CocoSegment], height: usize, width: usize) -> Result<Mask, String> {
    let mut mask = Mask { width, height, data: vec![false; width * height] };
    for segment in segments {
        match segment {
            CocoSegment::Polygons(polygons) => {
                for polygon in polygons {
                    add_runs(&mut mask, &polygon_runs(polygon, height, width)?);
                }
            }
            CocoSegment::Rle { counts, size } => add_rle(&mut mask, counts, *size)?,
            CocoSegment::CompressedRle { counts, size } => {
                add_rle(&mut mask, &decompress(counts)?, *size)?;
            }
        }
    }
    Ok(mask)
}

fn add_rle(mask: &mut Mask, counts: &[u32], size: [usize; 2]) -> Result<(), String> {
    if size != [mask.height, mask.width] {
        return Err(format!(
            "the run lengths are for {} x {} pixels (height x width), the raster has {} x {}",
            size[0], size[1], mask.height, mask.width
        ));
    }
    check_runs(counts, size)?;
    add_runs(mask, counts);
    Ok(())
}

/// Run lengths fill their raster exactly.
pub(super) fn check_runs(counts: &[u32], size: [usize; 2]) -> Result<(), String> {
    let sum: u64 = counts.iter().map(|&count| u64::from(count)).sum();
    let pixels = (size[0] as u64).checked_mul(size[1] as u64);
    if pixels == Some(0) || pixels.is_none() {
        return Err(format!("the run lengths are for {} x {} pixels", size[0], size[1]));
    }
    if pixels != Some(sum) {
        return Err(format!(
            "the run lengths add up to {sum}, {} x {} pixels are {}; correct the annotation",
            size[0],
            size[1],
            size[0] as u64 * size[1] as u64
        ));
    }
    Ok(())
}

/// Sets the pixels of every second run, counted down the columns.
fn add_runs(mask: &mut Mask, counts: &[u32]) {
    let (height, width) = (mask.height, mask.width);
    let mut position = 0;
    for (i, &count) in counts.iter().enumerate() {
        let end = position + count as usize;
        if i % 2 == 1 {
            for p in position..end {
                mask.data[p % height * width + p / height] = true;
            }
        }
        position = end;
    }
}

/// Run lengths of COCO's compressed string: groups of 5 bits from the lowest on in characters from
/// '0', 32 marks that more follow, 16 in the last one is the sign; from the fourth run on the
/// difference to the run two before is stored.
pub(super) fn decompress(text: &str) -> Result<Vec<u32>, String> {
    let bad = |what: &str| format!("the compressed run lengths {what}; correct the annotation");
    let mut counts: Vec<u32> = Vec::new();
    let mut bytes = text.bytes();
    while let Some(first) = bytes.next() {
        let mut byte = first;
        let mut value = 0i64;
        let mut shift = 0;
        loop {
            if !(48..48 + 64).contains(&byte) {
                return Err(bad(&format!("hold the character {:?}", char::from(byte))));
            }
            let group = i64::from(byte - 48);
            value |= (group & 0x1f) << shift;
            shift += 5;
            if group & 0x20 == 0 {
                if group & 0x10 != 0 {
                    value |= -1 << shift;
                }
                break;
            }
            if shift > 35 {
                return Err(bad("hold a number of more than 32 bits"));
            }
            byte = bytes.next().ok_or_else(|| bad("end inside a number"))?;
        }
        if counts.len() > 2 {
            value += i64::from(counts[counts.len() - 2]);
        }
        counts.push(u32::try_from(value).map_err(|_| bad("hold a negative run"))?);
    }
    Ok(counts)
}

/// COCO's compressed string of run lengths.
#[cfg(test)]
pub(super) fn compress(counts: &[u32]) -> String {
    let mut text = String::new();
    for (i, &count) in counts.iter().enumerate() {
        let mut value = i64::from(count);
        if i > 2 {
            value -= i64::from(counts[i - 2]);
        }
        loop {
            let mut group = (value & 0x1f) as u8;
            value >>= 5;
            let more = if group & 0x10 != 0 { value != -1 } else { value != 0 };
            group |= u8::from(more) << 5;
            text.push(char::from(group + 48));
            if !more {
                break;
            }
        }
    }
    text
}

/// Largest coordinate, far outside of any image: what lies beyond is a mistake, and would cost
/// memory in proportion.
const MAX_COORDINATE: f64 = 1e6;

/// A polygon that can be drawn.
pub(super) fn check_polygon(polygon: &[f64]) -> Result<(), String> {
    if polygon.len() < 6 || !polygon.len().is_multiple_of(2) {
        return Err(format!(
            "a polygon has {} numbers; it needs x and y of at least three points",
            polygon.len()
        ));
    }
    if let Some(value) = polygon.iter().find(|value| value.is_nan() || value.abs() > MAX_COORDINATE)
    {
        return Err(format!("a polygon holds the coordinate {value}; correct the annotation"));
    }
    Ok(())
}

/// Run lengths of a polygon: its boundary is traced five times finer than the pixels, the points
/// where it crosses into another column are brought back to pixels, and sorted down the columns
/// they are the ends of the runs (`rleFrPoly`).
pub(super) fn polygon_runs(
    polygon: &[f64],
    height: usize,
    width: usize,
) -> Result<Vec<u32>, String> {
    const SCALE: f64 = 5.0;
    check_polygon(polygon)?;
    // The casts truncate toward zero, as in C.
    let mut corners: Vec<(i32, i32)> = polygon
        .as_chunks::<2>()
        .0
        .iter()
        .map(|[x, y]| ((SCALE * x + 0.5) as i32, (SCALE * y + 0.5) as i32))
        .collect();
    corners.push(corners[0]);

    let mut ends = Vec::new();
    let mut previous: Option<(i32, i32)> = None;
    let mut visit = |u: i32, v: i32| {
        let Some((last_u, last_v)) = previous.replace((u, v)) else { return };
        if u == last_u {
            return;
        }
        let x = (f64::from(if u < last_u { u } else { u - 1 }) + 0.5) / SCALE - 0.5;
        if x.floor() != x || x < 0.0 || x > width as f64 - 1.0 {
            return;
        }
        let y = (f64::from(v.min(last_v)) + 0.5) / SCALE - 0.5;
        let y = y.clamp(0.0, height as f64).ceil();
        ends.push(x as usize * height + y as usize);
    };
    for side in corners.windows(2) {
        trace(side[0], side[1], &mut visit);
    }

    ends.push(height * width);
    ends.sort_unstable();
    let mut position = 0;
    let lengths: Vec<u32> = ends
        .into_iter()
        .map(|end| {
            let length = (end - position) as u32;
            position = end;
            length
        })
        .collect();
    // A run of no length joins its neighbours.
    let mut runs = vec![lengths[0]];
    let mut rest = lengths[1..].iter();
    while let Some(&length) = rest.next() {
        if length > 0 {
            runs.push(length);
        } else if let (Some(&next), Some(last)) = (rest.next(), runs.last_mut()) {
            *last += next;
        }
    }
    Ok(runs)
}

/// Points of a side from `from` to `to`, both included, one for each step along its longer axis.
fn trace(from: (i32, i32), to: (i32, i32), visit: &mut impl FnMut(i32, i32)) {
    let (dx, dy) = ((to.0 - from.0).abs(), (to.1 - from.1).abs());
    let wide = dx >= dy;
    // Rounding runs from the lower end, whichever way the side is drawn.
    let flip = if wide { from.0 > to.0 } else { from.1 > to.1 };
    let (start, end) = if flip { (to, from) } else { (from, to) };
    let steps = dx.max(dy);
    for d in 0..=steps {
        let t = if flip { steps - d } else { d };
        if wide {
            let slope = f64::from(end.1 - start.1) / f64::from(dx);
            visit(t + start.0, (f64::from(start.1) + slope * f64::from(t) + 0.5) as i32);
        } else {
            let slope = f64::from(end.0 - start.0) / f64::from(dy);
            visit((f64::from(start.0) + slope * f64::from(t) + 0.5) as i32, t + start.1);
        }
    }
}
