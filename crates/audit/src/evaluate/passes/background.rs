//! The other half of ablation: the object kept, its surroundings gray, blurred, or those of another picture of its class or
//! of another class; and each with a piece of the surroundings kept in the object's place.

use std::collections::BTreeMap;

use rightly_data::{Planes, Sample};
use rightly_stats::rng::keyed;

use super::{Measure, Predictor, Subject};
use crate::{
    Error, Inputs,
    evaluate::rows::{BackgroundRow, Entry, Outcome, Row, problem},
    measures::{background, control},
};

/// Changes with the code that decides the rows.
pub(super) const REVISION: u32 = 1;
/// Other pictures that are tried before an image has no surroundings to be put into.
const TRIED: usize = 8;

pub(super) struct Backgrounds {
    donors: Donors,
}

impl Backgrounds {
    pub(super) fn new(inputs: &Inputs) -> Self {
        Self { donors: Donors::new(inputs) }
    }
}

impl Measure for Backgrounds {
    fn name(&self) -> &'static str {
        "background"
    }

    fn key(&self) -> String {
        format!("seed {} clusters {:?}", self.donors.seed, self.donors.clusters)
    }

    fn forwards(&self) -> usize {
        8
    }

    fn measure(&self, subject: &Subject<'_>, probe: &Predictor<'_>) -> Result<Entry, Error> {
        let Some(mask) = &subject.picture.mask else { return Ok(Entry::none()) };
        let (class, planes) = (subject.sample.class, &subject.planes);
        // Where the mask can't be moved the object's own side is measured, without a control. That it can't is said with
        // the other controls.
        let moved = control::moved(mask).map(|moved| moved.mask);
        let pair = |changed: &dyn Fn(&rightly_data::Mask) -> Result<Planes, Error>| {
            let see = |mask| probe.see(class, &changed(mask)?);
            let control = moved.as_ref().map(see).transpose()?.flatten();
            Ok::<_, Error>([see(mask)?, control])
        };
        let gray = pair(&|mask| Ok(background::gray(planes, mask)?))?;
        let blur = pair(&|mask| Ok(background::blur(planes, mask)?))?;
        let mut problems = Vec::new();
        let mut swapped = |kind: Kind| -> Result<(Option<String>, [Option<Outcome>; 2]), Error> {
            let Some((donor, surroundings)) =
                self.donors.surroundings(subject.sample, kind, probe)?
            else {
                problems.push(problem(
                    &subject.sample.id,
                    kind.missing(self.donors.clusters.is_some()),
                    "left out of the figures with other surroundings",
                ));
                return Ok((None, [None; 2]));
            };
            let pair = pair(&|mask| Ok(background::swap(planes, mask, &surroundings)?))?;
            Ok((Some(donor), pair))
        };
        let (same_donor, same_class) = swapped(Kind::SameClass)?;
        let (other_donor, other_class) = swapped(Kind::OtherClass)?;
        let row = BackgroundRow { gray, blur, same_class, other_class, same_donor, other_donor };
        Ok(Entry { row: Some(Row::Background(row)), problems })
    }
}

/// Whose surroundings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    SameClass,
    OtherClass,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::SameClass => "same class",
            Self::OtherClass => "other class",
        }
    }

    fn missing(self, clustered: bool) -> &'static str {
        match (self, clustered) {
            (Self::SameClass, false) => "no other image of its class has surroundings to lend",
            (Self::SameClass, true) => {
                "no image of its class from another cluster has surroundings to lend"
            }
            (Self::OtherClass, _) => "no image of another class has surroundings to lend",
        }
    }
}

/// Which pictures lend their surroundings to which. It depends on ids, classes, clusters and the seed alone, so that all
/// models see the same pictures.
struct Donors {
    seed: u64,
    /// Images with a mask in the order of their draws: draw, index into the samples, cluster.
    ring: Vec<(u64, usize, Option<u32>)>,
    /// The same of each class.
    of_class: BTreeMap<usize, Vec<(u64, usize, Option<u32>)>>,
    clusters: Option<Vec<u32>>,
    cluster_of: BTreeMap<String, u32>,
}

impl Donors {
    fn new(inputs: &Inputs) -> Self {
        let seed = inputs.options.seed;
        let samples = &inputs.dataset.samples;
        let cluster = |position: usize| inputs.clusters.as_ref().map(|all| all[position]);
        let mut ring: Vec<(u64, usize, Option<u32>)> = inputs
            .selected
            .iter()
            .enumerate()
            .filter(|(_, i)| samples[**i].mask.is_some())
            .map(|(position, &i)| (draw(seed, "lends", &samples[i].id), i, cluster(position)))
            .collect();
        ring.sort_unstable();
        let mut of_class: BTreeMap<usize, Vec<_>> = BTreeMap::new();
        for &entry in &ring {
            of_class.entry(samples[entry.1].class).or_default().push(entry);
        }
        let named = inputs
            .selected
            .iter()
            .enumerate()
            .filter_map(|(position, &i)| Some((samples[i].id.clone(), cluster(position)?)));
        Self {
            seed,
            ring,
            of_class,
            clusters: inputs.clusters.clone(),
            cluster_of: named.collect(),
        }
    }

    /// The candidates for an image, in the order in which they are tried.
    fn candidates<'a>(
        &'a self,
        sample: &'a Sample,
        samples: &'a [Sample],
        kind: Kind,
    ) -> impl Iterator<Item = &'a Sample> {
        let ring: &[_] = match kind {
            Kind::SameClass => self.of_class.get(&sample.class).map_or(&[], Vec::as_slice),
            Kind::OtherClass => &self.ring,
        };
        let at = draw(self.seed, kind.name(), &sample.id);
        let start = ring.partition_point(|entry| entry.0 < at);
        let own = self.cluster_of.get(&sample.id).copied();
        (0..ring.len())
            .map(move |step| ring[(start + step) % ring.len()])
            .filter(move |(_, i, cluster)| {
                let donor = &samples[*i];
                let apart = cluster.is_none() || *cluster != own;
                let fits = match kind {
                    Kind::SameClass => donor.class == sample.class && apart,
                    Kind::OtherClass => donor.class != sample.class,
                };
                fits && donor.id != sample.id
            })
            .map(move |(_, i, _)| &samples[i])
            .take(TRIED)
    }

    /// The first candidate's id and surroundings.
    fn surroundings(
        &self,
        sample: &Sample,
        kind: Kind,
        probe: &Predictor<'_>,
    ) -> Result<Option<(String, Planes)>, Error> {
        let inputs = probe.inputs();
        for donor in self.candidates(sample, &inputs.dataset.samples, kind) {
            // What can't be read is said where the image itself is measured.
            let Ok(picture) = inputs.loader.load(donor) else { continue };
            let Some(mask) = &picture.mask else { continue };
            let planes = Planes::from(&picture.crop);
            return Ok(Some((donor.id.clone(), background::surroundings(&planes, mask)?)));
        }
        Ok(None)
    }
}

/// A number that an image draws for a purpose.
fn draw(seed: u64, purpose: &str, id: &str) -> u64 {
    use rand::Rng;
    keyed(seed, &format!("surroundings, {purpose}"), id, 0).next_u64()
}
