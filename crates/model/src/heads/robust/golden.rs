//! What PyTorch and scikit-learn make of the same rows (`reference/robust_heads.py`).
use super::domains::Domains;
use super::dro::Dro;
use super::golden_file::{End, Reference};
use super::*;
use crate::heads::rule::Rule;
use crate::heads::{Features, Head, HeadOptions, Optimizer, cross_entropy};
use ndarray::{Array2, Array3, ArrayView2, Axis};

/// Rounding of some tens of steps in single precision.
const CLOSE: f32 = 2e-5;

fn close(what: &str, ours: impl IntoIterator<Item = f32>, theirs: &[f32]) {
    let ours: Vec<f32> = ours.into_iter().collect();
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (at, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        let limit = CLOSE * theirs.abs().max(1.0);
        assert!((ours - theirs).abs() < limit, "{what} {at}: {ours} against {theirs}");
    }
}

struct Problem {
    reference: Reference,
    values: Array2<f32>,
    maps: Array3<f32>,
    objects: Array2<f32>,
    soft: Array2<f32>,
}

impl Problem {
    fn read() -> Self {
        let reference: Reference =
            serde_json::from_str(include_str!("../../../tests/golden/robust.json")).unwrap();
        let n = reference.labels.len();
        let shape = (n, reference.features, reference.positions);
        let maps = Array3::from_shape_vec(shape, reference.maps.clone()).unwrap();
        let values = maps.mapv(f64::from).mean_axis(Axis(2)).unwrap().mapv(|v| v as f32);
        let objects = (n, reference.positions);
        let objects = Array2::from_shape_vec(objects, reference.objects.clone()).unwrap();
        let soft = Array2::from_shape_vec((n, reference.parts), reference.soft.clone()).unwrap();
        Self { reference, values, maps, objects, soft }
    }

    fn data(&self) -> Features<'_> {
        let classes = self.reference.classes;
        Features {
            values: self.values.view(),
            labels: &self.reference.labels,
            weights: None,
            classes,
        }
    }

    fn options(&self, epochs: usize, batch: Option<usize>) -> HeadOptions {
        let optimizer = Optimizer::Sgd { momentum: 0.9, weight_decay: 0.01 };
        HeadOptions { hidden: None, epochs, batch, rate: self.reference.rate, optimizer, seed: 0 }
    }

    fn hard(&self) -> Groups {
        Groups::hard(&self.reference.groups, self.reference.groups_count).unwrap()
    }

    fn within(&self) -> Groups {
        let classes = self.reference.classes;
        Groups::soft_within_classes(self.soft.view(), &self.reference.labels, classes).unwrap()
    }

    fn head(&self, weight: &[f32], bias: &[f32]) -> Head {
        let shape = (self.reference.classes, self.reference.features);
        Head::linear(ArrayView2::from_shape(shape, weight).unwrap(), bias).unwrap()
    }

    fn ends(&self, what: &str, head: &Head, losses: &[f64], theirs: &End) {
        let (weight, bias) = head.layers().next().unwrap();
        close(&format!("{what}: weight"), weight.iter().copied(), &theirs.end);
        close(&format!("{what}: bias"), bias.iter().copied(), &theirs.end_bias);
        let losses = losses.iter().map(|&loss| loss as f32);
        close(&format!("{what}: loss"), losses, &theirs.losses);
    }
}

#[test]
fn group_weights_and_heads_are_those_of_the_reference() {
    let problem = Problem::read();
    let (hard, within) = (problem.hard(), problem.within());
    for case in &problem.reference.dro {
        let options = problem.options(case.orders.len(), Some(problem.reference.batch));
        let groups = if case.soft { &within } else { &hard };
        let mut head = problem.head(&case.weight, &case.bias);
        let mut rules: Vec<Rule> = head.layers.iter().map(|layer| Rule::new(layer.len())).collect();
        let mut dro = Dro::new(groups, None, case.eta, case.adjustment);
        let data = problem.data();
        let (mut losses, mut steps) = (Vec::new(), case.q.iter());
        for (epoch, order) in case.orders.iter().enumerate() {
            let mut sum = 0.0;
            // Step by step, to see the weights of the groups after each.
            let chunks = order.chunks(problem.reference.batch);
            let count = chunks.len();
            for rows in chunks {
                sum += head.pass(&mut rules, &data, &options, &mut dro, rows, epoch).unwrap();
                let q = dro.q().iter().map(|&q| q as f32);
                close(&format!("{}: q", case.name), q, steps.next().unwrap());
            }
            losses.push(sum / count as f64);
        }
        problem.ends(&case.name, &head, &losses, &case.end);
    }
    assert_eq!(problem.reference.dro.len(), 3);
}

#[test]
fn rows_are_drawn_by_the_weights_of_the_reference() {
    let problem = Problem::read();
    for (groups, theirs) in [
        (problem.hard(), &problem.reference.balancing.hard),
        (problem.within(), &problem.reference.balancing.soft),
    ] {
        close("balancing", groups.balancing().into_iter().map(|w| w as f32), theirs);
    }
}

#[test]
fn domain_heads_are_those_of_the_reference() {
    let problem = Problem::read();
    let case = &problem.reference.domains;
    let soft = Groups::soft(problem.soft.view()).unwrap();
    let start = problem.head(&case.weight, &case.bias);
    let starts = vec![start.layers[0].clone(); problem.reference.parts];
    let mut heads = Domains::new(&starts, problem.reference.features, problem.reference.classes);
    let mut rule = Rule::new(heads.stacked.len());
    let options = problem.options(2, Some(problem.reference.batch));
    let mut losses = Vec::new();
    for order in &case.orders {
        let mut own = Vec::new();
        for rows in order.chunks(problem.reference.batch) {
            let (loss, gradient) = heads.gradient(&problem.data(), &soft, rows);
            rule.step(options.optimizer, heads.stacked.values_mut(), &gradient, options.rate);
            own.push(loss);
        }
        losses.push(own.iter().sum::<f64>() / own.len() as f64);
    }
    close("heads", heads.stacked.weight().iter().copied(), &case.heads);
    close("biases", heads.stacked.bias().iter().copied(), &case.biases);
    problem.ends("domains", &heads.mean(), &losses, &case.end);
}

#[test]
fn training_twice_repeats_the_errors_of_the_reference() {
    let problem = Problem::read();
    let case = &problem.reference.twice;
    let method = Method::Jtt { epochs: case.first, copies: case.copies };
    let recipe = HeadTraining { method, options: problem.options(case.epochs, None) };
    let trained = recipe.train(&TrainingData::of(problem.data())).unwrap();
    assert_eq!(trained.detail, Detail::Errors(case.errors.clone()));
    problem.ends("twice", &trained.head, &trained.losses, &case.end);
}

#[test]
fn the_penalty_on_maps_is_that_of_the_reference() {
    let problem = Problem::read();
    let mut object = Array2::zeros(problem.values.dim());
    let mut rest = object.clone();
    for row in 0..problem.values.nrows() {
        let shares = problem.objects.row(row).to_vec();
        let map = problem.maps.index_axis(Axis(0), row);
        let (on, off) = object_parts(map, &shares).unwrap();
        object.row_mut(row).assign(&ndarray::ArrayView1::from(&on));
        rest.row_mut(row).assign(&ndarray::ArrayView1::from(&off));
    }
    for case in &problem.reference.saliency {
        let method = Method::Saliency { strength: case.strength };
        let recipe = HeadTraining { method, options: problem.options(case.epochs, None) };
        let objects = match case.form.as_str() {
            "maps" => Objects::Maps { values: problem.maps.view(), object: problem.objects.view() },
            _ => Objects::Parts { object: object.view(), rest: rest.view() },
        };
        let material = TrainingData { objects: Some(objects), ..TrainingData::of(problem.data()) };
        let trained = recipe.train(&material).unwrap();
        problem.ends(&case.form, &trained.head, &trained.losses, &case.end);
        let Detail::OffObject(shares) = trained.detail else { panic!("{:?}", trained.detail) };
        assert!(shares[1] > shares[shares.len() - 1], "{shares:?}");
    }
    assert_eq!(problem.reference.saliency.len(), 2);
}

#[test]
fn sparse_heads_reach_the_optimum_of_scikit_learn() {
    let problem = Problem::read();
    for case in &problem.reference.logistic {
        let chosen: Vec<usize> = (0..problem.reference.labels.len())
            .filter(|&row| problem.reference.labels[row] < case.classes)
            .collect();
        let values = problem.values.select(Axis(0), &chosen);
        let labels: Vec<usize> = chosen.iter().map(|&row| problem.reference.labels[row]).collect();
        let data = Features {
            values: values.view(),
            labels: &labels,
            weights: None,
            classes: case.classes,
        };
        let options = L1Options { strength: case.strength, ..L1Options::default() };
        let (head, done) = l1_logistic(&data, &options, None).unwrap();
        assert!(done);
        let logits = head.logits(values.view()).unwrap();
        let losses = logits.rows().into_iter().zip(&labels);
        let losses: f64 = losses.map(|(row, &label)| cross_entropy(&row.to_vec(), label)).sum();
        let (weight, _) = head.layers().next().unwrap();
        let size: f64 = weight.iter().map(|w| f64::from(w.abs())).sum();
        let objective = case.strength * losses + size;
        let relative = (objective - case.objective) / case.objective;
        assert!(
            relative.abs() < 1e-5,
            "{} {}: {objective}, {}",
            case.classes,
            case.strength,
            case.objective
        );
    }
    assert_eq!(problem.reference.logistic.len(), 6);
}
