//! Logistic regression with an L1 penalty.
use crate::ModelError;
use crate::heads::{Features, Head, check_features};
use ndarray::{Array1, Array2, ArrayView2, Axis, Zip};
use rightly_stats::linear::dot_into;

/// Inner steps between two looks at how far the optimum is.
const LOOK: usize = 10;

/// Tolerance of the first rounds.
const ROUGH: f64 = 0.1;

/// How an L1 logistic regression is fitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct L1Options {
    /// What the summed losses count against the absolute weights (scikit-learn's `C`), above 0.
    pub strength: f64,
    /// Fitting ends where no slope is further from optimal than this share of the penalty's own slope.
    pub tolerance: f64,
    /// Steps at most.
    pub iterations: usize,
}

impl Default for L1Options {
    /// Strength 1, tolerance 1e-3, 20,000 steps.
    fn default() -> Self {
        Self { strength: 1.0, tolerance: 1e-3, iterations: 20_000 }
    }
}

/// Minimises `strength x sum of cross-entropies + sum of |weights|` over linear heads, multinomial, intercepts free:
/// scikit-learn's `LogisticRegression(l1_ratio=1, C=strength)`; for two classes this is the binary L1 logistic regression
/// that DFR uses, apart from liblinear's penalty on the intercept. Returns the head and whether it got within the
/// tolerance.
///
/// Accelerated proximal gradient steps (FISTA, Beck & Teboulle 2009, restarted as by O'Donoghue & Candès 2015) on the
/// features that are in use, which grow by those whose slope exceeds the penalty's until none does. Features should be of
/// similar scale.
///
/// # Errors
/// [`ModelError::Head`] where sizes do not fit, a value is not finite, a class has no rows (of positive weight), or an
/// option is out of its range.
pub fn l1_logistic(
    data: &Features<'_>,
    options: &L1Options,
    start: Option<&Head>,
) -> Result<(Head, bool), ModelError> {
    check_features(data)?;
    let positive = |value: f64| value.is_finite() && value > 0.0;
    if !positive(options.strength) || !positive(options.tolerance) {
        return Err(ModelError::Head(format!(
            "strength is {} and tolerance {}, expected numbers above 0",
            options.strength, options.tolerance
        )));
    }
    let mut fit = Fit::new(*data, options.strength)?;
    if let Some(start) = start {
        fit.start(start)?;
    }
    let mut left = options.iterations;
    // While features are still coming into use, a rough optimum tells which.
    let mut tolerance = options.tolerance.max(ROUGH);
    loop {
        let done = fit.descend(tolerance, &mut left);
        if done && fit.grow(tolerance) {
            continue;
        }
        if !done || tolerance <= options.tolerance {
            return fit.head().map(|head| (head, done));
        }
        tolerance = options.tolerance.max(tolerance / 10.0);
    }
}

struct Fit<'a> {
    data: Features<'a>,
    /// Weight of each row, of sum 1.
    rows: Vec<f64>,
    /// Slope of the penalty beside the mean loss.
    lambda: f64,
    /// Features in use, and their columns.
    used: Vec<usize>,
    columns: Array2<f32>,
    /// `[classes, used]` and `[classes]`.
    weight: Array2<f64>,
    bias: Array1<f64>,
}

impl<'a> Fit<'a> {
    fn new(data: Features<'a>, strength: f64) -> Result<Self, ModelError> {
        let n = data.labels.len();
        let weight = |row: usize| data.weights.map_or(1.0, |weights| f64::from(weights[row]));
        let whole: f64 = (0..n).map(weight).sum();
        let rows: Vec<f64> = (0..n).map(|row| weight(row) / whole).collect();
        let mut share = vec![0.0; data.classes];
        for (&label, weight) in data.labels.iter().zip(&rows) {
            share[label] += weight;
        }
        // An intercept without a row of its class would have no optimum.
        if let Some(class) = share.iter().position(|share| share.is_nan() || *share <= 0.0) {
            return Err(ModelError::Head(format!("class {class} has no rows to fit it by")));
        }
        Ok(Self {
            data,
            rows,
            lambda: 1.0 / (strength * whole),
            used: Vec::new(),
            columns: Array2::zeros((n, 0)),
            weight: Array2::zeros((data.classes, 0)),
            // Where no feature is in use these are the optimum.
            bias: share.iter().map(|share| share.ln()).collect(),
        })
    }

    fn start(&mut self, head: &Head) -> Result<(), ModelError> {
        if (head.inputs(), head.classes()) != (self.data.values.ncols(), self.data.classes) {
            return Err(ModelError::Head("the head to start from has another shape".to_owned()));
        }
        if let Some((weight, bias)) = head.layers().next() {
            let used = |column: &usize| weight.column(*column).iter().any(|w| *w != 0.0);
            self.used = (0..weight.ncols()).filter(used).collect();
            self.weight = weight.select(Axis(1), &self.used).mapv(f64::from);
            self.bias = bias.iter().map(|&b| f64::from(b)).collect();
            self.take_columns();
        }
        Ok(())
    }

    fn take_columns(&mut self) {
        self.columns = self.data.values.select(Axis(1), &self.used);
    }

    /// Softmax minus one at the label, times the row's weight: the gradient of the mean loss by the logits.
    fn residual(&self, weight: &Array2<f64>, bias: &Array1<f64>) -> Array2<f64> {
        // Products in single precision, everything else in double: a slope is then off by about 1e-8 of a mean loss.
        let single = weight.mapv(|value| value as f32);
        let mut product = Array2::<f32>::zeros((self.columns.nrows(), weight.nrows()));
        dot_into(product.view_mut(), self.columns.view(), single.t());
        let mut logits = product.mapv(f64::from) + bias;
        for ((mut row, &label), &own) in
            logits.rows_mut().into_iter().zip(self.data.labels).zip(&self.rows)
        {
            let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            row.mapv_inplace(|value| (value - largest).exp());
            let scale = own / row.sum();
            row.mapv_inplace(|value| value * scale);
            row[label] -= own;
        }
        logits
    }

    fn slopes(&self, weight: &Array2<f64>, bias: &Array1<f64>) -> (Array2<f64>, Array1<f64>) {
        let residual = self.residual(weight, bias);
        (products(&residual, self.columns.view()).mapv(f64::from), residual.sum_axis(Axis(0)))
    }

    /// Largest distance of a slope from what it is at the optimum.
    fn distance(&self) -> f64 {
        let (slope, slope_of_bias) = self.slopes(&self.weight, &self.bias);
        let mut largest = slope_of_bias.iter().fold(0.0_f64, |most, g| most.max(g.abs()));
        Zip::from(&self.weight).and(&slope).for_each(|&weight, &g| {
            let off = if weight == 0.0 {
                (g.abs() - self.lambda).max(0.0)
            } else {
                (g + self.lambda * weight.signum()).abs()
            };
            largest = largest.max(off);
        });
        largest
    }

    /// A bound of the loss's curvature: half of the largest eigenvalue of the weighted second moments, intercept
    /// included (the softmax's own curvature is at most 1/2; Böhning 1992).
    fn curvature(&self) -> f64 {
        let mut vector = Array1::from_elem(self.used.len(), 1.0);
        let mut last = 1.0_f64;
        let mut largest = 1.0;
        for _ in 0..30 {
            let norm = (vector.dot(&vector) + last * last).sqrt();
            vector /= norm;
            last /= norm;
            let single = vector.mapv(|value| value as f32);
            let mut out = self.columns.dot(&single).mapv(f64::from) + last;
            out.iter_mut().zip(&self.rows).for_each(|(value, weight)| *value *= weight);
            last = out.sum();
            vector = self.columns.t().dot(&out.mapv(|value| value as f32)).mapv(f64::from);
            largest = (vector.dot(&vector) + last * last).sqrt();
        }
        // The power method comes from below.
        0.5 * largest * 1.05
    }

    /// Steps on the features in use; whether the tolerance was reached before the steps ran out.
    fn descend(&mut self, tolerance: f64, left: &mut usize) -> bool {
        let step = 1.0 / self.curvature();
        let cut = step * self.lambda;
        let (mut ahead, mut ahead_bias) = (self.weight.clone(), self.bias.clone());
        let mut momentum = 1.0_f64;
        let mut taken = 0_usize;
        loop {
            if taken.is_multiple_of(LOOK) && self.distance() <= tolerance * self.lambda {
                return true;
            }
            if *left == 0 {
                return false;
            }
            *left -= 1;
            taken += 1;
            let (slope, slope_of_bias) = self.slopes(&ahead, &ahead_bias);
            let mut weight = &ahead - &(slope * step);
            weight.mapv_inplace(|w| w.signum() * (w.abs() - cut).max(0.0));
            let bias = &ahead_bias - &(slope_of_bias * step);
            let (moved, moved_bias) = (&weight - &self.weight, &bias - &self.bias);
            // Momentum that points uphill starts anew.
            let uphill =
                (&(&ahead - &weight) * &moved).sum() + (&(&ahead_bias - &bias) * &moved_bias).sum();
            if uphill > 0.0 {
                momentum = 1.0;
            }
            let next = f64::midpoint(1.0, (1.0 + 4.0 * momentum * momentum).sqrt());
            let share = (momentum - 1.0) / next;
            ahead = &weight + &(moved * share);
            ahead_bias = &bias + &(moved_bias * share);
            (self.weight, self.bias, momentum) = (weight, bias, next);
        }
    }

    /// Takes features into use whose slope exceeds the penalty's, the steepest first and at most as many as there are;
    /// whether there were any.
    fn grow(&mut self, tolerance: f64) -> bool {
        let residual = self.residual(&self.weight, &self.bias);
        let slopes = products(&residual, self.data.values);
        let features = self.data.values.ncols();
        let steepest =
            |column: usize| slopes.column(column).iter().fold(0.0_f32, |most, g| most.max(g.abs()));
        let limit = self.lambda * (1.0 + tolerance);
        let mut over: Vec<(usize, f32)> = (0..features)
            .filter(|column| self.used.binary_search(column).is_err())
            .map(|column| (column, steepest(column)))
            .filter(|(_, slope)| f64::from(*slope) > limit)
            .collect();
        if over.is_empty() {
            return false;
        }
        over.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        over.truncate(self.used.len().max(32));
        let mut used: Vec<usize> =
            self.used.iter().copied().chain(over.iter().map(|o| o.0)).collect();
        used.sort_unstable();
        let mut weight = Array2::zeros((self.data.classes, used.len()));
        for (place, column) in used.iter().enumerate() {
            if let Ok(old) = self.used.binary_search(column) {
                weight.column_mut(place).assign(&self.weight.column(old));
            }
        }
        (self.used, self.weight) = (used, weight);
        self.take_columns();
        true
    }

    fn head(&self) -> Result<Head, ModelError> {
        let mut weight = Array2::zeros((self.data.classes, self.data.values.ncols()));
        for (place, &column) in self.used.iter().enumerate() {
            weight.column_mut(column).assign(&self.weight.column(place).mapv(|w| w as f32));
        }
        let bias: Vec<f32> = self.bias.iter().map(|&b| b as f32).collect();
        Head::linear(weight.view(), &bias)
    }
}

/// `residual' columns` in single precision.
fn products(residual: &Array2<f64>, columns: ArrayView2<'_, f32>) -> Array2<f32> {
    let turned = residual.t().as_standard_layout().mapv(|value| value as f32);
    let mut out = Array2::zeros((residual.ncols(), columns.ncols()));
    dot_into(out.view_mut(), turned.view(), columns);
    out
}
