//! The set of the golden test, shared with `examples/train_reference.rs`.
use rightly_train::TrainingSet;

/// Pixels from a multiplicative hash, brighter in a quarter that is the label's.
pub(crate) fn made_up(n: usize, side: usize, prefix: &str) -> TrainingSet {
    let mut set = TrainingSet { ids: vec![], labels: vec![], pixels: vec![], size: [side, side] };
    for image in 0..n {
        let label = image % 4;
        set.ids.push(format!("{prefix}/{image:03}"));
        set.labels.push(label);
        for at in 0..3 * side * side {
            let (row, column) = (at / side % side, at % side);
            let quarter = 2 * (2 * row / side) + 2 * column / side;
            let key = (image * 3 * side * side + at + prefix.len()) as u32;
            let noise = (key.wrapping_mul(2_654_435_761) >> 25) as u8;
            set.pixels.push(noise + if quarter == label { 100 } else { 20 });
        }
    }
    set
}
