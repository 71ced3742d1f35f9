//! Size and place of a COCO segment, before it is drawn.
use super::{CocoSegment, coco};
use crate::pixels::DecodeOptions;

/// What a segment covers, by its own numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Outline {
    /// In pixels; of polygons the sum over all, wherever they overlap.
    pub(crate) area: f64,
    /// Left, top, right and bottom, in pixels; `None` where nothing is covered.
    pub(crate) bounds: Option<[f64; 4]>,
    /// By how many pixels another way of counting may differ.
    slack: f64,
}

impl Outline {
    /// Whether a stated area can be this segment's. Tools count pixels or compute from corners, before
    /// or after rounding: a fifth is allowed, and a pixel along the boundary.
    pub(crate) fn may_have_area(&self, stated: f64) -> bool {
        (0.8 * self.area - self.slack..=1.25 * self.area + self.slack).contains(&stated)
    }
}

impl CocoSegment {
    /// `[height, width]` of run lengths.
    pub(crate) fn size(&self) -> Option<[usize; 2]> {
        match self {
            Self::Polygons(_) => None,
            Self::Rle { size, .. } | Self::CompressedRle { size, .. } => Some(*size),
        }
    }

    /// Left, top, right and bottom of what is drawn on `[height, width]` pixels; thin points of a
    /// polygon cover none. `None` where nothing is drawn, or the raster would be too large.
    pub(crate) fn drawn_bounds(&self, size: [usize; 2]) -> Option<[f64; 4]> {
        let most = DecodeOptions::default().max_pixels;
        let [height, width] = size;
        (height as u64).checked_mul(width as u64).filter(|&pixels| pixels <= most)?;
        let drawn = coco::union(std::slice::from_ref(self), height, width).ok()?.bounding_box()?;
        let [left, top] = [drawn.left, drawn.top].map(|side| side as f64);
        let [right, bottom] = [drawn.right, drawn.bottom].map(|side| (side + 1) as f64);
        Some([left, top, right, bottom])
    }

    /// Checks the segment and measures it; what is wrong with it in words.
    pub(crate) fn outline(&self) -> Result<Outline, String> {
        match self {
            Self::Polygons(polygons) => of_polygons(polygons),
            Self::Rle { counts, size } => of_runs(counts, *size),
            Self::CompressedRle { counts, size } => of_runs(&coco::decompress(counts)?, *size),
        }
    }
}

fn of_polygons(polygons: &[Vec<f64>]) -> Result<Outline, String> {
    let (mut area, mut boundary) = (0.0, 0.0);
    let mut bounds: Option<[f64; 4]> = None;
    for polygon in polygons {
        coco::check_polygon(polygon)?;
        let points = polygon.as_chunks::<2>().0;
        let next = points.iter().cycle().skip(1);
        let mut twice = 0.0;
        for ([x, y], [u, v]) in points.iter().zip(next) {
            twice += x * v - u * y;
            boundary += (x - u).hypot(y - v);
            let here = [*x, *y, *x, *y];
            bounds = Some(bounds.map_or(here, |b| joined(b, here)));
        }
        area += f64::abs(twice) / 2.0;
    }
    Ok(Outline { area, bounds, slack: boundary + 4.0 })
}

fn joined(a: [f64; 4], b: [f64; 4]) -> [f64; 4] {
    [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]
}

fn of_runs(counts: &[u32], size: [usize; 2]) -> Result<Outline, String> {
    coco::check_runs(counts, size)?;
    let height = size[0] as u64;
    let (mut area, mut position) = (0u64, 0u64);
    let mut bounds: Option<[f64; 4]> = None;
    for (i, &count) in counts.iter().enumerate() {
        let (start, end) = (position, position + u64::from(count));
        position = end;
        if i % 2 == 0 || count == 0 {
            continue;
        }
        area += u64::from(count);
        let (left, right) = (start / height, (end - 1) / height);
        // A run into another column touches the lowest row of the one and the first of the other.
        let (top, bottom) =
            if left == right { (start % height, (end - 1) % height) } else { (0, height - 1) };
        let here = [left as f64, top as f64, (right + 1) as f64, (bottom + 1) as f64];
        bounds = Some(bounds.map_or(here, |b| joined(b, here)));
    }
    Ok(Outline { area: area as f64, bounds, slack: 16.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polygons_and_runs_of_the_same_square() {
        let polygon = CocoSegment::Polygons(vec![vec![2.0, 1.0, 6.0, 1.0, 6.0, 4.0, 2.0, 4.0]]);
        let outline = polygon.outline().unwrap();
        assert_eq!((outline.area, outline.bounds), (12.0, Some([2.0, 1.0, 6.0, 4.0])));
        assert!(outline.may_have_area(12.0) && outline.may_have_area(20.0));
        assert!(!outline.may_have_area(120.0));
        // 5 rows, 8 columns: rows 1 to 3 of columns 2 to 5.
        let counts = vec![11, 3, 2, 3, 2, 3, 2, 3, 11];
        let runs = CocoSegment::Rle { counts, size: [5, 8] }.outline().unwrap();
        assert_eq!((runs.area, runs.bounds), (12.0, Some([2.0, 1.0, 6.0, 4.0])));
        let wrapped = CocoSegment::Rle { counts: vec![4, 2, 34], size: [5, 8] }.outline().unwrap();
        assert_eq!(wrapped.bounds, Some([0.0, 0.0, 2.0, 5.0]));
        let empty = CocoSegment::Rle { counts: vec![40], size: [5, 8] }.outline().unwrap();
        assert_eq!((empty.area, empty.bounds), (0.0, None));
    }
}
