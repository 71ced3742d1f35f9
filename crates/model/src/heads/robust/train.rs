//! What a head is trained with, and how.
use super::dfr::{self, DfrChoice};
use super::dro::Dro;
use super::groups::Groups;
use super::method::Method;
use super::saliency::{Objects, Penalty};
use super::sampling::{class_balance, draw_by_weight};
use super::spuriosity::{self, Cues, GapHistory};
use super::{domains, upweight};
use crate::ModelError;
use crate::heads::step::{Mean, Objective};
use crate::heads::{Features, Head, HeadOptions, check, shuffled};
use serde::{Deserialize, Serialize};

/// What heads are trained on. The rows of everything are those of `features`.
#[derive(Debug, Clone, Copy)]
pub struct TrainingData<'a> {
    /// Rows, classes and, where rows do not count alike, their weights.
    pub features: Features<'a>,
    /// Groups of the rows.
    pub groups: Option<&'a Groups>,
    /// The head that [`Method::LowestSpuriosity`] starts from, and [`Method::DiSoft`] where it copies one, on features as
    /// these (see [`Head::standardised`]); the others train a new one.
    pub start: Option<&'a Head>,
    /// What spuriosity is tuned and measured by.
    pub cues: Option<Cues<'a>>,
    /// Where the object is in the features.
    pub objects: Option<Objects<'a>>,
}

impl<'a> TrainingData<'a> {
    /// Features alone.
    #[must_use]
    pub fn of(features: Features<'a>) -> Self {
        Self { features, groups: None, start: None, cues: None, objects: None }
    }
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeadTraining {
    /// The method.
    pub method: Method,
    /// Epochs, steps, rate, rule, seed. Rows are drawn or shuffled where `batch` says so; where all rows make a step,
    /// weights take the place of drawing.
    pub options: HeadOptions,
}

/// What came of a recipe.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// The head.
    pub head: Head,
    /// Mean loss of the steps of each epoch, what is added to the cross-entropy included; none where no epochs are run.
    pub losses: Vec<f64>,
    /// What the method has to say beside.
    pub detail: Detail,
}

/// What a method has to say beside its head.
#[derive(Debug, Clone, PartialEq)]
pub enum Detail {
    /// Nothing.
    None,
    /// Weight of each group in the loss after each epoch, of sum 1.
    GroupWeights(Vec<Vec<f64>>),
    /// Rows that the first head of [`Method::Jtt`] got wrong, rising.
    Errors(Vec<usize>),
    /// What [`Method::Dfr`] chose by.
    Dfr(DfrChoice),
    /// How the gap closed.
    GapHistory(GapHistory),
    /// Share of the map off the object, mean over the steps of each epoch.
    OffObject(Vec<f64>),
}

/// Shown a head after each epoch (0-based).
pub(super) type Observer<'o> = &'o mut dyn FnMut(usize, &Head) -> Result<(), ModelError>;

impl HeadTraining {
    /// Trains a head.
    ///
    /// # Errors
    /// [`ModelError::Head`] as of [`Head::train`]; where the method needs what `material` lacks or a setting is out of
    /// its range.
    pub fn train(&self, material: &TrainingData<'_>) -> Result<Trained, ModelError> {
        self.train_observed(material, |_, _| Ok(()))
    }

    /// [`HeadTraining::train`] that shows the head after each epoch (0-based), to choose one: of methods in stages those of the
    /// last stage, of [`Method::Dfr`] the finished head.
    ///
    /// # Errors
    /// As [`HeadTraining::train`], and what `observe` fails with.
    pub fn train_observed(
        &self,
        material: &TrainingData<'_>,
        mut observe: impl FnMut(usize, &Head) -> Result<(), ModelError>,
    ) -> Result<Trained, ModelError> {
        let (data, options) = (&material.features, &self.options);
        check(data, options)?;
        let groups = || self.groups_of(material);
        let observe: Observer<'_> = &mut observe;
        let in_steps = options.batch.is_some();
        match &self.method {
            Method::Erm => self.plain(data, &mut Mean(data.weights), None, observe),
            Method::ClassBalanced => {
                let weights = times(class_balance(data.labels, data.classes), data.weights);
                self.plain(data, &mut Mean(Some(&weights)), None, observe)
            }
            Method::RwgSoft => {
                let balancing = groups()?.balancing();
                if in_steps {
                    return self.plain(data, &mut Mean(data.weights), Some(&balancing), observe);
                }
                let weights = times(balancing.iter().map(|&w| w as f32).collect(), data.weights);
                self.plain(data, &mut Mean(Some(&weights)), None, observe)
            }
            Method::GroupDro { eta, adjustment } => {
                let groups = groups()?;
                not_negative("eta", *eta)?;
                not_negative("adjustment", *adjustment)?;
                let draw = in_steps.then(|| groups.balancing());
                let mut dro = Dro::new(groups, data.weights, *eta, *adjustment);
                let trained = self.plain(data, &mut dro, draw.as_deref(), observe)?;
                Ok(Trained { detail: Detail::GroupWeights(dro.record), ..trained })
            }
            Method::Dim { eta } => {
                not_negative("eta", *eta)?;
                let mut dro = Dro::new(groups()?, data.weights, *eta, 0.0);
                let trained = self.plain(data, &mut dro, None, observe)?;
                Ok(Trained { detail: Detail::GroupWeights(dro.record), ..trained })
            }
            Method::DiSoft { copies } => {
                let needs = || lacks("di-soft", "a head to start from");
                let start = copies.then(|| material.start.ok_or_else(needs)).transpose()?;
                domains::train(data, groups()?, start, options, observe)
            }
            Method::Jtt { epochs, copies } => {
                upweight::train(data, options, *epochs, *copies, observe)
            }
            Method::Dfr { strengths, refits } => {
                let (head, choice) = dfr::train(data, groups()?, strengths, *refits, options.seed)?;
                observe(0, &head)?;
                Ok(Trained { head, losses: Vec::new(), detail: Detail::Dfr(choice) })
            }
            Method::LowestSpuriosity { images, bound, rounds } => {
                let needs = |what| lacks("lowest-spuriosity", what);
                let cues = material.cues.as_ref().ok_or_else(|| needs("cues"))?;
                let start = material.start.ok_or_else(|| needs("a head to start from"))?;
                let settings =
                    spuriosity::Settings { images: *images, bound: *bound, rounds: *rounds };
                spuriosity::train(data, cues, start, options, settings, observe)
            }
            Method::Saliency { strength } => {
                not_negative("strength", *strength)?;
                let objects = material.objects.ok_or_else(|| lacks("saliency", "objects"))?;
                let mut penalty = Penalty::new(data, objects, *strength, options)?;
                let trained = self.plain(data, &mut penalty, None, observe)?;
                Ok(Trained { detail: Detail::OffObject(penalty.record), ..trained })
            }
        }
    }

    /// A new head under an objective, on shuffled rows or on rows drawn by weight.
    fn plain(
        &self,
        data: &Features<'_>,
        objective: &mut dyn Objective,
        draw: Option<&[f64]>,
        observe: Observer<'_>,
    ) -> Result<Trained, ModelError> {
        let mut head = self.new_head(data);
        let mut seen = |epoch: usize, head: &Head| observe(epoch, head).map(|()| true);
        let losses = match draw {
            Some(weights) => {
                let mut order = draw_by_weight(weights, self.options.seed)?;
                head.fit(data, &self.options, objective, &mut order, &mut seen)?
            }
            None => {
                let mut order = shuffled((0..data.labels.len()).collect(), &self.options);
                head.fit(data, &self.options, objective, &mut order, &mut seen)?
            }
        };
        Ok(Trained { head, losses, detail: Detail::None })
    }

    fn new_head(&self, data: &Features<'_>) -> Head {
        Head::init(data.values.ncols(), data.classes, &self.options)
    }

    fn groups_of<'a>(&self, material: &TrainingData<'a>) -> Result<&'a Groups, ModelError> {
        let groups = material.groups.ok_or_else(|| lacks(self.method.name(), "groups"))?;
        let n = material.features.labels.len();
        if groups.rows() != n {
            return Err(ModelError::Head(format!("groups of {} rows for {n} rows", groups.rows())));
        }
        Ok(groups)
    }
}

fn lacks(method: &str, what: &str) -> ModelError {
    ModelError::Head(format!("'{method}' needs {what}, and none are given"))
}

fn not_negative(what: &str, value: f64) -> Result<(), ModelError> {
    if value.is_finite() && value >= 0.0 {
        return Ok(());
    }
    Err(ModelError::Head(format!("{what} is {value}, expected a number of 0 or more")))
}

/// Weights times the rows' own.
fn times(mut weights: Vec<f32>, own: Option<&[f32]>) -> Vec<f32> {
    if let Some(own) = own {
        weights.iter_mut().zip(own).for_each(|(weight, own)| *weight *= own);
    }
    weights
}
