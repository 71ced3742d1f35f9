//! Titles and sentences of a language model, about names that hold.

use std::collections::{BTreeMap, BTreeSet};

use rightly_data::Problem;

use super::{
    InterpretOptions, STAGE, material::Material, naming::Named, pictures::Pass, role::Role,
};
use crate::{
    Error, Event, Inputs,
    language::{Evidence, LanguageModel, LanguageOptions, Phrase, Said, Words},
    prose::{forms, is_function_word},
    run::StageRecord,
};

/// What is done where the model's words can't be used, and where it has none.
const KEPT: &str = "the template's words stay";
const OPEN: &str = "the template's words stay; the next run asks again";
/// Images of either kind whose captions and names are shown.
const SHOWN: usize = 12;

/// What the language model says of each name, in the order of `named`; what went wrong is a problem, and the template stays.
///
/// # Errors
/// The endpoint's address or the key can't be used.
pub(super) fn tell(
    inputs: &Inputs,
    options: &InterpretOptions,
    material: &Material<'_>,
    named: &[Named<'_>],
    pass: &Pass<'_>,
) -> Result<(BTreeMap<usize, Words>, Vec<Problem>), Error> {
    let mut out = BTreeMap::new();
    let mut problems = Vec::new();
    let Some(endpoint) = &options.language else { return Ok((out, problems)) };
    let (run, stop) = (pass.run, pass.stop);
    let cache = run.path(".work/language");
    let patience = LanguageOptions::default();
    let model = LanguageModel::new(&endpoint.url, &endpoint.model, cache, patience)?;
    // Only a name stands alone in a title; what is said of a group's part keeps the template's words.
    for (at, name) in named.iter().enumerate().filter(|(_, name)| name.role == Some(Role::Name)) {
        let said = model.say(&evidence(inputs, material, name), stop);
        for file in model.damaged() {
            let text = format!("{}: was changed since it was written; asked again", file.display());
            (pass.sink)(Event::Damaged(text));
        }
        // Captions are shown too, but only phrases have passed a test.
        if let Said::Words(words) = &said
            && !keeps_to(&words.title, name)
        {
            let what = "the language model's title says nothing of what holds";
            problems.push(problem(name, what, KEPT));
            continue;
        }
        if stop.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        let action = if matches!(said, Said::Silent(_)) { OPEN } else { KEPT };
        problems.extend(said.problem().map(|what| problem(name, &what, action)));
        if let Said::Words(words) = said {
            out.insert(at, words);
        }
    }
    Ok((out, problems))
}

/// Whether a question had no answer; those that had one are not asked again.
pub(super) fn is_open(record: &StageRecord) -> bool {
    record.problems.iter().any(|problem| problem.action == OPEN)
}

fn problem(name: &Named<'_>, what: &str, action: &str) -> Problem {
    Problem {
        image: format!("{} {}", name.class, name.subject.group),
        stage: STAGE.to_owned(),
        problem: what.to_owned(),
        action: action.to_owned(),
    }
}

/// Whether a title has a word of meaning of a phrase that holds.
fn keeps_to(title: &str, name: &Named<'_>) -> bool {
    let words = |text: &str| -> BTreeSet<String> {
        let lower = text.to_lowercase();
        let parts = lower.split(|c: char| !c.is_alphanumeric());
        parts.filter(|w| !w.is_empty() && !is_function_word(w)).flat_map(forms).collect()
    };
    let title = words(title);
    let parts = name.phrases.iter().flat_map(|tested| &tested.candidate.parts);
    parts.into_iter().any(|part| !words(&part.text).is_disjoint(&title))
}

fn evidence(inputs: &Inputs, material: &Material<'_>, name: &Named<'_>) -> Evidence {
    let samples = &inputs.dataset.samples;
    let confirm = &name.subject.confirm;
    let of = |inside: bool| -> Vec<usize> {
        let own = confirm.images.iter().zip(&confirm.inside).filter(|(_, own)| **own == inside);
        own.map(|(at, _)| *at).take(SHOWN).collect()
    };
    let captions = |of: &[usize]| -> Vec<String> {
        of.iter().filter_map(|&at| material.captions(at).first().cloned()).collect()
    };
    let (inside, outside) = (of(true), of(false));
    let phrase = |tested: &&super::phrase_test::Tested| Phrase {
        phrase: super::wording::title(name.class, tested),
        score: tested.auc.value.unwrap_or(f64::NAN),
        source: tested.candidate.source.name().to_owned(),
    };
    Evidence {
        class: name.class.to_owned(),
        phrases: name.phrases.iter().map(phrase).collect(),
        typical: captions(&inside),
        contrast: captions(&outside),
        files: inside.iter().map(|&at| samples[at].id.clone()).collect(),
    }
}
