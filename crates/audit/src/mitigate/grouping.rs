//! The groups that a repair is to serve, and who belongs to them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
};

use rightly_data::{DataError, dataset::typed_attributes, table::Table};
use rightly_model::heads::robust::Groups;

use super::STAGE;
use crate::{
    Error, Inputs, RunDir, discover, fit_confirm::FitConfirm, inputs::Names, methods::Method,
    run::Key,
};

/// One group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) class: usize,
    /// `METHOD/K` or the known value; none: images of the class that are in no group.
    pub(super) name: Option<String>,
}

/// Where an image belongs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    /// Index into the groups.
    pub(super) group: usize,
    /// Shares of groups of its class, of sum 1.
    pub(super) soft: Vec<(usize, f32)>,
}

/// Groups of every class, with what is known of images.
pub(super) struct Grouping {
    /// Of each class its named groups in order, then the one of images in none.
    pub(super) groups: Vec<Group>,
    /// By sample.
    pub(super) members: BTreeMap<usize, Member>,
    /// Images in which groups were looked for: they train and choose, in folds.
    pub(super) fit: Vec<usize>,
    pub(super) report: Vec<usize>,
    /// Splits of both; the same where one was dealt.
    pub(super) splits: [String; 2],
    /// What the groups are, a sentence.
    pub(super) words: String,
    /// Changes with them.
    pub(super) key: String,
}

impl Grouping {
    /// Groups of `discover`, of a column, or of a file; see [`super::MitigateOptions::groups`].
    ///
    /// # Errors
    /// They are not there, or can't be read.
    pub(super) fn find(
        inputs: &Inputs,
        run: &RunDir,
        wanted: Option<&str>,
        splits: [Option<&str>; 2],
    ) -> Result<Self, Error> {
        let Some(name) = wanted else { return Self::discovered(inputs, run, None) };
        if name.parse::<Method>().is_ok() {
            return Self::discovered(inputs, run, Some(name));
        }
        let parts = FitConfirm::choose(inputs, splits[0], splits[1])?;
        if let Some(values) = column(inputs, name) {
            let words = format!("Groups: the values of '{name}' within each class.");
            return Self::known(inputs, parts, values, words, name);
        }
        let path = Path::new(name);
        if path.is_file() {
            let values = file(inputs, path)?;
            let words = format!("Groups: those of {}.", path.display());
            return Self::known(inputs, parts, values, words, &crate::run::hash_file(path)?);
        }
        Err(Error::Usage(format!(
            "--groups {name}: no method of discover, column of the data, or file of this name"
        )))
    }

    fn discovered(inputs: &Inputs, run: &RunDir, method: Option<&str>) -> Result<Self, Error> {
        let missing = |what: &str| {
            Error::Usage(format!(
                "{}: {what}; run discover first, or name known groups with --groups COLUMN",
                run.root().display()
            ))
        };
        let Some(record) = run.stage(discover::STAGE)? else {
            return Err(missing("no subgroups to repair for"));
        };
        let manifest = run.manifest()?;
        let stage = manifest.stages.get(discover::STAGE);
        let lacks = |name: &str| {
            let message = format!("run.toml lacks '{name}' of discover; run discover again");
            Error::run(run.root(), message)
        };
        let option = |name: &str| stage.and_then(|table| table.get(name));
        let text = |name: &str| -> Result<String, Error> {
            let value = option(name).and_then(toml::Value::as_str);
            Ok(value.ok_or_else(|| lacks(name))?.to_owned())
        };
        let first = option("method").and_then(|m| m.as_array()?.first()?.as_str());
        let method = method.or(first).ok_or_else(|| lacks("method"))?.to_owned();
        let rows = Rows::read(inputs, run, &method)?;
        if rows.0.is_empty() {
            return Err(missing(&format!(
                "no class has groups of '{method}' (its notes say which classes were too small)"
            )));
        }
        let mut counts = vec![0; inputs.dataset.classes.len()];
        for row in &rows.0 {
            let count: &mut usize = &mut counts[inputs.dataset.samples[row.sample].class];
            *count = (*count).max(row.soft.len()).max(row.group.unwrap_or(0));
        }
        let names = |class: usize| (1..=counts[class]).map(|k| format!("{method}/{k}")).collect();
        let (groups, first) = numbered(inputs.dataset.classes.len(), names);
        let mut out = Self {
            groups,
            members: BTreeMap::new(),
            fit: Vec::new(),
            report: Vec::new(),
            splits: [text("fit_split")?, text("confirm_split")?],
            words: format!("Groups: the subgroups that '{method}' found."),
            key: Key::new("groups", inputs.revisions.of(STAGE))
                .with("discover", &record.key)?
                .with("method", &method)?
                .finish(),
        };
        for row in rows.0 {
            let class = inputs.dataset.samples[row.sample].class;
            let rest = first[class] + counts[class];
            let group = row.group.map_or(rest, |k| first[class] + k - 1);
            let sum: f32 = row.soft.iter().sum();
            let soft = if sum > 0.0 {
                let shares = row.soft.iter().enumerate().filter(|(_, share)| **share > 0.0);
                shares.map(|(k, share)| (first[class] + k, share / sum)).collect()
            } else {
                vec![(group, 1.0)]
            };
            out.members.insert(row.sample, Member { group, soft });
            if row.fits { &mut out.fit } else { &mut out.report }.push(row.sample);
        }
        out.fit.sort_unstable();
        out.report.sort_unstable();
        Ok(out)
    }

    /// Known groups: a value for each image, or none.
    fn known(
        inputs: &Inputs,
        parts: FitConfirm,
        values: Vec<Option<String>>,
        words: String,
        key: &str,
    ) -> Result<Self, Error> {
        let samples = &inputs.dataset.samples;
        let mut of_class = vec![BTreeSet::new(); inputs.dataset.classes.len()];
        for (sample, value) in samples.iter().zip(&values) {
            if let Some(value) = value {
                of_class[sample.class].insert(value.clone());
            }
        }
        if of_class.iter().all(BTreeSet::is_empty) {
            return Err(Error::Usage("no image of the data has one of these groups".to_owned()));
        }
        let names = |class: usize| of_class[class].iter().cloned().collect();
        let (groups, first) = numbered(of_class.len(), names);
        let member = |(at, value): (usize, &Option<String>)| {
            let class = samples[at].class;
            let own = &of_class[class];
            let place = value.as_ref().and_then(|v| own.iter().position(|o| o == v));
            let group = first[class] + place.unwrap_or(own.len());
            (at, Member { group, soft: vec![(group, 1.0)] })
        };
        Ok(Self {
            groups,
            members: values.iter().enumerate().map(member).collect(),
            words: format!("{words} {}", parts.words),
            key: Key::new("groups", inputs.revisions.of(STAGE))
                .with("of", key)?
                .with("parts", &parts.words)?
                .with("values", &values)?
                .finish(),
            fit: parts.fit,
            report: parts.confirm,
            splits: parts.splits,
        })
    }

    /// Indices of the groups of a class, the one of images in none last.
    pub(super) fn of_class(&self, class: usize) -> Vec<usize> {
        (0..self.groups.len()).filter(|&at| self.groups[at].class == class).collect()
    }
}

/// Each row wholly in its group.
pub(super) fn hard(members: &[&Member], count: usize) -> Result<Groups, Error> {
    let of: Vec<usize> = members.iter().map(|member| member.group).collect();
    Ok(Groups::hard(&of, count)?)
}

/// Each row by its shares.
pub(super) fn shares(members: &[&Member], count: usize) -> Result<Groups, Error> {
    Ok(Groups::sparse(members.iter().map(|member| member.soft.as_slice()), count)?)
}

/// The domain of each group, and their number: groups of one name in all classes are one, as the k-th components of DIM's
/// classes are (`di_soft`), and so is what is in none.
pub(super) fn domains(groups: &[Group]) -> (Vec<usize>, usize) {
    let names: BTreeSet<Option<&str>> = groups.iter().map(|group| group.name.as_deref()).collect();
    let names: Vec<Option<&str>> = names.into_iter().collect();
    let of = |group: &Group| {
        names
            .binary_search(&group.name.as_deref())
            .expect("the list has every name: by construction")
    };
    (groups.iter().map(of).collect(), names.len())
}

/// Names of each class and the one for the rest, in one list; the first index of each class.
fn numbered(classes: usize, names: impl Fn(usize) -> Vec<String>) -> (Vec<Group>, Vec<usize>) {
    let (mut groups, mut first) = (Vec::new(), Vec::new());
    for class in 0..classes {
        first.push(groups.len());
        groups.extend(names(class).into_iter().map(|name| Group { class, name: Some(name) }));
        groups.push(Group { class, name: None });
    }
    (groups, first)
}

/// Values of `group` or of an attribute; `None` where there is no such column.
pub(super) fn column(inputs: &Inputs, name: &str) -> Option<Vec<Option<String>>> {
    let samples = &inputs.dataset.samples;
    if name == "group" && samples.iter().any(|s| s.group.is_some()) {
        return Some(samples.iter().map(|s| s.group.clone()).collect());
    }
    let typed = typed_attributes(&inputs.dataset, inputs.options.cluster.as_deref());
    let attribute = typed.into_iter().find(|a| a.name == name)?;
    let value = |at: &Option<usize>| at.map(|at| attribute.categories[at].clone());
    Some(attribute.values.iter().map(value).collect())
}

/// A table `id` (or `image`), `group`.
fn file(inputs: &Inputs, path: &Path) -> Result<Vec<Option<String>>, Error> {
    let invalid = |message: String| Error::Data(DataError::invalid(path, message));
    let text = rightly_data::dataset::TextTable::read(path)?;
    let find = |name: &str| text.columns.iter().position(|c| c == name);
    let id = find("id").or_else(|| find("image"));
    let (Some(id), Some(group)) = (id, find("group")) else {
        return Err(invalid("expected the columns 'id' (or 'image') and 'group'".to_owned()));
    };
    let names = Names::new(&inputs.dataset, path);
    let at: HashMap<&str, usize> =
        inputs.dataset.samples.iter().enumerate().map(|(at, s)| (s.id.as_str(), at)).collect();
    let mut out: Vec<Option<String>> = vec![None; inputs.dataset.samples.len()];
    for row in &text.cells {
        let Some(name) = &row[id] else { continue };
        let known = names.id(name).and_then(|id| at.get(id));
        let (Some(&sample), Some(group)) = (known, &row[group]) else { continue };
        // Several methods' groups in one table, say: which of them is meant is not for us to guess.
        if let Some(other) = out[sample].as_ref().filter(|other| *other != group) {
            return Err(invalid(format!(
                "'{name}' is in the groups '{other}' and '{group}'; give one group an image"
            )));
        }
        out[sample] = Some(group.clone());
    }
    if out.iter().all(Option::is_none) {
        return Err(invalid("no row belongs to an image of the data".to_owned()));
    }
    Ok(out)
}

/// One row of `discover`'s table.
struct Row {
    sample: usize,
    /// 1-based.
    group: Option<usize>,
    soft: Vec<f32>,
    fits: bool,
}

struct Rows(Vec<Row>);

impl Rows {
    fn read(inputs: &Inputs, run: &RunDir, wanted: &str) -> Result<Self, Error> {
        let path = run.file_of(discover::STAGE, discover::GROUPS)?;
        let path = path.ok_or_else(|| {
            Error::run(&run.path(discover::GROUPS), "is missing; run discover first")
        })?;
        let table = Table::load(&path)?;
        let (ids, methods) = (table.texts("id")?, table.texts("method")?);
        let (groups, parts) = (table.integers("group")?, table.texts("part")?);
        let mut soft = table.lists_f32("soft")?;
        let at: HashMap<&str, usize> =
            inputs.dataset.samples.iter().enumerate().map(|(at, s)| (s.id.as_str(), at)).collect();
        let mut out = Vec::new();
        for row in 0..ids.len() {
            if methods[row].as_deref() != Some(wanted) {
                continue;
            }
            let bad = |what: &str| Error::run(&path, format!("row {}: {what}", row + 1));
            let id = ids[row].as_deref().ok_or_else(|| bad("no id"))?;
            let Some(&sample) = at.get(id) else {
                return Err(Error::run(&path, format!("'{id}' is no image of the data")));
            };
            let group = groups[row].and_then(|g| usize::try_from(g).ok()).filter(|g| *g > 0);
            let fits = parts[row].as_deref() == Some("fit");
            let soft = soft[row].take().ok_or_else(|| bad("no shares of groups"))?;
            out.push(Row { sample, group, soft, fits });
        }
        Ok(Self(out))
    }
}
