//! A first look in words.

use rightly_model::{Classifier, EngineKind, ModelError, OutputKind};

use super::{FirstLook, SecondOpinion, compare::Compared};
use crate::{
    Error,
    prose::{counted, difference},
};

/// Difference of two engines' values from which it is said, beyond rounding.
const OTHER: f64 = 0.01;
/// Images that a message names.
const NAMED: usize = 3;

impl FirstLook {
    /// What the run rests on, a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let second = match &self.second {
            None => String::new(),
            Some(second) => format!("; {}", second.sentence(self.images)),
        };
        format!("engine: {}{second}", self.engine)
    }

    /// What has to be said even where nothing else is: two engines differ, and the user named one.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let second = self.second.as_ref()?;
        (!second.other_answers.is_empty()).then(|| self.sentence())
    }
}

/// What an output holds, in words.
#[must_use]
pub fn output(kind: OutputKind) -> &'static str {
    match kind {
        OutputKind::Logits => "logits; confidence is their softmax",
        OutputKind::Probabilities => "probabilities; confidence is the output itself",
        OutputKind::Independent => {
            "a probability for each class by itself; confidence is the output itself, loss is -ln of it"
        }
    }
}

impl SecondOpinion {
    /// How far the second engine agrees on so many images.
    fn sentence(&self, images: usize) -> String {
        if images == 0 {
            return format!(
                "{} was not asked: none of the first images could be read",
                self.engine
            );
        }
        let differences =
            format!("on {} ({})", counted(images, "image"), difference(self.largest_difference));
        if self.other_answers.is_empty() {
            let values = if self.largest_difference > OTHER { " with OTHER VALUES" } else { "" };
            return format!("{} gives the same answers{values} {differences}", self.engine);
        }
        format!(
            "{} gives OTHER ANSWERS to {} of them {differences}",
            self.engine,
            named(&self.other_answers)
        )
    }

    /// Title and description of the finding where answers differ.
    pub(crate) fn finding(&self, look: &FirstLook) -> Option<(String, String)> {
        if self.other_answers.is_empty() {
            return None;
        }
        let description = format!(
            "{} of {} that both ran have another answer: {}. The run goes on with {} because --engine names it; {} says \
             otherwise ({}). One of the two computes an operator of this model wrongly: compare with \
             the framework that the model comes from before any figure is believed.",
            self.other_answers.len(),
            counted(look.images, "image"),
            named(&self.other_answers),
            look.engine,
            self.engine,
            difference(self.largest_difference),
        );
        Some(("two engines give different answers".to_owned(), description))
    }
}

fn named(images: &[String]) -> String {
    let shown: Vec<String> = images.iter().take(NAMED).map(|id| format!("'{id}'")).collect();
    let rest = images.len().saturating_sub(NAMED);
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    shown.join(", ") + &more
}

/// Both engines' speeds.
pub(super) fn rates(names: [&str; 2], rates: [f64; 2], images: usize) -> String {
    format!(
        "first look at {}: {} {} images a second on a core, {} {}",
        counted(images, "image"),
        names[0],
        rate(rates[0]),
        names[1],
        rate(rates[1])
    )
}

fn rate(rate: f64) -> String {
    if rate >= 10.0 { format!("{rate:.0}") } else { format!("{rate:.2}") }
}

/// Why there is no second engine.
pub(super) fn no_other(own: EngineKind, why: &ModelError) -> String {
    match own {
        EngineKind::Rten if EngineKind::OnnxRuntime.available().is_err() => {
            "ONNX Runtime is not here: it would give a second opinion and is often faster ('pip install onnxruntime')"
                .to_owned()
        }
        _ => format!("no other engine runs this model: {why}"),
    }
}

/// Two engines that give different answers, where the user named none.
pub(super) fn disagreement(own: &Classifier, other: &str, compared: &Compared) -> Error {
    let advice = if EngineKind::OnnxRuntime.available().is_ok() {
        "take '--engine onnxruntime', the reference for this format"
    } else {
        "get ONNX Runtime, the reference for this format ('pip install onnxruntime'), and take '--engine onnxruntime'"
    };
    Error::Usage(format!(
        "{}: {} and {other} give different answers to {} ({}), so that no figure could be \
         believed; {advice}. An engine that is named goes on, and the report says so",
        own.path().display(),
        own.engine().version(),
        named(&compared.other_answers),
        difference(compared.largest),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_answers_by_other_values_are_no_agreement() {
        let said = |largest_difference: f64| {
            let engine = "another".to_owned();
            SecondOpinion { engine, largest_difference, other_answers: Vec::new() }.sentence(8)
        };
        assert_eq!(
            said(2e-5),
            "another gives the same answers on 8 images (largest difference below 0.0001)"
        );
        assert!(said(0.81).starts_with("another gives the same answers with OTHER VALUES on 8"));
    }
}
