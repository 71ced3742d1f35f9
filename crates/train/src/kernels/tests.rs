//! The CPU form against burn's own primitives, forward and back.
use super::{Back, ConvNormBack, ConvNormOps, Saved, Settings, Shortcut, back, forward};
use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use burn::tensor::TensorData;
use rightly_stats::rng::{keyed, standard_normal_fill};

fn tensor(shape: &[usize], key: &str) -> FlexTensor {
    let mut values = vec![0.0; shape.iter().product()];
    standard_normal_fill(&mut keyed(4, "kernels", key, 0), &mut values);
    FlexTensor::from_data(TensorData::new(values, shape.to_vec()))
}

/// Largest difference as a share of the largest value.
fn difference(a: FlexTensor, b: FlexTensor) -> f32 {
    let (a, b) = (a.to_contiguous(), b.to_contiguous());
    let (a, b) = (a.storage::<f32>(), b.storage::<f32>());
    assert_eq!(a.len(), b.len());
    let largest = b.iter().fold(1e-3_f32, |most, v| most.max(v.abs()));
    a.iter().zip(b).fold(0_f32, |most, (a, b)| most.max((a - b).abs())) / largest
}

#[test]
fn every_layout_agrees_with_burn() {
    // Images, inputs, height, width; outputs, kernel, stride.
    let cases = [
        ([3, 3, 7, 7], [5, 3, 1]),
        ([20, 5, 8, 6], [6, 3, 2]),
        ([4, 4, 9, 9], [8, 1, 2]),
        ([2, 3, 20, 21], [4, 7, 2]),
        ([3, 8, 1, 1], [8, 3, 1]),
        ([5, 4, 2, 2], [9, 3, 2]),
        ([17, 6, 5, 5], [7, 3, 1]),
        ([2, 2, 40, 41], [3, 3, 1]),
        ([2, 2, 50, 41], [3, 3, 2]),
    ];
    for (at, (shape, [outputs, kernel, stride])) in cases.into_iter().enumerate() {
        for (relu, add) in [(true, at % 2 == 0), (false, at % 2 == 1)] {
            let settings = Settings { stride, epsilon: 1e-5, relu };
            let x = tensor(&shape, "x");
            let weight = tensor(&[outputs, shape[1], kernel, kernel], "weight");
            let (gamma, beta) = (tensor(&[outputs], "gamma"), tensor(&[outputs], "beta"));
            let out =
                [shape[2], shape[3]].map(|side| (side + 2 * (kernel / 2) - kernel) / stride + 1);
            let out = [shape[0], outputs, out[0], out[1]];
            let shortcut = || {
                if add { Shortcut::<Flex>::Add(tensor(&out, "shortcut")) } else { Shortcut::None }
            };
            let given = || (x.clone(), weight.clone(), gamma.clone(), beta.clone());
            let (a, b, c, d) = given();
            let expected = forward::<Flex>(a, b, c, d, shortcut(), settings);
            let (a, b, c, d) = given();
            let found = Flex::conv_norm(a, b, c, d, shortcut(), settings);
            let case = format!("{shape:?} {outputs} {kernel} {stride} {relu} {add}");
            let close = |name: &str, found: FlexTensor, expected: FlexTensor| {
                let worst = difference(found, expected);
                assert!(worst < 2e-5, "{case}: {name} differs by {worst}");
            };
            close("out", found.out.clone(), expected.out.clone());
            close("mean", found.mean.clone(), expected.mean.clone());
            close("variance", found.variance.clone(), expected.variance.clone());
            // Both go back from the same values, so that no ReLU decides otherwise.
            let saved = Saved { x: x.clone(), weight, gamma, normed: expected, settings };
            let grad = tensor(&out, "gradient");
            let wanted: Back<Flex> = back(saved.clone(), grad.clone(), [true, add]);
            let made = Flex::conv_norm_back(saved.clone(), grad.clone(), [true, add]);
            close("weight", made.weight, wanted.weight);
            close("gamma", made.gamma, wanted.gamma);
            close("beta", made.beta, wanted.beta);
            close("x", made.x.unwrap(), wanted.x.unwrap());
            assert_eq!(made.shortcut.is_some(), add);
            if let Some(shortcut) = made.shortcut {
                close("shortcut", shortcut, wanted.shortcut.unwrap());
            }
            let without = Flex::conv_norm_back(saved, grad, [false, false]);
            assert!(without.x.is_none() && without.shortcut.is_none());
        }
    }
}
