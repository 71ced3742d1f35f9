//! What a head is trained with, and how.
use super::dfr::{self, DfrChoice};
use super::dro::Dro;
use super::groups::Groups;
use super::saliency::{Objects, Penalty};
use super::sampling::{class_balance, drawn};
use super::spuriosity::{self, Closing, Cues};
use super::{domains, upweight};
use crate::ModelError;
use crate::heads::step::{Mean, Objective};
use crate::heads::{Features, Head, HeadOptions, check, shuffled};
use serde::{Deserialize, Serialize};

/// How a head is trained against failing groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case")]
pub enum Method {
    /// The mean loss (empirical risk minimisation).
    Erm,
    /// The mean loss with weights `n / (classes x rows of the class)`.
    ClassBalanced,
    /// The loss of the worst groups (Sagawa et al. 2020, algorithm 1): weights `q` of the groups, times
    /// `exp(eta x loss)` in each step; rows are drawn with replacement so that every group comes equally often. With
    /// soft groups a row is drawn by its shares, and a group's loss is the mean weighted by them.
    GroupDro {
        /// Step of the groups' weights, 0 or more.
        eta: f64,
        /// Added to a group's loss over the root of its size (generalisation adjustment), 0 or more.
        adjustment: f64,
    },
    /// A new head by GroupDRO with soft groups (DIM's `dro_soft`): rows come in shuffled order, not drawn.
    Dim {
        /// Step of the groups' weights, 0 or more.
        eta: f64,
    },
    /// The mean loss of rows drawn with replacement by [`Groups::balancing`] (DIM's `rwg_soft`; hard groups do as well).
    RwgSoft,
    /// A head for each group from the given one, its loss on logits mixed by the soft label, and the mean of the heads in
    /// the end (DIM's `di_soft`, after Wang et al. 2020's domain-independent training). Linear heads only.
    DiSoft,
    /// Just train twice (Liu et al. 2021): the mean loss for some epochs, then a new head with the rows that came out wrong
    /// repeated.
    Jtt {
        /// Epochs of the first head.
        epochs: usize,
        /// Copies of each wrong row beside the row itself.
        copies: usize,
    },
    /// Deep feature reweighting (Kirichenko et al. 2023, sec. 4 and appendix B): L1 logistic regression on held-out
    /// rows of equal groups; see [`DfrChoice`]. [`HeadOptions`] counts for its seed alone.
    Dfr {
        /// What losses count against the size of the weights, to choose from.
        strengths: Vec<f64>,
        /// Fits on fresh samples whose mean is the head.
        refits: usize,
    },
    /// Tunes the given head on the images with the weakest cue of each class until the gap is small; see [`Closing`].
    LowestSpuriosity {
        /// Images of each class in the first round; twice as many in each later one.
        images: usize,
        /// Gap between high and low spuriosity at which tuning ends, -1 to 1.
        bound: f64,
        /// Rounds of [`HeadOptions::epochs`] epochs at most.
        rounds: usize,
    },
    /// The mean loss plus the share of the class activation map that lies off the object; see [`Objects`].
    Saliency {
        /// Weight of the share, 0 or more.
        strength: f64,
    },
}

impl Method {
    /// Every method with its published settings, plain ones first.
    #[must_use]
    pub fn published() -> [Self; 10] {
        [
            Self::Erm,
            Self::ClassBalanced,
            Self::GroupDro { eta: 0.01, adjustment: 0.0 },
            Self::Dim { eta: 0.01 },
            Self::RwgSoft,
            Self::DiSoft,
            Self::Jtt { epochs: 20, copies: 4 },
            Self::Dfr { strengths: vec![1.0, 0.7, 0.3, 0.1, 0.07, 0.03, 0.01], refits: 20 },
            Self::LowestSpuriosity { images: 100, bound: 0.05, rounds: 3 },
            Self::Saliency { strength: 1.0 },
        ]
    }

    /// `erm`, `group-dro` and so on.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Erm => "erm",
            Self::ClassBalanced => "class-balanced",
            Self::GroupDro { .. } => "group-dro",
            Self::Dim { .. } => "dim",
            Self::RwgSoft => "rwg-soft",
            Self::DiSoft => "di-soft",
            Self::Jtt { .. } => "jtt",
            Self::Dfr { .. } => "dfr",
            Self::LowestSpuriosity { .. } => "lowest-spuriosity",
            Self::Saliency { .. } => "saliency",
        }
    }

    /// Whether [`Material::groups`] is needed.
    #[must_use]
    pub fn needs_groups(&self) -> bool {
        use Method::{Dfr, DiSoft, Dim, GroupDro, RwgSoft};
        matches!(self, GroupDro { .. } | Dim { .. } | RwgSoft | DiSoft | Dfr { .. })
    }
}

impl std::str::FromStr for Method {
    type Err = String;

    /// A method of this name with its published settings.
    fn from_str(name: &str) -> Result<Self, String> {
        let all = Self::published();
        let names: Vec<&str> = all.iter().map(Self::name).collect();
        let message = format!("no method is called '{name}'; there are {}", names.join(", "));
        all.into_iter().find(|method| method.name() == name).ok_or(message)
    }
}

/// What heads are trained on. The rows of everything are those of `features`.
#[derive(Debug, Clone, Copy)]
pub struct Material<'a> {
    /// Rows, classes and, where rows do not count alike, their weights.
    pub features: Features<'a>,
    /// Groups of the rows.
    pub groups: Option<&'a Groups>,
    /// The head that [`Method::DiSoft`] and [`Method::LowestSpuriosity`] start from, on features as these (see
    /// [`Head::standardised`]); the others train a new one.
    pub start: Option<&'a Head>,
    /// What spuriosity is tuned and measured by.
    pub cues: Option<Cues<'a>>,
    /// Where the object is in the features.
    pub objects: Option<Objects<'a>>,
}

impl<'a> Material<'a> {
    /// Features alone.
    #[must_use]
    pub fn of(features: Features<'a>) -> Self {
        Self { features, groups: None, start: None, cues: None, objects: None }
    }
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
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
    Closing(Closing),
    /// Share of the map off the object, mean over the steps of each epoch.
    OffObject(Vec<f64>),
}

/// Shown a head after each epoch (0-based).
pub(super) type Observer<'o> = &'o mut dyn FnMut(usize, &Head) -> Result<(), ModelError>;

impl Recipe {
    /// Trains a head.
    ///
    /// # Errors
    /// [`ModelError::Head`] as of [`Head::train`]; where the method needs what `material` lacks or a setting is out of
    /// its range.
    pub fn train(&self, material: &Material<'_>) -> Result<Trained, ModelError> {
        self.train_observed(material, |_, _| Ok(()))
    }

    /// [`Recipe::train`] that shows the head after each epoch (0-based), to choose one: of methods in stages those of the
    /// last stage, of [`Method::Dfr`] the finished head.
    ///
    /// # Errors
    /// As [`Recipe::train`], and what `observe` fails with.
    pub fn train_observed(
        &self,
        material: &Material<'_>,
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
            Method::DiSoft => {
                let start = material.start.map_or_else(|| self.new_head(data), Head::clone);
                domains::train(data, groups()?, &start, options, observe)
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
                let mut order = drawn(weights, self.options.seed)?;
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

    fn groups_of<'a>(&self, material: &Material<'a>) -> Result<&'a Groups, ModelError> {
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
