//! What the page says first: the run's verdict (`verdict.json`), and the figures that it rests on, a sentence each.
//!
//! The controls, noise and overlays add a sentence where their intervals leave zero out, or say that they don't.

use rightly_audit::verdict::Answer;

use crate::{
    format::{Unit, count, interval, number, percent, plural},
    view::{Figure, ReportView},
};

/// What the page says first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) judgement: String,
    /// `bad`, `good`, `mixed` or `none`.
    pub(crate) tone: &'static str,
    pub(crate) sentences: Vec<String>,
}

/// A name from the user in a sentence, isolated from the direction of its writing.
pub(crate) fn isolated(name: &str) -> String {
    format!("\u{2068}{name}\u{2069}")
}

pub(crate) fn verdict(view: &ReportView) -> Verdict {
    let model = &view.facts.model;
    let Some(answer) = &view.answer else {
        return Verdict {
            judgement: "No image could be evaluated.".to_owned(),
            tone: "none",
            sentences: Vec::new(),
        };
    };
    let tone = match answer.verdict {
        Answer::RightReasons => "good",
        Answer::LeansOnSurroundings | Answer::Meaningless => "bad",
        Answer::FailsOnSubgroups | Answer::Mixed => "mixed",
        Answer::NotShown => "none",
    };
    Verdict {
        judgement: answer.sentence.replacen(model.as_str(), &isolated(model), 1),
        tone,
        sentences: evidence(view),
    }
}

/// The figures behind the verdict.
fn evidence(view: &ReportView) -> Vec<String> {
    let model = isolated(&view.facts.model);
    let Some(clean) = view.figures.all("accuracy", Some("none")) else {
        return match view.ranks.is_some() || view.groups.is_some() {
            true => vec![format!(
                "How far {model} relies on the object was not measured in this run ('rightly evaluate' does that)."
            )],
            false => vec!["What could not be used, and why, is listed below.".to_owned()],
        };
    };
    let right = format!(
        "{} ({}, {})",
        Unit::Percent.figure(clean),
        interval(clean, Unit::Percent),
        count(clean)
    );
    if view.at_chance {
        return vec![format!(
            "It names the right class in {right}. While that is so, every figure about reliance below is meaningless. Usually the \
             preprocessing, the labels or the label map are wrong."
        )];
    }
    if view.too_few {
        return vec![format!(
            "It names the right class in {right}. So few images can't tell any model from one that never looks at the picture; give \
             more of them before a figure about reliance below is read."
        )];
    }
    let mut sentences = Vec::new();
    match hidden(view) {
        None => sentences.push(format!("It is right in {right}.")),
        Some(Hidden { how, condition, left, before }) => {
            sentences.push(format!(
                "With {how} {model} still names the right class in {} of images ({}, {}), against \
                 {} of the same images as photographed.",
                Unit::Percent.figure(left),
                interval(left, Unit::Percent),
                count(left),
                percent(before),
            ));
            sentences.extend(default_answer(view, condition, &model));
        }
    }
    sentences.extend(control(view));
    sentences.extend(noise(view));
    sentences.extend(overlays(view));
    sentences
}

/// The condition that hides most of the object.
struct Hidden<'a> {
    how: &'static str,
    condition: &'static str,
    /// Accuracy left.
    left: &'a Figure,
    /// Clean accuracy of the same images.
    before: f64,
}

fn hidden(view: &ReportView) -> Option<Hidden<'_>> {
    [
        ("gray-box", "the object's box grayed out"),
        ("gray", "the object grayed out"),
        ("tile", "the object tiled over"),
    ]
    .into_iter()
    .find_map(|(condition, how)| {
        let left = view.figures.all("accuracy", Some(condition))?;
        let drop = view.figures.all("drop", Some(condition))?;
        Some(Hidden { how, condition, left, before: left.value? + drop.value? })
    })
}

/// Share of images from which what the default answer reaches is said.
const DEFAULT: f64 = 0.05;

/// What of the accuracy without the object the default answer reaches, which does not count.
fn default_answer(view: &ReportView, condition: &str, model: &str) -> Option<String> {
    let measured = |metric: &str| view.figures.all(metric, Some(condition));
    match measured("default-answer").zip(measured("beyond-default")) {
        Some((default, beyond)) => (default.value? >= DEFAULT).then(|| {
            format!(
                "Answers that {model} gives to such pictures whatever their class reach {} by themselves (its default answer); {} lie \
                 beyond that ({}), and only these count.",
                Unit::Percent.figure(default),
                Unit::Percent.figure(beyond),
                interval(beyond, Unit::Percent),
            )
        }),
        None => {
            let most = largest_class(view, condition);
            (most >= DEFAULT).then(|| {
                format!(
                    "What {model} answers to such pictures whatever their class was not measured; one answer to all of them could be \
                     right in up to {}, which may not count.",
                    percent(most)
                )
            })
        }
    }
}

/// Share of the images that are of the largest class: what one answer to all of them can reach.
fn largest_class(view: &ReportView, condition: &str) -> f64 {
    let rows = view.figures.of("accuracy", Some(condition));
    let classes = rows.filter(|f| !matches!(f.class.as_deref(), Some("*" | "mean") | None));
    let sizes: Vec<usize> = classes.map(|f| f.n).collect();
    let largest = sizes.iter().copied().max().unwrap_or(0);
    match sizes.iter().sum::<usize>() {
        // Nothing is known of the classes.
        0 => 1.0,
        all => largest as f64 / all as f64,
    }
}

/// Whether graying the object costs more than graying as much elsewhere.
pub(crate) fn control(view: &ReportView) -> Option<String> {
    let moved = view.figures.all("gray-control", Some("gray"))?;
    let excess = view.figures.all("gray-excess", Some("gray"))?;
    let (low, high) = excess.interval()?;
    let cost = format!(
        "Graying the same shape beside the object costs {} points",
        number(100.0 * moved.value?, 1)
    );
    let more = format!(
        "{} points ({}, {})",
        number(100.0 * excess.value?.abs(), 1),
        interval(excess, Unit::Points),
        count(excess)
    );
    Some(if low > 0.0 {
        format!("{cost}; graying the object costs {more} more.")
    } else if high < 0.0 {
        format!(
            "{cost}, even {more} more than graying the object: gray patches as such mislead it."
        )
    } else {
        format!(
            "{cost}; that graying the object itself costs more is not shown (difference {}).",
            more
        )
    })
}

/// What the relative foreground sensitivity says at its control level.
pub(crate) fn noise(view: &ReportView) -> Option<String> {
    let levels = view.figures.conditions("rfs");
    let level = ["linf/0.25"]
        .into_iter()
        .find(|l| levels.contains(l))
        .or_else(|| levels.first().copied())?;
    let rfs = best(view, "rfs", level)?;
    // RFS has no interval where too few images hold the rarer outcome; the plain difference then tells the direction.
    let (figure, called, unit) = match rfs.interval() {
        Some(_) => (rfs, "RFS", Unit::Signed),
        None => (best(view, "noise-gap", level)?, "accuracies differ by", Unit::Points),
    };
    let (low, high) = figure.interval()?;
    let tail = format!(
        "({called} {}, {}, {})",
        unit.figure(figure),
        interval(figure, unit),
        count(figure)
    );
    Some(if low > 0.0 {
        format!("Noise on the object hurts it more than noise around it {tail}.")
    } else if high < 0.0 {
        format!("Noise around the object hurts it more than noise on it {tail}.")
    } else {
        format!(
            "That noise on the object hurts it more or less than noise around it is not shown {tail}."
        )
    })
}

/// The mean of the classes where it has an interval (the papers' figure), else all images.
pub(crate) fn best<'a>(view: &'a ReportView, metric: &str, condition: &str) -> Option<&'a Figure> {
    let mean = view.figures.mean(metric, Some(condition));
    let all = view.figures.all(metric, Some(condition));
    let with_interval = |f: &&Figure| f.interval().is_some();
    mean.filter(with_interval).or_else(|| all.filter(with_interval)).or(mean).or(all)
}

pub(crate) fn overlays(view: &ReportView) -> Vec<String> {
    let conditions = view.figures.conditions("logit-rise");
    let patterns = conditions.iter().filter(|c| !c.ends_with("/control"));
    patterns
        .filter_map(|&condition| {
            let name = condition.strip_prefix("overlay/").unwrap_or(condition);
            let top = view.figures.of("logit-rise", Some(condition)).find(|f| f.value.is_some())?;
            let output = isolated(top.class.as_deref()?);
            let control = format!("{condition}/control");
            let plain = view.figures.find("logit-rise", Some(&control), top.class.as_deref()?);
            let beside = plain.map_or_else(String::new, |p| {
                format!("; the same opacity without the pattern: {}", Unit::Signed.figure(p))
            });
            Some(format!(
                "The overlay {} raises {output} most of all outputs (logit {}, {}, {}{beside}).",
                isolated(name),
                Unit::Signed.figure(top),
                interval(top, Unit::Signed),
                count(top),
            ))
        })
        .collect()
}

/// Share of images with a near-copy from which the reader has to know.
const NEAR_COPIES: f64 = 0.1;

/// That fewer images are independent than there are, where intervals count images.
pub(crate) fn near_copies(view: &ReportView) -> Option<String> {
    let share = view.figures.all("near-copies", None)?;
    let scenes = view.figures.all("scenes", None)?.value?;
    (share.value? >= NEAR_COPIES && view.facts.cluster.is_none()).then(|| {
        format!(
            "Near-copies: these {} show at most {} different scenes, so intervals that count images may be too narrow.",
            plural(share.n, "image"),
            number(scenes, 0)
        )
    })
}

/// What an empty list of findings means: the effect that this many images could have shown.
pub(crate) fn nothing_found(view: &ReportView) -> String {
    let could = ["gray-box", "gray", "overlay"].into_iter().find_map(|condition| {
        let drop = view.figures.all("drop", Some(condition))?;
        let (low, high) = drop.interval()?;
        // 2.8 standard errors are seen in four of five repetitions at the 5 % level.
        let visible = 2.8 * (high - low) / (2.0 * 1.96);
        Some(format!(
            " At this size ({}) a change of accuracy of about {} points over all images would have \
             been seen in four of five repetitions; smaller ones may be there.",
            count(drop),
            number(100.0 * visible, 1)
        ))
    });
    let classes = view.figures.of("accuracy", Some("none"));
    let named = classes.filter(|f| !matches!(f.class.as_deref(), Some("*" | "mean") | None));
    let sizes: Vec<usize> = named.map(|f| f.n).collect();
    let large = sizes.iter().filter(|&&n| n >= 20).count();
    format!(
        "Nothing was found.{} Single classes are judged from 20 images on: {large} of {} had them.",
        could.unwrap_or_else(String::new),
        plural(sizes.len(), "class").replace("classs", "classes"),
    )
}
