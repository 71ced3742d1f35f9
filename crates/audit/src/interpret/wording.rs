//! Titles and sentences, made of what was measured.

use rightly_stats::Estimate;

use super::{
    held::Contrast,
    phrase::{Candidate, Form, Joint, Part, Shown},
    phrase_test::Tested,
    role::{Role, reads_pictures},
    unnamed::{CUE, Subject},
};
use crate::prose::plural;

/// A title of a few words: "otters on the snow", "red otters", "otters that are not red", "red otters not on the snow", "red or
/// orange otters".
pub(super) fn title(class: &str, best: &Tested) -> String {
    let Candidate { parts, joint, .. } = &best.candidate;
    // "red or orange otters", but "otters that are red or on the snow".
    let leading = |part: &Part| part.form == Form::Before && part.present;
    let ahead = *joint == Joint::Both || parts.iter().all(leading);
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for part in parts {
        let phrase = &part.text;
        match (&part.form, part.present) {
            (Form::Before, true) if ahead => before.push(phrase.clone()),
            (Form::Before, true) => after.push(format!("that are {phrase}")),
            (Form::Before, false) => after.push(format!("that are not {phrase}")),
            (Form::After(words), true) => after.push(joined(&[words, phrase])),
            (Form::After(words), false) => after.push(joined(&["not", words, phrase])),
            (Form::Value(name), true) => after.push(format!("with {name} {phrase}")),
            (Form::Value(name), false) => after.push(format!("without {name} {phrase}")),
            (Form::Beside, true) => after.push(format!("with '{phrase}'")),
            (Form::Beside, false) => after.push(format!("without '{phrase}'")),
        }
    }
    let between = if *joint == Joint::Both { " " } else { joint.word() };
    let before = before.join(between);
    let after = after.join(joint.word());
    joined(&[&before, &classes(class), &after])
}

/// A group that most images of are what the phrase says: "cars, most of them violet or teal", "otters, most of them on the snow".
pub(super) fn most(class: &str, best: &Tested) -> String {
    let Candidate { parts, joint, .. } = &best.candidate;
    let said = parts.iter().map(|part| match &part.form {
        Form::Before => part.text.clone(),
        Form::After(words) => joined(&[words, &part.text]),
        Form::Value(name) => format!("with {name} {}", part.text),
        Form::Beside => format!("with '{}'", part.text),
    });
    let said = said.collect::<Vec<_>>().join(joint.word());
    format!("{}, most of them {said}", classes(class))
}

/// A group that an image-text model puts near to a phrase: "trees near the phrase 'pine tree'".
pub(super) fn near(class: &str, best: &Tested) -> String {
    format!("{} near the phrase '{}'", classes(class), best.candidate.text())
}

/// "12 % of 40 right, the rest 75 % of 160".
pub(super) fn figures(contrast: &Contrast) -> String {
    let Contrast { with, without, .. } = contrast;
    format!("{} right, the rest {}", of_images(with), of_images(without))
}

/// "92 % of 81 right with it, 7 % of 119 without it".
pub(super) fn cue_figures(contrast: &Contrast) -> String {
    let Contrast { with, without, .. } = contrast;
    format!("{} right with it, {} without it", of_images(with), of_images(without))
}

fn of_images(accuracy: &Estimate) -> String {
    format!("{:.0} % of {}", 100.0 * accuracy.value.unwrap_or(f64::NAN), accuracy.n)
}

/// Words with a blank between them, without those that are empty.
fn joined(words: &[&str]) -> String {
    words.iter().filter(|words| !words.is_empty()).copied().collect::<Vec<_>>().join(" ")
}

/// What a cue is: "snow", or "no snow".
pub(super) fn cue(best: &Tested) -> String {
    let words = best.candidate.parts.iter().map(|part| match &part.form {
        Form::Value(name) if part.present => format!("{name} {}", part.text),
        Form::Value(name) => format!("no {name} {}", part.text),
        _ => part.said(),
    });
    words.collect::<Vec<_>>().join(best.candidate.joint.word())
}

/// A sentence with the evidence behind the phrases, best first, and what it bears.
pub(super) fn sentence(subject: &Subject, phrases: &[&Tested], role: Option<Role>) -> String {
    let shown = &phrases[..phrases.len().min(SHOWN)];
    let said: Vec<String> = shown.iter().map(|phrase| evidence(phrase)).collect();
    let is_cue = subject.group == CUE;
    let others = if is_cue { "those that show it least" } else { "the rest of the class" };
    let shares = if shown.iter().any(|phrase| phrase.shares.is_some()) {
        format!("shares here and in {others}, ")
    } else {
        format!("beside {others}, ")
    };
    let n = shown.first().map_or(subject.confirm.images.len(), |phrase| phrase.auc.n);
    let bears = shown.first().and_then(|best| bears(best, role, is_cue, n));
    let bears = bears.map_or(String::new(), |bears| format!(" {bears}"));
    // The two ends of the ranking are a part of the class.
    let ends = if is_cue { " at the two ends of the ranking" } else { "" };
    format!(
        "In words: {}; {shares}on {n} images{ends} that had no part in choosing the words.{bears}",
        said.join(", ")
    )
}

/// What the evidence of the best phrase bears; `shares` is the number of images that its shares rest on.
fn bears(best: &Tested, role: Option<Role>, is_cue: bool, shares: usize) -> Option<String> {
    let interval = |e: &Estimate| {
        let [value, low, high] = [e.value, e.low, e.high].map(|v| 100.0 * v.unwrap_or(f64::NAN));
        format!("{value:.0} [{low:.0}, {high:.0}]")
    };
    let text = best.candidate.text();
    let Some(role) = role else {
        let only = best.candidate.shown == Shown::ContrastOnly;
        return (only && reads_pictures(best.candidate.source)).then(|| {
            format!("They go with the phrase '{text}' more than others do; that they show it, the image-text model does not say.")
        });
    };
    let contrast = best.contrast.as_ref();
    Some(match role {
        Role::Name => {
            let contrast = contrast?;
            let how = if is_cue { "higher" } else { "lower" };
            // The side that the title names: of what is missing it is the images without.
            let absent = matches!(&best.candidate.parts[..], [part] if !part.present);
            let (named, others) = match absent {
                true => (format!("without '{text}'"), "with it"),
                false => (format!("with '{text}'"), "without"),
            };
            let all = contrast.with.n + contrast.without.n;
            let all = if all == shares {
                format!("these {all} images")
            } else {
                format!("all {all} such images of the class")
            };
            format!(
                "Of {all}, the {} {named} are {} points {how} in accuracy than those {others}: the title's figures are theirs.",
                contrast.with.n,
                interval(&contrast.gap)
            )
        }
        Role::Most => {
            let own = contrast.map_or(String::new(), |c| {
                format!(
                    " All images of the class that have it: {}; the title's figures are the group's.",
                    figures(c)
                )
            });
            format!(
                "'{text}' is true of {} % of the group, where it is known.{own}",
                interval(&best.share)
            )
        }
        Role::Near => format!(
            "'{text}' is among the phrases nearest to the group's mean picture; of single pictures the image-text model is not \
             sure."
        ),
    })
}

/// Phrases of a sentence.
const SHOWN: usize = 3;

fn evidence(phrase: &Tested) -> String {
    let quoted = |part: &Part| {
        let alone = part.present || phrase.candidate.parts.len() == 1;
        match &part.form {
            Form::Value(name) if alone => format!("{name} '{}'", part.text),
            Form::Value(name) => format!("no {name} '{}'", part.text),
            _ if alone => format!("'{}'", part.text),
            _ => format!("'{}'", part.said()),
        }
    };
    let name: Vec<String> = phrase.candidate.parts.iter().map(quoted).collect();
    let name = name.join(phrase.candidate.joint.word());
    let figures = match phrase.shares {
        Some([inside, outside]) => {
            format!("{:.0} % against {:.0} %", 100.0 * inside, 100.0 * outside)
        }
        None if phrase.candidate.rises => "goes with these images more".to_owned(),
        None => "goes with these images less".to_owned(),
    };
    let area = [phrase.auc.value, phrase.auc.low, phrase.auc.high].map(|v| v.unwrap_or(f64::NAN));
    format!("{name} {figures} (AUC {:.2} [{:.2}, {:.2}])", area[0], area[1], area[2])
}

/// The class in the plural, where its name is a word; else as it is.
fn classes(class: &str) -> String {
    let spaced = class.replace('_', " ");
    let word = |c: char| c.is_ascii_alphabetic() || c == ' ';
    if !spaced.is_empty() && spaced.chars().all(word) && spaced == spaced.to_lowercase() {
        plural(&spaced)
    } else {
        format!("'{class}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interpret::phrase::{Had, Source};

    fn tested(form: Form, present: bool) -> Tested {
        let candidate = Candidate {
            parts: vec![Part { text: "snow".into(), form, present }],
            joint: Joint::Both,
            source: Source::Captions,
            rises: present,
            fitted: 0.8,
            fit: Vec::new(),
            scores: Vec::new(),
            has: Had::default(),
            of_parts: Vec::new(),
            shown: Shown::Said,
        };
        Tested {
            candidate,
            auc: Estimate {
                value: Some(0.8),
                low: Some(0.7),
                high: Some(0.9),
                n: 60,
                clusters: None,
            },
            score: None,
            p: 0.0,
            q: 0.0,
            shares: Some([0.75, 0.1]),
            share: Estimate {
                value: Some(0.9),
                low: Some(0.8),
                high: Some(0.96),
                n: 40,
                clusters: None,
            },
            share_outside: Some(0.1),
            contrast: Some(Contrast {
                with: Estimate { value: Some(0.2), n: 40, ..Estimate::default() },
                without: Estimate { value: Some(0.75), n: 160, ..Estimate::default() },
                gap: Estimate {
                    value: Some(0.55),
                    low: Some(0.4),
                    high: Some(0.67),
                    n: 40,
                    clusters: None,
                },
                of_group: 0.6,
                beyond_half: 0.1,
            }),
            of_parts: Vec::new(),
        }
    }

    #[test]
    fn titles_are_in_the_class_s_words() {
        let on = Form::After("on the".into());
        let fine = Form::Value("background".into());
        let cases = [
            ("otter", on.clone(), true, "otters on the snow"),
            ("otter", on, false, "otters not on the snow"),
            ("dog sled", Form::Before, true, "snow dog sleds"),
            ("aquatic_mammals", fine.clone(), true, "aquatic mammals with background snow"),
            ("n02123394", fine, false, "'n02123394' without background snow"),
            ("n02123394", Form::Beside, true, "'n02123394' with 'snow'"),
            ("otter", Form::Before, false, "otters that are not snow"),
        ];
        for (class, form, present, expected) in cases {
            assert_eq!(title(class, &tested(form, present)), expected);
        }
        let white = tested(Form::Before, true);
        assert_eq!(
            figures(white.contrast.as_ref().unwrap()),
            "20 % of 40 right, the rest 75 % of 160"
        );
        assert_eq!(most("otter", &white), "otters, most of them snow");
        assert_eq!(near("trees", &white), "trees near the phrase 'snow'");
        let mut two = tested(Form::Before, true);
        two.candidate.parts.push(Part {
            text: "street".into(),
            form: Form::After("on the".into()),
            present: false,
        });
        assert_eq!(title("bus", &two), "snow buses not on the street");
        assert_eq!(cue(&two), "snow and no street");

        let mut either = tested(Form::Before, true);
        either.candidate.joint = Joint::Either;
        let orange = Part { text: "orange".into(), form: Form::Before, present: true };
        either.candidate.parts.push(orange);
        assert_eq!(title("bucket", &either), "snow or orange buckets");
        either.candidate.parts[1].form = Form::After("on a".into());
        assert_eq!(title("bucket", &either), "buckets that are snow or on a orange");
    }

    #[test]
    fn a_sentence_shows_shares_and_the_area() {
        let subject = Subject {
            class: 0,
            group: "slices/1".into(),
            fit: Default::default(),
            confirm: super::super::unnamed::Side {
                images: (0..60).collect(),
                inside: vec![true; 60],
                ..Default::default()
            },
        };
        let one = tested(Form::Before, true);
        let evidence = "In words: 'snow' 75 % against 10 % (AUC 0.80 [0.70, 0.90]); shares here and in the rest of the class, on 60 \
             images that had no part in choosing the words.";
        assert_eq!(sentence(&subject, &[&one], None), evidence);
        let named = sentence(&subject, &[&one], Some(Role::Name));
        assert_eq!(
            named.strip_prefix(evidence).unwrap(),
            " Of all 200 such images of the class, the 40 with 'snow' are 55 [40, 67] points lower in accuracy than those without: \
             the title's figures are theirs."
        );
        let absent = tested(Form::Before, false);
        let absent = sentence(&subject, &[&absent], Some(Role::Name));
        assert!(absent.contains("the 40 without 'snow' are 55 [40, 67] points lower"), "{absent}");
        assert!(absent.contains("than those with it"), "{absent}");
        let most = sentence(&subject, &[&one], Some(Role::Most));
        assert!(
            most.contains("'snow' is true of 90 [80, 96] % of the group, where it is known. All"),
            "{most}"
        );
        let mut far = one;
        far.candidate.shown = Shown::ContrastOnly;
        far.candidate.source = Source::Phrases;
        let far = sentence(&subject, &[&far], None);
        assert!(far.contains("They go with the phrase 'snow' more than others do"), "{far}");
    }
}
