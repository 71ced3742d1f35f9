//! Which column of values stands behind a figure of `evaluate`.

use super::{
    column::{Column, Shape, Value},
    tables::{OBJECTS, Seen, Tables},
};

const SHARE: (f64, f64) = (0.0, 1.0);
const CHANGE: (f64, f64) = (-1.0, 1.0);

impl Tables {
    /// The values behind `metric` under `condition`; `None` where the tables don't hold them.
    /// `maps` is the name that the run's activation maps have in conditions (`gradcam`).
    pub(super) fn column(
        &self,
        metric: &str,
        condition: Option<&str>,
        maps: &str,
    ) -> Option<Column> {
        let column = match (metric, condition) {
            ("accuracy", Some(c)) => Column::mean(SHARE, self.of(c, |s| s.correct)?),
            ("confidence", Some(c)) => Column::mean(SHARE, self.of(c, |s| s.confidence)?),
            ("drop", Some(c)) => self.fall("none", c, |s| s.correct)?,
            ("kept", Some(c)) => self.kept(c)?,
            ("background-excess", Some(c)) => {
                self.fall(c, &format!("{c}/control"), |s| s.correct)?
            }
            ("background-gap", Some(c @ "background-swap")) => {
                self.fall(&format!("{c}/same-class"), &format!("{c}/other-class"), |s| s.correct)?
            }
            ("overlay-excess" | "part-excess", Some(c)) => {
                self.fall(&format!("{c}/control"), c, |s| s.correct)?
            }
            ("confidence-drop", Some(c)) => self.fall("none", c, |s| s.confidence)?,
            ("gray-control", Some("gray")) => self.fall("none", "gray-control", |s| s.correct)?,
            ("gray-excess", Some("gray")) => self.fall("gray-control", "gray", |s| s.correct)?,
            ("control-overlap", Some("gray")) => Column::mean(SHARE, self.overlap.iter().copied()),
            ("rfs", Some(level)) => self.noise("noise", level, Shape::Rfs)?,
            ("rfs-control", Some(level)) => self.noise("noise-control", level, Shape::Rfs)?,
            ("noise-gap", Some(level)) => self.gap("noise", level)?,
            ("noise-gap-control", Some(level)) => self.gap("noise-control", level)?,
            (_, Some(c)) if metric.starts_with("cam-") => self.map(metric, c, maps)?,
            (_, None) => {
                let at = OBJECTS.iter().position(|(_, name)| *name == metric)?;
                Column::mean(SHARE, self.objects.iter().map(|o| o.map(|o| o[at])))
            }
            _ => return None,
        };
        column.values.iter().any(Option::is_some).then_some(column)
    }

    fn of(
        &self,
        condition: &str,
        pick: fn(&Seen) -> f64,
    ) -> Option<impl Iterator<Item = Option<f64>> + '_> {
        Some(self.seen.get(condition)?.iter().map(move |s| s.as_ref().map(pick)))
    }

    /// What is lost from one condition to another, over the images that have both.
    fn fall(&self, before: &str, after: &str, pick: fn(&Seen) -> f64) -> Option<Column> {
        let pairs = self.of(before, pick)?.zip(self.of(after, pick)?);
        Some(Column::mean(CHANGE, pairs.map(|(b, a)| Some(b? - a?))))
    }

    /// Accuracies as photographed and under a condition, over the images that have both.
    fn kept(&self, condition: &str) -> Option<Column> {
        let pairs = self.of("none", |s| s.correct)?.zip(self.of(condition, |s| s.correct)?);
        Some(Column { shape: Shape::Kept, values: pairs.map(|(b, a)| Some([b?, a?])).collect() })
    }

    /// Accuracy with noise on the mask and off it, over the images that have every level: all
    /// levels of a run are about the same images.
    fn noise(&self, prefix: &str, level: &str, shape: Shape) -> Option<Column> {
        let on = format!("{prefix}-foreground/");
        let levels: Vec<&str> = self.seen.keys().filter_map(|c| c.strip_prefix(&on)).collect();
        let side = |side: &str, level: &str| self.seen.get(&format!("{prefix}-{side}/{level}"));
        let mut needed = Vec::new();
        for level in levels {
            needed.push(side("foreground", level)?);
            needed.push(side("background", level)?);
        }
        let (foreground, background) = (side("foreground", level)?, side("background", level)?);
        let value = |i: usize| -> Option<Value> {
            let whole = needed.iter().all(|column| column[i].is_some());
            whole.then_some([foreground[i]?.correct, background[i]?.correct])
        };
        Some(Column { shape, values: (0..foreground.len()).map(value).collect() })
    }

    fn gap(&self, prefix: &str, level: &str) -> Option<Column> {
        let both = self.noise(prefix, level, Shape::Rfs)?;
        Some(Column::mean(CHANGE, both.values.iter().map(|v| v.map(|[on, off]| off - on))))
    }

    /// Figures of activation maps; the condition is the method's name, with `/LAYER` for a second
    /// layer.
    fn map(&self, metric: &str, condition: &str, maps: &str) -> Option<Column> {
        let first = self.saliency.first()?;
        let own = match condition.strip_prefix(maps)? {
            "" => first,
            rest => {
                let layer = rest.strip_prefix('/')?;
                self.saliency.iter().find(|known| known.name == layer)?
            }
        };
        let of = |metric: &str| own.columns.get(metric).map(|values| values.iter().copied());
        Some(match metric {
            "cam-iou-difference" => {
                let pairs = first.columns.get("cam-iou")?.iter().zip(own.columns.get("cam-iou")?);
                Column::mean(CHANGE, pairs.map(|(a, b)| Some((*b)? - (*a)?)))
            }
            "cam-delta-density" => Column::mean(CHANGE, of(metric)?),
            _ => match metric.strip_suffix("-median") {
                Some(metric) => Column::new(Shape::Median, of(metric)?),
                None => Column::mean(SHARE, of(metric)?),
            },
        })
    }
}
