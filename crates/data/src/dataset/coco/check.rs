//! What one annotation says, held against itself and against its image's entry.
use super::json::{Annotation, Id};
use crate::mask::{CocoSegment, Outline};

/// An annotation that can be used.
pub(super) struct Checked {
    pub(super) category: Id,
    /// In pixels.
    pub(super) area: f64,
    pub(super) segment: Option<CocoSegment>,
    /// What its numbers say against each other.
    pub(super) contradiction: Option<String>,
}

/// Checks an annotation of an image of `size` (`[height, width]`).
pub(super) fn check(annotation: Annotation, size: Option<[usize; 2]>) -> Result<Checked, String> {
    let Annotation { category_id: category, area: stated, bbox, segmentation, .. } = annotation;
    let bbox = match bbox.as_deref() {
        None | Some([]) => None,
        Some(&[x, y, width, height]) => Some([x, y, width, height]),
        Some(other) => {
            return Err(format!(
                "its bbox has {} numbers, expected x, y, width and height",
                other.len()
            ));
        }
    };
    if let Some(area) = stated.filter(|area| !(area.is_finite() && *area >= 0.0)) {
        return Err(format!("its area is {area}"));
    }
    if let Some([_, _, width, height]) = bbox.filter(|b| b[2] < 0.0 || b[3] < 0.0) {
        return Err(format!("its bbox has the size {width} x {height}"));
    }
    let segment = segmentation.map_or(Ok(None), super::json::Segmentation::segment)?;
    let Some(segment) = segment else {
        // An annotation of a class alone has no size: any that has one is larger.
        let boxed = bbox.map_or(0.0, |[_, _, width, height]| width * height);
        let area = stated.unwrap_or(boxed);
        return Ok(Checked { category, area, segment: None, contradiction: None });
    };
    let outline = segment.outline()?;
    if let (Some(runs), Some(image)) = (segment.size(), size)
        && runs != image
    {
        return Err(format!(
            "its run lengths are for {} x {} pixels (height x width), its image is listed with {} x {}",
            runs[0], runs[1], image[0], image[1]
        ));
    }
    let wrong_area = stated.filter(|&area| !outline.may_have_area(area));
    let contradiction = wrong_area
        .map(|area| {
            format!("its area is given as {area}, its segmentation has {:.0}", outline.area)
        })
        .or_else(|| bbox.and_then(|bbox| wrong_box(bbox, &outline, || segment.drawn_bounds(size?))))
        .or_else(|| size.and_then(|size| outside(size, &outline)));
    // An area that the segmentation contradicts decides nothing.
    let area = stated.filter(|_| wrong_area.is_none()).unwrap_or(outline.area);
    Ok(Checked { category, area, segment: Some(segment), contradiction })
}

/// The sides of the box lie elsewhere than those of the segmentation, by corners and by what is drawn.
fn wrong_box(
    [x, y, width, height]: [f64; 4],
    outline: &Outline,
    drawn: impl FnOnce() -> Option<[f64; 4]>,
) -> Option<String> {
    let found = outline.bounds?;
    let given = [x, y, x + width, y + height];
    let slack = 3f64.max(0.05 * width.max(height));
    let far = |found: [f64; 4]| given.iter().zip(found).any(|(a, b)| (a - b).abs() > slack);
    (far(found) && drawn().is_none_or(far)).then(|| {
        let [left, top, right, bottom] = found;
        format!(
            "its bbox is given as x {x}, y {y}, width {width}, height {height}; its segmentation has x {left:.0}, y {top:.0}, width {:.0}, height {:.0}",
            right - left,
            bottom - top
        )
    })
}

fn outside([height, width]: [usize; 2], outline: &Outline) -> Option<String> {
    const SLACK: f64 = 2.0;
    let [left, top, right, bottom] = outline.bounds?;
    let out = left < -SLACK
        || top < -SLACK
        || right > width as f64 + SLACK
        || bottom > height as f64 + SLACK;
    out.then(|| {
        format!(
            "its segmentation reaches from x {left:.0}, y {top:.0} to x {right:.0}, y {bottom:.0}, its image is listed with {width} x {height} pixels (width x height)"
        )
    })
}
