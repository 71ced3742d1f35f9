//! The heads that PyTorch trains from the same weights, in the same order (`reference/heads.py`).
use super::rule::Rule;
use super::*;

#[derive(serde::Deserialize)]
struct Reference {
    epochs: usize,
    features: usize,
    classes: usize,
    values: Vec<f32>,
    labels: Vec<usize>,
    row_weights: Vec<f32>,
    class_weights: Vec<f32>,
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    name: String,
    hidden: Option<usize>,
    optimizer: Optimizer,
    rate: f32,
    batch: Option<usize>,
    /// `rows` or `classes`.
    weights: Option<String>,
    initial: Vec<Layer>,
    /// Order of the rows in each epoch, where they are taken in steps.
    orders: Option<Vec<Vec<usize>>>,
    losses: Vec<f64>,
    layers: Vec<Layer>,
    logits: Vec<f32>,
}

#[derive(serde::Deserialize)]
struct Layer {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

/// Largest difference; some are the sums of 3 epochs' rounding in single precision.
const CLOSE: f32 = 1e-5;

fn close(what: &str, ours: impl IntoIterator<Item = f32>, theirs: &[f32]) {
    let ours: Vec<f32> = ours.into_iter().collect();
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (at, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        assert!((ours - theirs).abs() < CLOSE, "{what} {at}: {ours} against {theirs}");
    }
}

/// From the weights of the case, in the orders of the case.
fn replay(case: &Case, options: &HeadOptions, data: Features<'_>) -> (Head, Vec<f64>) {
    let mut head = Head::init(data.values.ncols(), data.classes, options);
    for (layer, initial) in head.layers.iter_mut().zip(&case.initial) {
        layer.values_mut().copy_from_slice(&[&initial.weight[..], &initial.bias].concat());
    }
    let mut rules: Vec<Rule> = head.layers.iter().map(|layer| Rule::new(layer.len())).collect();
    let whole = vec![(0..data.labels.len()).collect(); options.epochs];
    let orders: &[Vec<usize>] = case.orders.as_ref().unwrap_or(&whole);
    let losses = (0..)
        .zip(orders)
        .map(|(epoch, order)| {
            head.pass(&mut rules, &data, options, &mut Mean(data.weights), order, epoch).unwrap()
        })
        .collect();
    (head, losses)
}

#[test]
fn heads_are_those_of_pytorch() {
    let reference: Reference =
        serde_json::from_str(include_str!("../../tests/golden/heads.json")).unwrap();
    let shape = (reference.labels.len(), reference.features);
    let values = Array2::from_shape_vec(shape, reference.values).unwrap();
    let by_class: Vec<f32> =
        reference.labels.iter().map(|&label| reference.class_weights[label]).collect();
    let mut whole = 0;
    for case in &reference.cases {
        let data = Features {
            values: values.view(),
            labels: &reference.labels,
            weights: case.weights.as_deref().map(|kind| match kind {
                "rows" => &reference.row_weights[..],
                _ => &by_class[..],
            }),
            classes: reference.classes,
        };
        let options = HeadOptions {
            hidden: case.hidden,
            epochs: reference.epochs,
            batch: case.batch,
            rate: case.rate,
            optimizer: case.optimizer,
            seed: 0,
        };
        let (head, losses) = replay(case, &options, data);
        let name = &case.name;
        for (epoch, (ours, theirs)) in losses.iter().zip(&case.losses).enumerate() {
            let close = (ours - theirs).abs() < f64::from(CLOSE);
            assert!(close, "{name}, epoch {epoch}: {ours} against {theirs}");
        }
        assert_eq!(losses.len(), case.losses.len(), "{name}");
        for ((weight, bias), theirs) in head.layers().zip(&case.layers) {
            close(&format!("{name}: weight"), weight.iter().copied(), &theirs.weight);
            close(&format!("{name}: bias"), bias.iter().copied(), &theirs.bias);
        }
        let rows = case.logits.len() / reference.classes;
        let logits = head.logits(values.slice(ndarray::s![..rows, ..])).unwrap();
        close(&format!("{name}: logits"), logits, &case.logits);
        // From zeros and all rows a step nothing is left to chance: the public way is the same.
        let zeros = case.initial.iter().all(|l| l.weight.iter().chain(&l.bias).all(|v| *v == 0.0));
        if zeros && case.batch.is_none() {
            assert_eq!(Head::train(data, &options).unwrap(), (head, losses), "{name}");
            whole += 1;
        }
    }
    assert_eq!((reference.cases.len(), whole), (9, 3));
}
