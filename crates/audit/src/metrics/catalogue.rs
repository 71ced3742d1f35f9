//! Every metric there is: what it can be, which way is better, what it means, and where it comes from. The check of figures, the
//! reports' words and docs/metrics.md come from this table.

use std::{fmt, str::FromStr};

/// What a figure can be, and how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// A share of something, 0 to 1: written in percent.
    Share,
    /// A difference of shares, -1 to 1: written in percentage points.
    Difference,
    /// A coefficient, -1 to 1: written as it is.
    Coefficient,
    /// An overlap, 0 to 1: written as it is.
    Overlap,
    /// Any number from 0 on.
    Positive,
    /// A share of another one, 0 or more: written in percent.
    Ratio,
    /// Any number.
    Number,
}

impl Range {
    /// Least and largest value.
    pub fn bounds(self) -> (f64, f64) {
        match self {
            Self::Share | Self::Overlap => (0.0, 1.0),
            Self::Difference | Self::Coefficient => (-1.0, 1.0),
            Self::Positive | Self::Ratio => (0.0, f64::INFINITY),
            Self::Number => (f64::NEG_INFINITY, f64::INFINITY),
        }
    }

    /// The unit in tables for people.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Share | Self::Ratio => "percent",
            Self::Difference => "points",
            Self::Coefficient | Self::Overlap | Self::Positive | Self::Number => "number",
        }
    }
}

/// Which way is better for a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// More is better.
    More,
    /// Less is better.
    Less,
    /// Neither: it describes.
    Neither,
}

impl Better {
    /// `more`, `less`, or a dash.
    pub fn word(self) -> &'static str {
        match self {
            Self::More => "more",
            Self::Less => "less",
            Self::Neither => "–",
        }
    }
}

macro_rules! metrics {
    ($($variant:ident $name:literal $range:ident $better:ident $stages:literal $words:literal $meaning:literal;)*) => {
        /// A metric by its name in `metrics.json`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum MetricName {
            $(#[doc = $meaning] $variant,)*
        }

        impl MetricName {
            /// Every metric, in the order of docs/metrics.md.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// The name in `metrics.json`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it can be.
            pub const fn range(self) -> Range {
                match self { $(Self::$variant => Range::$range,)* }
            }

            /// Which way is better.
            pub const fn better(self) -> Better {
                match self { $(Self::$variant => Better::$better,)* }
            }

            /// The stages that compute it.
            pub const fn stages(self) -> &'static str {
                match self { $(Self::$variant => $stages,)* }
            }

            /// A few words for charts and tables.
            pub const fn words(self) -> &'static str {
                match self { $(Self::$variant => $words,)* }
            }

            /// What it means, a sentence, with its source.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

metrics! {
    Accuracy "accuracy" Share More "evaluate, mitigate" "Accuracy" "Share of images whose answer is right under the condition.";
    Confidence "confidence" Share Neither "evaluate" "Confidence" "Mean probability of the true class under the condition.";
    Drop "drop" Difference Less "evaluate" "Drop of accuracy" "Accuracy as photographed minus accuracy under the condition, on the same images (Hard ImageNet, section 4).";
    Kept "kept" Ratio More "evaluate" "Share of the right answers kept" "Accuracy under the condition over accuracy as photographed, on the same images; with Fieller's interval.";
    ConfidenceDrop "confidence-drop" Difference Less "evaluate" "Drop of confidence" "Confidence as photographed minus confidence under the condition, on the same images.";
    GrayControl "gray-control" Difference Neither "evaluate" "Drop, same shape gray elsewhere" "Drop where the object's own shape is gray beside the object: what so much gray costs by itself.";
    GrayExcess "gray-excess" Difference Neither "evaluate" "Gray object minus gray elsewhere" "How much more the gray object costs than the same shape gray beside it.";
    ControlOverlap "control-overlap" Share Neither "evaluate" "Overlap of the moved mask" "Share of the moved mask that still lies on the object.";
    BackgroundExcess "background-excess" Difference More "evaluate" "Object kept minus a piece of its surroundings kept" "Accuracy with the object kept minus accuracy with a piece of its surroundings of the same shape kept.";
    BackgroundGap "background-gap" Difference Less "evaluate" "Surroundings of the class minus those of others" "Accuracy in surroundings of the class minus accuracy in those of other classes (ImageNet-9, Xiao et al.).";
    BackgroundPull "background-pull" Difference Less "evaluate" "How far its surroundings pull others" "How much more often other objects are taken for the class in its surroundings than in those of other classes.";
    PartExcess "part-excess" Difference Neither "evaluate" "Drop beyond that under its control" "How much more a gray part of the object costs than the same shape gray beside the object (RIVAL10's attribute ablation).";
    OverlayExcess "overlay-excess" Difference Less "evaluate" "Drop beyond that under its control" "How much more an overlay costs than the same shape without its pattern (ImageNet-W, Li et al.).";
    LogitRise "logit-rise" Number Neither "evaluate" "Rise of the logit" "Mean rise of an output's logit under the overlay; the class is the output's label.";
    ConfidenceRise "confidence-rise" Difference Neither "evaluate" "Rise of the probability" "Mean rise of an output's probability under the overlay; the class is the output's label.";
    DefaultAnswer "default-answer" Share Neither "evaluate" "Default answer" "Share of other classes' pictures, their object boxed in gray, that are called this class; over all images, the accuracy that answers reach which are given as often to every class.";
    BeyondDefault "beyond-default" Difference Less "evaluate" "Accuracy beyond the default answer" "Accuracy with the object boxed in gray, beyond what the default answers reach.";
    Rfs "rfs" Coefficient More "evaluate" "RFS" "Relative foreground sensitivity (RIVAL10, equation 1): the noise gap over the largest that these accuracies allow.";
    NoiseGap "noise-gap" Difference More "evaluate" "Noise gap" "Accuracy under noise on the surroundings minus accuracy under noise on the object.";
    RfsControl "rfs-control" Coefficient Neither "evaluate" "RFS, mask moved" "RFS with the object's own mask moved beside it: what size and shape alone give.";
    NoiseGapControl "noise-gap-control" Difference Neither "evaluate" "Noise gap, mask moved" "The noise gap with the mask moved beside the object.";
    CamIou "cam-iou" Overlap More "evaluate" "Mean IoU of map and object" "Intersection over union of the mask and the map at half of its largest value (Hard ImageNet).";
    CamIouMedian "cam-iou-median" Overlap More "evaluate" "Median IoU of map and object" "The median over images of that IoU.";
    CamIouDifference "cam-iou-difference" Coefficient Neither "evaluate" "IoU, second layer minus first" "IoU of the maps of the layer that is compared with, minus those of the CAM layer.";
    CamDeltaDensity "cam-delta-density" Coefficient More "evaluate" "Map on the object minus off it" "Mean of the map on the object minus its mean off it (Hard ImageNet).";
    CamDeltaDensityMedian "cam-delta-density-median" Coefficient More "evaluate" "The same, median" "The median over images of that difference.";
    CamMass "cam-mass" Share More "evaluate" "Share of the map on the object" "Share of the map's sum that lies on the object; no threshold.";
    CamPointing "cam-pointing" Share More "evaluate" "Highest point on the object" "Share of images whose highest point of the map lies on the object (pointing game, Zhang et al.).";
    CamAveragePrecision "cam-average-precision" Overlap More "evaluate" "Average precision of the map" "Average precision of the map's pixels as a detector of the object's.";
    CamClassOverlap "cam-class-overlap" Share Less "evaluate" "Overlap of the maps of two classes" "Overlap of the highest tenths of the maps of the two likeliest classes: near 1, a map explains nothing.";
    ObjectShare "object-share" Share Neither "evaluate" "Object's share of the photograph" "Share of the photograph that is object.";
    ObjectShareCrop "object-share-crop" Share Neither "evaluate" "Object's share of the crop" "The same after the model's resize and crop.";
    ObjectShareRandomCrop "object-share-random-crop" Share Neither "evaluate" "Object's share of random crops" "The same, mean of random resized crops as training uses them.";
    ObjectKept "object-kept" Share Neither "evaluate" "Share of the object that the crop keeps" "Share of the object's pixels that the crop keeps.";
    ObjectDistance "object-distance" Positive Neither "evaluate" "Distance from the centre" "Distance of the object's centroid from the centre, as a share of half of the diagonal.";
    NearCopies "near-copies" Share Neither "evaluate" "Near-copies" "Share of images that nearly repeat another one of the class.";
    Scenes "scenes" Positive Neither "evaluate" "Scenes" "Number of different scenes among the images: near-copies count once.";
    Loss "loss" Positive Less "dynamics" "Loss" "Mean loss of the images of a split after an epoch of training.";
    Gap "gap" Difference Less "rank" "Accuracy, strongest cue minus weakest" "Accuracy of the k images that carry the class's spurious features most minus that of the k that carry them least (Spuriosity Rankings).";
    GapWithoutObject "gap-without-object" Difference Less "rank" "The same, ranked without the object" "The gap where images are ranked by the features of the same pictures with the object's box gray.";
    AccuracyByRank "accuracy-by-rank" Share Neither "rank" "Accuracy by rank" "Accuracy of each tenth of the ranking.";
    SubgroupAccuracy "subgroup-accuracy" Share More "discover, mitigate" "Accuracy of the subgroup" "Accuracy of the group's confirming images.";
    SubgroupGap "subgroup-gap" Difference Less "discover" "The rest of the class minus the subgroup" "Accuracy of the rest of the class minus that of the group, on confirming images.";
    SubgroupGapSecondView "subgroup-gap-second-view" Difference Neither "discover" "The same gap, drawn by another network" "The gap of a group of as many images, drawn by another network's features.";
    DetectableGap "detectable-gap" Difference Neither "discover" "Smallest gap that could have been seen" "How much worse a fifth of the class would have had to be to be found.";
    PrecisionAt10 "precision-at-10" Share More "discover" "Precision of the ten strongest members" "With known subgroups: share of the ten strongest members that belong to the known one (Domino).";
    DirectionCosine "direction-cosine" Coefficient More "discover" "Cosine of found and true direction" "With known subgroups: cosine of the found direction and the true one (DIM).";
    AdjustedMutualInformation "adjusted-mutual-information" Coefficient More "discover" "Adjusted mutual information" "With known subgroups: agreement of found and known groups, 0 by chance.";
    NameAuc "name-auc" Overlap Neither "interpret" "AUC of the words" "How well the words alone separate the named images from the rest of their class.";
    NameShare "name-share" Share Neither "interpret" "Share of which the words are true" "Share of the images of the group (inside) and of the rest (outside) of which the words are true.";
    NameAccuracy "name-accuracy" Share Neither "interpret" "Accuracy with and without the words" "Accuracy of all confirming images of the class of which the words are true, and of the others.";
    NameGap "name-gap" Difference Neither "interpret" "Gap by the words" "The difference of these two accuracies.";
    ZeroShotAccuracy "zero-shot-accuracy" Share Neither "interpret" "Zero-shot accuracy of the image-text model" "How often the image-text model tells things of this kind apart in these pictures.";
    WorstGroupAccuracy "worst-group-accuracy" Share More "mitigate" "Worst group" "Accuracy of the worst group that was found for the original model; the same images before and after.";
    WorstTrueGroupAccuracy "worst-true-group-accuracy" Share More "mitigate" "Worst known group" "Accuracy of the worst known group.";
    ClassGap "class-gap" Difference Less "mitigate" "Best class minus worst" "Accuracy of the best class minus that of the worst.";
    Gain "gain" Difference More "mitigate" "Gain of the worst group" "Accuracy after minus before, of the group that was worst before.";
    GainBeyondRandom "gain-beyond-random" Difference More "mitigate" "Gain beyond random groups" "That gain minus the gain where the groups are random.";
    SubgroupGain "subgroup-gain" Difference More "mitigate" "Gain of the subgroup" "Accuracy after minus before, of one group.";
    ClassGain "class-gain" Difference More "mitigate" "Gain of the class" "Accuracy after minus before, of one class.";
    Cost "cost" Difference Less "mitigate" "Cost over all images" "Accuracy before minus after, over all images.";
    CostBeyondRandom "cost-beyond-random" Difference Less "mitigate" "Cost beyond random groups" "That cost minus the cost where the groups are random.";
    ClassCorrelation "class-correlation" Coefficient Neither "compare" "Rank correlation over classes" "Spearman's correlation over classes of what two models lose.";
    ClassCorrelationPearson "class-correlation-pearson" Coefficient Neither "compare" "Pearson's correlation over classes" "Pearson's correlation over classes of what two models lose.";
    ClassCorrelationSplit "class-correlation-split" Coefficient Neither "compare" "The same, one model on two halves" "What the correlation is where one model is compared with itself on two halves of the images.";
    ClassCorrelationSplitPearson "class-correlation-split-pearson" Coefficient Neither "compare" "The same, Pearson" "The same with Pearson's correlation.";
    ClassCorrelationDisattenuated "class-correlation-disattenuated" Coefficient Neither "compare" "Correlation without the noise of few images" "The correlation over what halves of the images allow.";
    ClassCorrelationDisattenuatedPearson "class-correlation-disattenuated-pearson" Coefficient Neither "compare" "The same, Pearson" "The same with Pearson's correlation.";
}

impl fmt::Display for MetricName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for MetricName {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|metric| metric.name() == name);
        found.ok_or_else(|| format!("there is no metric '{name}'; docs/metrics.md lists them"))
    }
}

/// The list of docs/metrics.md.
pub fn as_markdown() -> String {
    let mut out = String::new();
    let mut stages = "";
    for metric in MetricName::ALL {
        if metric.stages() != stages {
            stages = metric.stages();
            out += &format!("\n### {stages}\n\n");
        }
        let better = match metric.better() {
            Better::Neither => String::new(),
            other => format!(", {} is better", other.word()),
        };
        out += &format!(
            "- **`{metric}`** ({}{better}). {}\n",
            metric.range().unit(),
            metric.meaning()
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::STAGES;

    #[test]
    fn names_are_unique_and_of_known_stages() {
        let names: BTreeSet<&str> = MetricName::ALL.iter().map(|metric| metric.name()).collect();
        assert_eq!(names.len(), MetricName::ALL.len());
        for metric in MetricName::ALL {
            assert_eq!(metric.name().parse(), Ok(metric));
            let known = |stage: &str| STAGES.iter().any(|known| known.name == stage);
            assert!(metric.stages().split(", ").all(known), "{metric}");
            assert!(metric.meaning().ends_with('.'), "{metric}");
        }
        assert!("acuracy".parse::<MetricName>().unwrap_err().contains("'acuracy'"));
    }

    /// `RIGHTLY_WRITE_DOCS=1` writes the page.
    #[test]
    fn the_page_holds_the_table() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md");
        let text = std::fs::read_to_string(page).unwrap();
        let (head, _) = text.split_once("## All metrics\n").unwrap();
        let now = format!("{head}## All metrics\n{}", as_markdown());
        if std::env::var_os("RIGHTLY_WRITE_DOCS").is_some() {
            std::fs::write(page, &now).unwrap();
        }
        assert_eq!(
            text, now,
            "docs/metrics.md is not what the code says; RIGHTLY_WRITE_DOCS=1 writes it"
        );
    }
}
