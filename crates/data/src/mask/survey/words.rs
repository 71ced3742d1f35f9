//! The decision about mask values, in a sentence.
use super::{Kind, Looks, MaskOptions, Seen, SeenFile};
use std::fmt::Display;

pub(super) fn decision(seen: &Seen, options: &MaskOptions, files: usize) -> String {
    let read = seen.files.len();
    let source = if read == files {
        format!("all {files} mask files")
    } else {
        format!("{read} of {files} mask files")
    };
    let listed = list(seen.files_with.keys());
    if options.given() {
        return as_given(seen, options, &source, &listed);
    }
    if read == 0 {
        return "Mask values: all above 0 are object.".to_owned();
    }
    let labels: Vec<u32> = seen.files_with.keys().copied().filter(|&value| value > 0).collect();
    let plain = seen.count(|file| !matches!(file.profile.looks, Looks::Empty | Looks::Flat)) == 0;
    let special = special(seen);
    match labels.as_slice() {
        [] => format!("Mask values: only 0 was seen in {source}: there is no object in them."),
        [only] if special.is_empty() => {
            format!("Mask values: {only} is object, 0 is not (seen in {source}).")
        }
        _ if options.label_maps => {
            let [with, without] = void_shares(seen);
            format!(
                "Mask values: label maps with void: 255 (65535 in 16 bits) beside small labels is void, not object; all others above 0 are object (seen in {source}: {listed}); mean share of the object {without:.3}, with 255 as object {with:.3}{special}; --mask-object and --mask-void decide otherwise."
            )
        }
        _ if plain => format!(
            "Mask values: all above 0 are object (seen in {source}: {listed}){special}; --mask-object and --mask-void decide otherwise."
        ),
        _ => format!(
            "Mask values: coverage, all above 0 are object (seen in {source}: {listed}){special}; --mask-object and --mask-void decide otherwise."
        ),
    }
}

fn as_given(seen: &Seen, options: &MaskOptions, source: &str, listed: &str) -> String {
    let object = match &options.object {
        Some(values) => format!("{} as given", list(values)),
        None => "all above 0 and not void".to_owned(),
    };
    let void = match options.void.as_slice() {
        [] => String::new(),
        void => format!(", void: {} as given", list(void)),
    };
    let absent = seen.absent(options.object.as_deref().unwrap_or(&[]));
    let warning = if seen.files.is_empty() || absent.is_empty() {
        String::new()
    } else {
        format!("; not seen: {}", list(&absent))
    };
    format!("Mask values: object: {object}{void} (seen in {source}: {listed}){warning}.")
}

/// What is read in another way than one gray value a pixel.
fn special(seen: &Seen) -> String {
    let part = |count: usize, what: &str| match count {
        0 => String::new(),
        1 => format!("; 1 file {what}"),
        _ => format!("; {count} files {what}"),
    };
    let of = |looks: Looks| seen.count(|file| file.profile.looks == looks);
    part(of(Looks::Lossy), "with lossy values: object from half of the file's largest value on")
        + &part(seen.count(|file| file.kind == Kind::Alpha), "by alpha")
        + &part(seen.count(|file| file.kind == Kind::Colour), "with colours: any colour is object")
}

/// Mean shares of the label maps, with and without their largest value.
fn void_shares(seen: &Seen) -> [f64; 2] {
    let maps: Vec<&SeenFile> =
        seen.files.iter().filter(|file| file.profile.looks == Looks::LabelMap).collect();
    let mean = |without: usize| {
        let shares = maps.iter().map(|file| {
            let profile = &file.profile;
            profile.share(profile.above_zero - without * profile.at_largest)
        });
        shares.sum::<f64>() / maps.len().max(1) as f64
    };
    [mean(0), mean(1)]
}

/// `0, 1, 2 … 255`: at most eight values.
pub(super) fn list<T: Display>(values: impl IntoIterator<Item = T>) -> String {
    let values: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    match values.as_slice() {
        [] => "none".to_owned(),
        [first @ .., last] if values.len() > 8 => format!("{} … {last}", first[..6].join(", ")),
        _ => values.join(", "),
    }
}
