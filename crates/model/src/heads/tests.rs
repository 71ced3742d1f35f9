use super::*;
use proptest::prelude::*;

fn options(hidden: Option<usize>) -> HeadOptions {
    HeadOptions {
        hidden,
        epochs: 1,
        batch: None,
        rate: 0.1,
        optimizer: Optimizer::Sgd { momentum: 0.9, weight_decay: 0.0 },
        seed: 3,
    }
}

fn features(n: usize, d: usize, key: &str) -> Array2<f32> {
    let mut values = vec![0.0; n * d];
    rightly_stats::rng::standard_normal_fill(&mut keyed(1, "features", key, 0), &mut values);
    Array2::from_shape_vec((n, d), values).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn gradients_are_those_of_finite_differences(
        n in 1_usize..12, d in 1_usize..6, hidden in proptest::option::of(1_usize..5), pick in 0_usize..1000,
    ) {
        let values = features(n, d, "differences");
        let labels: Vec<usize> = (0..n).map(|row| row % 3).collect();
        let weights: Vec<f32> = (0..n).map(|row| 0.5 + row as f32).collect();
        let data = Features { values: values.view(), labels: &labels, weights: Some(&weights), classes: 3 };
        let mut head = Head::init(d, 3, &HeadOptions { hidden, ..options(None) });
        for layer in &mut head.layers {
            let len = layer.len();
            for (at, value) in layer.values_mut().iter_mut().enumerate() {
                *value += 0.3 * ((at * 7 + len) as f32).sin();
            }
        }
        let rows: Vec<usize> = (0..n).collect();
        let (_, gradients) = head.gradients(&data, &rows, &mut Mean(data.weights));
        let layer = pick % head.layers.len();
        let at = pick % head.layers[layer].len();
        let step = 5e-4_f32;
        let mut loss_at = |by: f32| {
            head.layers[layer].values_mut()[at] += by;
            let loss = head.gradients(&data, &rows, &mut Mean(data.weights)).0;
            head.layers[layer].values_mut()[at] -= by;
            loss
        };
        let here = loss_at(0.0);
        // A ReLU may switch within the step: then the slope of the other side is the gradient.
        let slopes = [loss_at(step) - here, here - loss_at(-step)].map(|rise| rise / f64::from(step));
        let found = f64::from(gradients[layer][at]);
        let error = slopes.map(|slope| (slope - found).abs()).into_iter().fold(f64::INFINITY, f64::min);
        prop_assert!(error < 1e-2 * (1.0 + found.abs()), "{slopes:?} {found}");
    }
}

#[test]
fn threads_have_no_part_in_the_result() {
    let values = features(1500, 10, "threads");
    let labels: Vec<usize> = (0..1500).map(|row| row % 4).collect();
    let data = Features { values: values.view(), labels: &labels, weights: None, classes: 4 };
    let options = HeadOptions { epochs: 3, batch: Some(700), ..options(Some(8)) };
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| Head::train(data, &options).unwrap())
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn wrong_sizes_are_said() {
    let values = features(3, 2, "sizes");
    let data = Features { values: values.view(), labels: &[0, 1, 2], weights: None, classes: 2 };
    let message = Head::train(data, &options(None)).unwrap_err().to_string();
    assert!(message.contains("row 2 has label 2"), "{message}");
    let data = Features { labels: &[0, 1, 1], ..data };
    let (head, _) = Head::train(data, &options(None)).unwrap();
    assert!(head.logits(features(1, 3, "x").view()).unwrap_err().to_string().contains("takes 2"));
}
