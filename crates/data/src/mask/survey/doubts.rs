//! Masks that can be read in two ways.
use super::{Doubt, Kind, Looks, MaskOptions, Profile, Seen, SeenFile, ValueRange};

/// Every kind of doubt, in a fixed order.
pub(super) fn all(seen: &Seen, label_maps: bool) -> Vec<Doubt> {
    let void = if label_maps { odd_void(seen) } else { possible_void(seen) };
    [void, small_values(seen), soft(seen), levels(seen), alpha(seen), palette(seen)]
        .into_iter()
        .flatten()
        .collect()
}

/// A doubt about the files for which `shares` gives both readings.
fn doubt(
    seen: &Seen,
    shares: impl Fn(&SeenFile) -> Option<[f64; 2]>,
    other: Option<MaskOptions>,
    words: impl FnOnce(String, [String; 2]) -> (String, String),
) -> Option<Doubt> {
    let found: Vec<(&SeenFile, [f64; 2])> =
        seen.files.iter().filter_map(|file| Some((file, shares(file)?))).collect();
    let (first, _) = found.first()?;
    let mean = |side: usize| {
        found.iter().map(|(_, shares)| shares[side]).sum::<f64>() / found.len() as f64
    };
    let shares = [mean(0), mean(1)];
    let of = format!("{} of {} mask files", found.len(), seen.files.len());
    let (problem, action) = words(of, shares.map(|share| format!("{share:.3}")));
    Some(Doubt { file: first.path.clone(), files: found.len(), shares, problem, action, other })
}

/// Values from `first` on, of 8 or 16 bits.
fn object_from(first: u32) -> Option<MaskOptions> {
    let object = Some(vec![ValueRange { first, last: 65535 }]);
    Some(MaskOptions { object, ..MaskOptions::default() })
}

fn void() -> Option<MaskOptions> {
    Some(MaskOptions { void: vec![255.into(), 65535.into()], ..MaskOptions::default() })
}

/// Small values beside 255 in some files, but not in most: void, or one more object.
fn possible_void(seen: &Seen) -> Option<Doubt> {
    let shares = |file: &SeenFile| {
        let p = &file.profile;
        let doubtful = matches!(p.looks, Looks::LabelMap | Looks::Unclear);
        doubtful.then(|| [p.share(p.above_zero), p.share(p.above_zero - p.at_largest)])
    };
    doubt(seen, shares, void(), |of, [object, void]| {
        (
            format!(
                "masks with 255 beside smaller values can be read in two ways: in {of} 255 may be object or void; the object's share there is {object} with 255 as object, {void} with 255 as void"
            ),
            "255 is taken for object; --mask-void 255 (65535 in 16 bits) takes it for void, --mask-object 1-255 for object".to_owned(),
        )
    })
}

/// 255 alone, where the other files are label maps with 255 for void.
fn odd_void(seen: &Seen) -> Option<Doubt> {
    let shares = |file: &SeenFile| {
        let p = &file.profile;
        let alone = file.kind == Kind::OneChannel
            && p.looks == Looks::Flat
            && matches!(p.largest, 255 | 65535);
        alone.then(|| [p.share(p.above_zero), 0.0])
    };
    doubt(seen, shares, void(), |of, [object, void]| {
        (
            format!(
                "masks with 255 alone beside label maps can be read in two ways: in {of} 255 is the only value above 0, in most others it is void; the object's share there is {object} with 255 as object, {void} with 255 as void"
            ),
            "255 is taken for object in these files; --mask-void 255 takes it for void".to_owned(),
        )
    })
}

/// A picture of small numbers that lost detail: what label was it?
fn small_values(seen: &Seen) -> Option<Doubt> {
    const DARK: u32 = 32;
    let shares = |file: &SeenFile| {
        let p = &file.profile;
        let dark = p.looks == Looks::Lossy && p.largest < DARK;
        dark.then(|| [p.share(p.half()), p.share(p.above_zero)])
    };
    doubt(seen, shares, object_from(1), |of, [half, all]| {
        (
            format!(
                "lossy masks of small values can't be trusted: {of} reach less than {DARK} of 255, so their labels are lost in the noise of the format; the object's share there is {half} from half of the largest value on, {all} with all above 0"
            ),
            "object from half of the largest value on; export the masks as PNG, or give --mask-object 1-255".to_owned(),
        )
    })
}

/// Coverage whose faint part is a large part of it.
fn soft(seen: &Seen) -> Option<Doubt> {
    let shares = |file: &SeenFile| {
        let p = &file.profile;
        // Areas of one value are labels or colours, and those have no half.
        let coverage = matches!(p.looks, Looks::Coverage | Looks::Unclear) && !p.flat;
        let soft = coverage && p.largest >= 128;
        differ(p, p.above_zero, p.half()).filter(|_| soft)
    };
    doubt(seen, shares, object_from(128), |of, [all, half]| {
        (
            format!(
                "soft masks can be read in two ways: in {of} much of the object is fainter than half; the object's share there is {all} with all above 0, {half} from half on"
            ),
            "all above 0 is object; --mask-object 128-255 takes it from half on (32768-65535 in 16 bits)".to_owned(),
        )
    })
}

/// Lossy files with more than one level of object.
fn levels(seen: &Seen) -> Option<Doubt> {
    let shares = |file: &SeenFile| {
        let p = &file.profile;
        let [quarter, half, most] = p.from_quarters;
        let found = differ(p, quarter, most).filter(|_| p.looks == Looks::Lossy);
        found.map(|_| [p.share(half), p.share(quarter)])
    };
    doubt(seen, shares, object_from(64), |of, [half, quarter]| {
        (
            format!(
                "lossy masks of several levels can be read in two ways: {of} have areas between 0 and the largest value; the object's share there is {half} from half of the largest value on, {quarter} from a quarter on"
            ),
            "object from half of the largest value on; --mask-object 64-255 takes it from a quarter on".to_owned(),
        )
    })
}

/// Alpha against what the colours beside it show.
fn alpha(seen: &Seen) -> Option<Doubt> {
    doubt(
        seen,
        |file| other(file, true),
        None,
        |of, [own, other]| {
            (
            format!(
                "masks can be read by alpha or by colour: the two differ in {of}; the object's share there is {own} by alpha, {other} by colour"
            ),
            "alpha decides; save the masks without alpha to go by colour, and see --mask-object".to_owned(),
        )
        },
    )
}

/// A palette's index against the colours that a viewer shows.
fn palette(seen: &Seen) -> Option<Doubt> {
    doubt(
        seen,
        |file| other(file, false),
        None,
        |of, [own, other]| {
            (
                format!(
                    "masks can be read by palette index or by palette colour: the two differ in {of}; the object's share there is {own} by index, {other} by colour"
                ),
                "the index decides; --mask-object with the object's indices decides otherwise"
                    .to_owned(),
            )
        },
    )
}

fn other(file: &SeenFile, alpha: bool) -> Option<[f64; 2]> {
    let other = file.other.filter(|_| (file.kind == Kind::Alpha) == alpha)?;
    let own = file.profile.share(file.profile.above_zero);
    ((own - other).abs() > 0.005).then_some([own, other])
}

/// Both shares, where they differ by more than what edges make of it.
fn differ(profile: &Profile, most: usize, least: usize) -> Option<[f64; 2]> {
    let [all, part] = [most, least].map(|count| profile.share(count));
    (all - part > 0.02 && all - part > 0.25 * all).then_some([all, part])
}
