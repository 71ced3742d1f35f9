//! `breeds:TASK,IMAGENET`: superclasses as classes, ImageNet's classes as their subgroups.
//!
//! Santurkar, Tsipras, Madry: "BREEDS: Benchmarks for Subpopulation Shift", ICLR 2021. A task divides the subclasses of each
//! superclass into source (trained on) and target (met afterwards).
use super::{Sample, builder::Builder, layouts, synsets::synset_of, tree::Tree};
use crate::DataError;
use serde::Deserialize;
use std::{collections::BTreeMap, path::Path};

/// The attribute that holds the subclass, a synset.
const SUBCLASS: &str = "subclass";

#[derive(Deserialize)]
struct Tasks {
    task: Vec<Task>,
}

/// A task: its superclasses in the benchmark's order.
#[derive(Deserialize)]
struct Task {
    name: String,
    classes: Vec<Superclass>,
}

/// A superclass with the outputs of its subclasses.
#[derive(Deserialize)]
struct Superclass {
    name: String,
    source: Vec<usize>,
    target: Vec<usize>,
}

/// `IMAGENET` has the folders train and val, each of class folders named by synset. Splits are `train` and `val` (source
/// subclasses), `target-train` and `target-val` (target subclasses).
pub(super) fn open(rest: &str) -> Result<Builder, DataError> {
    let (task, root) = rest.split_once(',').unwrap_or((rest, ""));
    let tasks = tasks()?;
    let Some(task) = tasks.iter().find(|t| t.name == task) else {
        let known: Vec<&str> = tasks.iter().map(|t| t.name.as_str()).collect();
        return Err(DataError::invalid(
            format!("breeds:{rest}"),
            format!("expected breeds:TASK,IMAGENET with one of the tasks {}", known.join(", ")),
        ));
    };
    let root = Path::new(root);
    let splits: Vec<&str> =
        ["train", "val"].into_iter().filter(|s| root.join(s).is_dir()).collect();
    if splits.is_empty() {
        return Err(DataError::invalid(
            root,
            format!(
                "expected ImageNet's folders train and val, each with class folders such as n01440764 ({})",
                layouts::usage("breeds")
            ),
        ));
    }
    let mut draft = Builder::with_classes(task.classes.iter().map(|c| c.name.as_str()));
    draft.data.attributes = vec![SUBCLASS.to_owned()];
    // An ImageNet model is right where it answers with any subclass of the superclass.
    let all = |c: &Superclass| c.source.iter().chain(&c.target).copied().collect::<Vec<usize>>();
    draft.data.outputs = Some(task.classes.iter().map(all).collect());
    let mut of: BTreeMap<usize, (usize, bool)> = BTreeMap::new();
    for (class, superclass) in task.classes.iter().enumerate() {
        of.extend(superclass.source.iter().map(|&output| (output, (class, false))));
        of.extend(superclass.target.iter().map(|&output| (output, (class, true))));
    }
    let mut missing = Vec::new();
    for split in splits {
        for (&output, &(class, target)) in &of {
            let Some(synset) = synset_of(output) else { continue };
            let folder = root.join(split).join(synset);
            if !folder.is_dir() {
                missing.push(format!("{split}/{synset}"));
                continue;
            }
            let tree = Tree::walk(&folder, None)?;
            for (name, what) in tree.problems {
                draft.problem(format!("{split}/{synset}/{name}"), what, "left out");
            }
            let split_name = if target { format!("target-{split}") } else { split.to_owned() };
            for name in tree.images {
                let id = format!("{split}/{synset}/{name}");
                draft.sample(id.clone(), root.join(&id), class, Some(split_name.clone()), None);
                if let Some(last) = draft.data.samples.last_mut() {
                    *last = Sample {
                        group: Some(synset.to_owned()),
                        attributes: vec![Some(synset.to_owned())],
                        ..last.clone()
                    };
                }
            }
        }
    }
    draft.sort_samples();
    if !missing.is_empty() {
        draft.note(format!(
            "{} class folders of the task are not there, the first is {}.",
            missing.len(),
            missing[0]
        ));
    }
    draft.note(format!(
        "{}: source subclasses are in the splits 'train' and 'val', target subclasses in 'target-train' and 'target-val'; \
         an output of ImageNet's 1,000 counts as right where it is any subclass of the superclass.",
        task.name
    ));
    Ok(draft)
}

fn tasks() -> Result<Vec<Task>, DataError> {
    toml::from_str::<Tasks>(include_str!("breeds.toml"))
        .map(|tasks| tasks.task)
        .map_err(|error| DataError::invalid("breeds.toml", error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_tasks_have_the_sizes_of_the_benchmark() {
        let tasks = tasks().unwrap();
        let sizes: Vec<(&str, usize, usize)> = tasks
            .iter()
            .map(|t| (t.name.as_str(), t.classes.len(), t.classes[0].source.len()))
            .collect();
        assert_eq!(
            sizes,
            [
                ("entity13", 13, 10),
                ("entity30", 30, 4),
                ("living17", 17, 2),
                ("nonliving26", 26, 2)
            ]
        );
        for task in &tasks {
            let mut seen: Vec<usize> = task
                .classes
                .iter()
                .flat_map(|c| c.source.iter().chain(&c.target))
                .copied()
                .collect();
            let n = seen.len();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), n, "a subclass belongs to one superclass ({})", task.name);
            assert!(seen.iter().all(|&o| o < 1000 && synset_of(o).is_some()));
        }
    }
}
