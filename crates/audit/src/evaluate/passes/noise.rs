//! Noise on and off the object (Hard ImageNet, section 4; RIVAL10, section 4): the same field
//! masked both ways.

use rightly_data::{Mask, Planes};

use super::{Measure, Predictor, Subject, as_published};
use crate::{
    Error,
    evaluate::{
        options::EvaluateOptions,
        rows::{Entry, NoiseRow, Outcome, Row},
    },
    measures::{
        control,
        noise::{self, Level, Side},
    },
};

/// Changes with the code that decides the rows.
pub(super) const REVISION: u32 = 1;

pub(super) struct Noise {
    levels: Vec<Level>,
    control_levels: Vec<Level>,
    trials: u32,
    seed: u64,
    paper_compat: bool,
}

impl Noise {
    pub(super) fn new(seed: u64, options: &EvaluateOptions) -> Self {
        let control_levels =
            options.control_levels.iter().filter(|c| options.noise_levels.contains(c));
        Self {
            levels: options.noise_levels.clone(),
            control_levels: control_levels.copied().collect(),
            trials: options.trials,
            seed,
            paper_compat: options.paper_compat,
        }
    }
}

/// Outcomes of one level under every trial's field.
fn outcomes(
    probe: &Predictor<'_>,
    class: usize,
    planes: &Planes,
    (mask, side): (&Mask, Side),
    fields: &[Vec<f32>],
    level: Level,
) -> Result<Vec<Option<Outcome>>, Error> {
    fields
        .iter()
        .map(|field| probe.see(class, &noise::add(planes, mask, side, field, level)?))
        .collect()
}

impl Measure for Noise {
    fn name(&self) -> &'static str {
        "noise"
    }

    fn key(&self) -> String {
        let names =
            |levels: &[Level]| levels.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let (levels, controls) = (names(&self.levels), names(&self.control_levels));
        let published = as_published(self.paper_compat);
        format!("{levels};{controls};{};{}{published}", self.trials, self.seed)
    }

    fn forwards(&self) -> usize {
        2 * self.trials as usize * (self.levels.len() + self.control_levels.len())
    }

    fn measure(&self, subject: &Subject<'_>, probe: &Predictor<'_>) -> Result<Entry, Error> {
        let picture = &subject.picture;
        let Some(mask) = picture.measured(self.paper_compat) else { return Ok(Entry::none()) };
        let planes = &subject.planes;
        let (id, class) = (&subject.sample.id, subject.sample.class);
        let fields: Vec<Vec<f32>> = (0..u64::from(self.trials))
            .map(|trial| noise::field(self.seed, id, trial, planes.data.len()))
            .collect();
        let each = |mask: &Mask, side: Side, levels: &[Level]| -> Result<Vec<_>, Error> {
            levels
                .iter()
                .map(|&level| outcomes(probe, class, planes, (mask, side), &fields, level))
                .collect()
        };
        let mut row = NoiseRow {
            foreground: each(mask, Side::Foreground, &self.levels)?,
            background: each(mask, Side::Background, &self.levels)?,
            ..NoiseRow::default()
        };
        if !self.control_levels.is_empty()
            && let Some(moved) = picture.mask.as_ref().and_then(control::moved)
        {
            row.control_foreground = each(&moved.mask, Side::Foreground, &self.control_levels)?;
            row.control_background = each(&moved.mask, Side::Background, &self.control_levels)?;
        }
        Ok(Entry::of(Row::Noise(row)))
    }
}
