//! Near-copies: pictures that show the same scene once more, as the frames of one video or the crops of one scan do.
//!
//! Intervals count images as independent. Near-copies are not, and whoever counts them so takes his figures for more certain
//! than they are. Pictures are compared as thumbnails, not by a model's features: a good model makes all pictures of a class
//! alike.

use ndarray::ArrayView1;
use rightly_stats::quantile::sorted_quantile;

/// Squares a side of a thumbnail.
const SIDE: usize = 8;
/// Bytes of a thumbnail, `[8, 8, 3]`.
pub const THUMBNAIL: usize = 3 * SIDE * SIDE;
/// Least correlation of two near-copies.
const ALIKE: f32 = 0.9;
/// Correlation from which pictures are near-copies whatever others look like.
const CERTAIN: f32 = 0.995;
/// How far above the median the closeness of near-copies lies, in distances of the ninth decile from it, on Fisher's scale (the
/// inverse hyperbolic tangent): about the hundredth that is closest by chance. Pictures of different classes are no copies,
/// so their closeness is what the style of the data gives; a few copies across classes move neither quantile.
const BEYOND: f64 = 1.8;
/// Images that are compared with all others to learn that.
const PROBES: usize = 400;
/// Most images of a class that are compared with each other.
const MOST: usize = 2000;

/// A picture of 8 x 8 squares: the mean of each, RGB, times 255. `None` where it is smaller than that.
pub fn thumbnail(planes: &rightly_data::Planes) -> Option<Vec<u8>> {
    let (height, width) = (planes.height, planes.width);
    if height < SIDE || width < SIDE {
        return None;
    }
    let mut out = Vec::with_capacity(THUMBNAIL);
    for row in 0..SIDE {
        for column in 0..SIDE {
            let (top, bottom) = (row * height / SIDE, (row + 1) * height / SIDE);
            let (left, right) = (column * width / SIDE, (column + 1) * width / SIDE);
            let size = ((bottom - top) * (right - left)) as f64;
            for plane in planes.data.chunks_exact(height * width) {
                let lines = (top..bottom).map(|y| &plane[y * width + left..y * width + right]);
                let sum: f64 = lines.flatten().map(|&v| f64::from(v)).sum();
                out.push((255.0 * sum / size).round() as u8);
            }
        }
    }
    Some(out)
}

/// Which images are near-copies of each other.
#[derive(Debug, Clone, PartialEq)]
pub struct NearCopies {
    /// Scene of each image, `[n]`: near-copies, and near-copies of these, are one scene. `None` where an image was not
    /// compared.
    pub scene: Vec<Option<usize>>,
    /// Pairs of near-copies, each image with the one of its class that is most like it.
    pub pairs: Vec<[usize; 2]>,
}

impl NearCopies {
    /// Compares images of the same class: `thumbnails` as [`thumbnail`] gives them, `classes` of each image. Of a class with
    /// more than 2,000 images the first 2,000 are compared.
    ///
    /// # Panics
    /// Where the lists differ in length, or a thumbnail has another size.
    pub fn find(thumbnails: &[Option<Vec<u8>>], classes: &[usize]) -> Self {
        assert_eq!(thumbnails.len(), classes.len(), "one class a thumbnail");
        let mut by_class = vec![Vec::new(); classes.iter().max().map_or(0, |&most| most + 1)];
        let mut vectors: Vec<Option<[f32; THUMBNAIL]>> = vec![None; thumbnails.len()];
        for (at, thumbnail) in thumbnails.iter().enumerate() {
            let own: &mut Vec<usize> = &mut by_class[classes[at]];
            if own.len() < MOST
                && let Some(thumbnail) = thumbnail
            {
                vectors[at] = Some(standardised(thumbnail));
                own.push(at);
            }
        }
        let closeness = |a: usize, b: usize| match (&vectors[a], &vectors[b]) {
            // Pictures of one colour too.
            (Some(_), Some(_)) if thumbnails[a] == thumbnails[b] => 1.0,
            (Some(a), Some(b)) => ArrayView1::from(&a[..]).dot(&ArrayView1::from(&b[..])),
            _ => f32::NEG_INFINITY,
        };
        let least = least(&by_class, classes, closeness);
        let mut scenes = Scenes::new(&vectors);
        let mut nearest: Vec<Option<(f32, usize)>> = vec![None; thumbnails.len()];
        for own in &by_class {
            for (place, &a) in own.iter().enumerate() {
                for &b in &own[place + 1..] {
                    let close = closeness(a, b);
                    if close < least {
                        continue;
                    }
                    scenes.join(a, b);
                    for (image, other) in [(a, b), (b, a)] {
                        if nearest[image].is_none_or(|(best, _)| close > best) {
                            nearest[image] = Some((close, other));
                        }
                    }
                }
            }
        }
        let pairs = nearest.iter().enumerate();
        let pairs = pairs.filter_map(|(image, near)| Some([image, (*near)?.1])).collect();
        Self { scene: scenes.finish(), pairs }
    }
}

/// Correlation from which two images of a class are near-copies.
fn least(
    by_class: &[Vec<usize>],
    classes: &[usize],
    closeness: impl Fn(usize, usize) -> f32,
) -> f32 {
    let all: Vec<usize> = by_class.iter().flatten().copied().collect();
    let step = all.len().div_ceil(PROBES).max(1);
    let mut nearest: Vec<f32> = Vec::new();
    for &probe in all.iter().step_by(step) {
        // As many images of other classes as there are of its own, spread over these.
        let own = by_class[classes[probe]].len();
        let others: Vec<usize> =
            all.iter().copied().filter(|&at| classes[at] != classes[probe]).collect();
        let stride = (others.len() / own.max(1)).max(1);
        let closest = others.iter().step_by(stride).map(|&at| closeness(probe, at));
        nearest.extend(closest.reduce(f32::max));
    }
    if nearest.is_empty() {
        return ALIKE;
    }
    let mut scaled: Vec<f64> =
        nearest.iter().map(|&r| f64::from(r.clamp(-CERTAIN, CERTAIN)).atanh()).collect();
    scaled.sort_unstable_by(f64::total_cmp);
    let [middle, high] = [0.5, 0.9].map(|share| sorted_quantile(&scaled, share));
    let by_chance = (middle + BEYOND * (high - middle)).tanh() as f32;
    by_chance.clamp(ALIKE, CERTAIN)
}

/// Less its mean, at unit length; all 0 where every square has the same colour, which is like nothing.
fn standardised(thumbnail: &[u8]) -> [f32; THUMBNAIL] {
    let mean = thumbnail.iter().map(|&v| f64::from(v)).sum::<f64>() / THUMBNAIL as f64;
    let mut out = [0.0; THUMBNAIL];
    assert_eq!(thumbnail.len(), THUMBNAIL, "bytes of a thumbnail");
    let length = thumbnail.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>().sqrt();
    if length > 0.0 {
        out.iter_mut()
            .zip(thumbnail)
            .for_each(|(out, &v)| *out = ((f64::from(v) - mean) / length) as f32);
    }
    out
}

/// Joined sets of images.
struct Scenes(Vec<Option<usize>>);

impl Scenes {
    fn new<T>(known: &[Option<T>]) -> Self {
        Self(known.iter().enumerate().map(|(at, own)| own.as_ref().map(|_| at)).collect())
    }

    /// The first image of its set.
    fn first(&mut self, at: usize) -> usize {
        let mut first = at;
        while let Some(next) = self.0[first].filter(|&next| next != first) {
            first = next;
        }
        // So that the way is short the next time.
        self.0[at] = Some(first);
        first
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.first(a), self.first(b));
        self.0[a.max(b)] = Some(a.min(b));
    }

    /// Numbered in the order of their first image.
    fn finish(mut self) -> Vec<Option<usize>> {
        let mut number = std::collections::BTreeMap::new();
        (0..self.0.len())
            .map(|at| {
                self.0[at]?;
                let first = self.first(at);
                let next = number.len();
                Some(*number.entry(first).or_insert(next))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;
    use rightly_data::Planes;
    use rightly_stats::rng::keyed;

    use super::*;

    #[test]
    fn a_thumbnail_holds_the_mean_of_each_square() {
        let (width, height) = (21, 16);
        let value =
            |plane: usize, y: usize, x: usize| if plane == 1 && y < 2 && x < 2 { 1.0 } else { 0.2 };
        let mut data = Vec::new();
        for plane in 0..3 {
            for y in 0..height {
                data.extend((0..width).map(|x| value(plane, y, x)));
            }
        }
        let out = thumbnail(&Planes { width, height, data }).unwrap();
        assert_eq!(out.len(), THUMBNAIL);
        assert_eq!(out[..6], [51, 255, 51, 51, 51, 51], "the first square is 2 x 2 pixels");
        assert_eq!(thumbnail(&Planes { width: 7, height: 8, data: vec![0.0; 168] }), None);
    }

    /// `scenes` of `each` pictures: the scene plus a little noise.
    fn pictures(scenes: usize, each: usize, noise: f64) -> Vec<Option<Vec<u8>>> {
        let mut rng = keyed(0, "near-copies", "", 0);
        let mut out = Vec::new();
        for _ in 0..scenes {
            let scene: Vec<f64> = (0..THUMBNAIL).map(|_| rng.random_range(40.0..215.0)).collect();
            for _ in 0..each {
                let own = scene.iter().map(|v| (v + rng.random_range(-noise..noise)) as u8);
                out.push(Some(own.collect()));
            }
        }
        out
    }

    #[test]
    fn frames_of_one_scene_are_near_copies_and_scenes_are_not() {
        let thumbnails = pictures(12, 5, 20.0);
        let classes: Vec<usize> = (0..60).map(|at| at / 15).collect();
        let found = NearCopies::find(&thumbnails, &classes);
        let scenes: Vec<Option<usize>> = (0..60).map(|at| Some(at / 5)).collect();
        assert_eq!(found.scene, scenes);
        assert_eq!(found.pairs.len(), 60);
        assert!(found.pairs.iter().all(|[a, b]| a / 5 == b / 5 && a != b));
        let apart = NearCopies::find(&pictures(60, 1, 20.0), &classes);
        assert!(apart.pairs.is_empty());
        assert_eq!(apart.scene.iter().flatten().max(), Some(&59));
    }

    /// One of fifty scenes stands in two classes.
    #[test]
    fn copies_across_classes_hide_no_copies() {
        let thumbnails = pictures(50, 4, 5.0);
        let classes: Vec<usize> = (0..200).map(|at| if at == 7 { 1 } else { at / 100 }).collect();
        let found = NearCopies::find(&thumbnails, &classes);
        assert!(found.pairs.len() >= 199, "{} of 200", found.pairs.len());
    }

    /// Where pictures of different classes are as close, closeness is the style of the data.
    #[test]
    fn what_all_pictures_have_in_common_makes_no_copies() {
        let thumbnails = pictures(1, 80, 30.0);
        let classes: Vec<usize> = (0..80).map(|at| at % 4).collect();
        let found = NearCopies::find(&thumbnails, &classes);
        assert!(found.pairs.len() <= 8, "{} of 80", found.pairs.len());
    }

    #[test]
    fn what_was_not_seen_is_not_compared() {
        let mut thumbnails = pictures(2, 2, 5.0);
        thumbnails[1] = None;
        let flat = Some(vec![128; THUMBNAIL]);
        thumbnails.extend([flat.clone(), flat]);
        let found = NearCopies::find(&thumbnails, &[0; 6]);
        assert_eq!(found.scene, [Some(0), None, Some(1), Some(1), Some(2), Some(2)]);
        assert_eq!(found.pairs, [[2, 3], [3, 2], [4, 5], [5, 4]]);
        assert_eq!(NearCopies::find(&[], &[]).scene, []);
    }
}
