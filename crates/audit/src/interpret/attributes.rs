//! Words from the table's attributes: values that are more frequent inside than outside.

use rightly_data::dataset::Attribute;
use rightly_stats::{association::TwoByTwo, auc::auc};

use super::{
    phrase::{Candidate, Form, Had, Joint, Part, Shown, Source},
    unnamed::{Side, Subject},
};

/// Values that are tested.
const TESTED: usize = 6;
/// Largest p-value on the fitting side.
const CLEAR: f64 = 0.05;

/// The values that separate the fitting images most clearly, best first.
pub(super) fn candidates(attributes: &[Attribute], subject: &Subject) -> Vec<Candidate> {
    let mut out = Vec::new();
    for attribute in attributes.iter().filter(|a| a.is_used()) {
        for (value, name) in attribute.categories.iter().enumerate() {
            let on = |side: &Side| -> Vec<f64> {
                let has = |&at: &usize| f64::from(u8::from(attribute.values[at] == Some(value)));
                side.images.iter().map(has).collect()
            };
            let fit = on(&subject.fit);
            let with: Vec<bool> = fit.iter().map(|&v| v > 0.5).collect();
            if TwoByTwo::count(&subject.fit.inside, &with).fisher() > CLEAR {
                continue;
            }
            let Some(area) = auc(&fit, &subject.fit.inside).value else { continue };
            let present = area > 0.5;
            let form = Form::Value(attribute.name.clone());
            out.push(Candidate {
                parts: vec![Part { text: name.clone(), form, present }],
                joint: Joint::Both,
                source: Source::Attributes,
                rises: present,
                fitted: area.max(1.0 - area),
                fit,
                scores: on(&subject.confirm),
                has: Had::of(&subject.confirm, |at| {
                    attribute.values[at].map(|own| (own == value) == present)
                }),
                of_parts: Vec::new(),
                shown: Shown::Said,
            });
        }
    }
    out.sort_by(|a, b| b.fitted.total_cmp(&a.fitted));
    out.truncate(TESTED);
    out
}
