//! The classes of Hard ImageNet and of RIVAL10, with their ImageNet synsets and output indices.

/// The 15 classes of Hard ImageNet, in the order of its labels: name, output index among the 1,000
/// of ILSVRC 2012, synset (Moayeri, Singla, Feizi: "Hard ImageNet: Segmentations for Objects with
/// Strong Spurious Cues", NeurIPS 2022 Datasets and Benchmarks).
pub(super) const HARD_IMAGENET: [(&str, usize, &str); 15] = [
    ("dog sled", 537, "n03218198"),
    ("howler monkey", 379, "n02492660"),
    ("seat belt", 785, "n04162706"),
    ("ski", 795, "n04228054"),
    ("sunglasses", 837, "n04356056"),
    ("swimming cap", 433, "n02807133"),
    ("balance beam", 416, "n02777292"),
    ("horizontal bar", 602, "n03535780"),
    ("patio", 706, "n03899768"),
    ("hockey puck", 746, "n04019541"),
    ("miniskirt", 655, "n03770439"),
    ("space bar", 810, "n04264628"),
    ("volleyball", 890, "n04540053"),
    ("baseball player", 981, "n09835506"),
    ("snorkel", 801, "n04251144"),
];

/// The 10 classes of RIVAL10 with the two synsets of each and their output indices (Moayeri, Pope,
/// Balaji, Feizi: "A Comprehensive Study of Image Classification Model Sensitivity to Foregrounds,
/// Backgrounds, and Visual Attributes", CVPR 2022).
pub(super) const RIVAL10: [(&str, [(&str, usize); 2]); 10] = [
    ("truck", [("n03796401", 675), ("n04467665", 867)]),
    ("car", [("n02814533", 436), ("n03100240", 511)]),
    ("plane", [("n02690373", 404), ("n04552348", 895)]),
    ("ship", [("n03673027", 628), ("n03095699", 510)]),
    ("cat", [("n02123394", 283), ("n02124075", 285)]),
    ("dog", [("n02099712", 208), ("n02099601", 207)]),
    ("equine", [("n02389026", 339), ("n02391049", 340)]),
    ("deer", [("n02423022", 353), ("n02422699", 352)]),
    ("frog", [("n01644900", 32), ("n01644373", 31)]),
    ("bird", [("n01531178", 11), ("n01532829", 12)]),
];

/// The columns of RIVAL10's `_attr_labels.npy`.
pub(super) const RIVAL10_ATTRIBUTES: [&str; 18] = [
    "long-snout",
    "wings",
    "wheels",
    "text",
    "horns",
    "floppy-ears",
    "ears",
    "colored-eyes",
    "tail",
    "mane",
    "beak",
    "hairy",
    "metallic",
    "rectangular",
    "wet",
    "long",
    "tall",
    "patterned",
];

/// `n` and eight digits: a noun of WordNet, as ImageNet's class folders are named.
pub(super) fn is_wnid(name: &str) -> bool {
    name.strip_prefix('n').is_some_and(|d| d.len() == 8 && d.bytes().all(|b| b.is_ascii_digit()))
}

/// `<wnid>_<rest>` in two.
pub(super) fn split_wnid(name: &str) -> Option<(&str, &str)> {
    name.split_once('_').filter(|(wnid, rest)| is_wnid(wnid) && !rest.is_empty())
}

/// The synsets of ILSVRC 2012 in the order of its 1,000 outputs, which is ascending.
fn synsets() -> impl Iterator<Item = &'static str> {
    include_str!("imagenet_wnids.txt").lines()
}

/// The synset of an output.
pub(super) fn synset_of(output: usize) -> Option<&'static str> {
    synsets().nth(output)
}

/// The output of each class, where every class is a synset of ILSVRC 2012: its 1,000 outputs follow
/// the synsets in ascending order.
pub(super) fn outputs(classes: &[String]) -> Option<Vec<Vec<usize>>> {
    let synsets: Vec<&str> = synsets().collect();
    let output = |class: &String| synsets.binary_search(&class.as_str()).ok().map(|o| vec![o]);
    if classes.is_empty() { None } else { classes.iter().map(output).collect() }
}
