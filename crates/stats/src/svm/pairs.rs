//! Sequential minimal optimisation: the dual problem, two rows at a time (Platt 1998), with the pair chosen by second-order
//! information (Fan, Chen and Lin, "Working Set Selection Using Second Order Information", JMLR 2005), as libsvm does.

use ndarray::ArrayView2;

/// What a pair of equal rows has for a curvature.
const FLAT: f64 = 1e-12;
/// Share of its upper bound within which an alpha is at a bound.
const ROUNDING: f64 = 1e-10;

/// Minimise `a'Qa / 2 - sum of a` with `0 <= a_i <= most_i` and `sum of signs_i a_i = 0`, where `Q_ij` is
/// `signs_i signs_j products[of_i, of_j]`.
pub(super) struct Problem<'a> {
    pub(super) products: ArrayView2<'a, f64>,
    /// Rows of `products` that take part.
    pub(super) of: &'a [usize],
    /// 1 or -1, one a row that takes part.
    pub(super) signs: Vec<f64>,
    pub(super) most: Vec<f64>,
}

/// The optimum, within the tolerance where it converged.
pub(super) struct Solved {
    pub(super) alphas: Vec<f64>,
    pub(super) intercept: f64,
    pub(super) steps: usize,
    pub(super) converged: bool,
}

impl Problem<'_> {
    pub(super) fn solve(&self, tolerance: f64, most_steps: usize) -> Solved {
        let n = self.of.len();
        let mut alphas = vec![0.0; n];
        // Of the objective, by alpha.
        let mut gradient = vec![-1.0; n];
        let (mut steps, mut converged) = (0, false);
        while steps < most_steps {
            let Some((i, j)) = self.pair(&alphas, &gradient, tolerance) else {
                converged = true;
                break;
            };
            let before = (alphas[i], alphas[j]);
            self.step(&mut alphas, &gradient, i, j);
            let moved =
                (self.signs[i] * (alphas[i] - before.0), self.signs[j] * (alphas[j] - before.1));
            let (row_i, row_j) = (self.products.row(self.of[i]), self.products.row(self.of[j]));
            for ((gradient, sign), &k) in gradient.iter_mut().zip(&self.signs).zip(self.of) {
                *gradient += sign * (moved.0 * row_i[k] + moved.1 * row_j[k]);
            }
            steps += 1;
        }
        let intercept = self.intercept(&alphas, &gradient);
        Solved { alphas, intercept, steps, converged }
    }

    /// Whether alpha of a row can move so that `signs alpha` grows.
    fn up(&self, alphas: &[f64], at: usize) -> bool {
        if self.signs[at] > 0.0 { alphas[at] < self.most[at] } else { alphas[at] > 0.0 }
    }

    fn down(&self, alphas: &[f64], at: usize) -> bool {
        if self.signs[at] > 0.0 { alphas[at] > 0.0 } else { alphas[at] < self.most[at] }
    }

    /// The pair that gains most; `None` where none violates the conditions by more than the tolerance.
    fn pair(&self, alphas: &[f64], gradient: &[f64], tolerance: f64) -> Option<(usize, usize)> {
        let slope = |at: usize| -self.signs[at] * gradient[at];
        let n = alphas.len();
        let first = (0..n)
            .filter(|&at| self.up(alphas, at))
            .reduce(|best, at| if slope(at) > slope(best) { at } else { best })?;
        let row = self.products.row(self.of[first]);
        let own = row[self.of[first]];
        let (mut second, mut gain, mut lowest) = (None, 0.0, f64::INFINITY);
        for at in (0..n).filter(|&at| self.down(alphas, at)) {
            lowest = lowest.min(slope(at));
            let apart = slope(first) - slope(at);
            if apart > 0.0 {
                let k = self.of[at];
                let curvature = (own + self.products[[k, k]] - 2.0 * row[k]).max(FLAT);
                if apart * apart / curvature > gain {
                    gain = apart * apart / curvature;
                    second = Some(at);
                }
            }
        }
        if slope(first) - lowest < tolerance { None } else { Some((first, second?)) }
    }

    /// Moves two alphas to the optimum of the two, within their bounds.
    fn step(&self, alphas: &mut [f64], gradient: &[f64], i: usize, j: usize) {
        let (ki, kj) = (self.of[i], self.of[j]);
        let curvature =
            self.products[[ki, ki]] + self.products[[kj, kj]] - 2.0 * self.products[[ki, kj]];
        let curvature = curvature.max(FLAT);
        let (si, sj) = (self.signs[i], self.signs[j]);
        // How far `signs_i alpha_i` grows and `signs_j alpha_j` falls.
        let wanted = (-si * gradient[i] + sj * gradient[j]) / curvature;
        let room_i = if si > 0.0 { self.most[i] - alphas[i] } else { alphas[i] };
        let room_j = if sj > 0.0 { alphas[j] } else { self.most[j] - alphas[j] };
        let by = wanted.min(room_i).min(room_j);
        alphas[i] = self.bounded(i, alphas[i] + si * by);
        alphas[j] = self.bounded(j, alphas[j] - sj * by);
    }

    /// An alpha that is at a bound but for rounding is at the bound. Where C is so small that every row is at its bound, the
    /// classes' weights cancel but for rounding; what is left on one row would make it the only free one, and the intercept
    /// what that row asks for (libsvm then calls all rows one class).
    fn bounded(&self, at: usize, alpha: f64) -> f64 {
        let most = self.most[at];
        match alpha {
            _ if alpha <= ROUNDING * most => 0.0,
            _ if alpha >= (1.0 - ROUNDING) * most => most,
            _ => alpha,
        }
    }

    /// The mean of what free rows ask for; where none is free, the middle of what the others allow.
    fn intercept(&self, alphas: &[f64], gradient: &[f64]) -> f64 {
        let (mut sum, mut free) = (0.0, 0_usize);
        let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
        for (at, (sign, gradient)) in self.signs.iter().zip(gradient).enumerate() {
            let slope = -sign * gradient;
            match (self.up(alphas, at), self.down(alphas, at)) {
                (true, true) => {
                    sum += slope;
                    free += 1;
                }
                (true, false) => low = low.max(slope),
                (false, _) => high = high.min(slope),
            }
        }
        if free > 0 { sum / free as f64 } else { f64::midpoint(low, high) }
    }
}
