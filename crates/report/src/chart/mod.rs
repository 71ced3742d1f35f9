//! Charts as SVG: places are percentages, so that a chart fills a phone or a desk without scaling
//! its text; colours are classes, so that they follow light, dark and print.

mod levels;
mod pair;
mod scatter;
mod track;

pub(crate) use levels::{Level, Series, levels};
pub(crate) use pair::{Pair, pairs};
pub(crate) use scatter::{COLOURS, Mark, scatter};
pub(crate) use track::{Row, Tone, rows, track};

/// A linear axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Scale {
    /// 0 to 1.
    pub(crate) const SHARE: Self = Self { low: 0.0, high: 1.0 };

    /// Around every value and zero, ends rounded outwards to `step`.
    pub(crate) fn around(values: impl Iterator<Item = f64>, step: f64) -> Self {
        let (low, high) = values
            .filter(|v| v.is_finite())
            .fold((0.0_f64, 0.0_f64), |(low, high), v| (low.min(v), high.max(v)));
        let low = (low / step - 1e-9).floor() * step;
        let high = (high / step + 1e-9).ceil() * step;
        Self { low, high: if high > low { high } else { low + step } }
    }

    /// Place of a value along the axis in percent, kept inside it.
    pub(crate) fn at(self, value: f64) -> f64 {
        let share = (value - self.low) / (self.high - self.low);
        (10_000.0 * share.clamp(0.0, 1.0)).round() / 100.0
    }

    /// Round values inside the axis, four to nine of them.
    pub(crate) fn ticks(self) -> Vec<f64> {
        let range = self.high - self.low;
        let power = 10.0_f64.powf((range / 4.0).log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0]
            .into_iter()
            .map(|m| m * power)
            .find(|step| range / step <= 6.0)
            .unwrap_or(range);
        let first = (self.low / step - 1e-9).ceil() as i64;
        let last = (self.high / step + 1e-9).floor() as i64;
        (first..=last).map(|i| i as f64 * step).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_ticks() {
        let scale = Scale { low: -0.5, high: 0.5 };
        assert_eq!((scale.at(-0.5), scale.at(0.0), scale.at(9.0)), (0.0, 50.0, 100.0));
        let ticks: Vec<String> = Scale::SHARE.ticks().iter().map(|t| format!("{t:.1}")).collect();
        assert_eq!(ticks, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(Scale::around([-0.31, 0.12].into_iter(), 0.1), Scale { low: -0.4, high: 0.2 });
        let none = Scale::around(std::iter::empty(), 0.1);
        assert!(none.high > none.low && none.ticks().len() >= 2);
    }
}
