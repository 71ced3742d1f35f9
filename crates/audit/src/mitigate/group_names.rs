//! What groups are called in sentences.

use std::collections::BTreeMap;

use rightly_data::table::Table;

use super::grouping::Group;
use crate::{Error, RunDir, interpret, methods::Method};

/// Titles of subgroups by class and group, where `interpret` found words for them.
pub(super) struct GroupNames(BTreeMap<(String, String), String>);

impl GroupNames {
    /// Reads them from the run.
    ///
    /// # Errors
    /// The table of names can't be read.
    pub(super) fn read(run: &RunDir) -> Result<Self, Error> {
        let mut out = BTreeMap::new();
        let Some(path) = run.file_of(interpret::STAGE, interpret::NAMES)? else {
            return Ok(Self(out));
        };
        let table = Table::load(&path)?;
        let (class, group) = (table.texts("class")?, table.texts("group")?);
        for (at, title) in table.texts("title")?.into_iter().enumerate() {
            if let (Some(class), Some(group), Some(title)) = (&class[at], &group[at], title) {
                out.insert((class.clone(), group.clone()), title);
            }
        }
        Ok(Self(out))
    }

    /// The title of a subgroup, where it has one.
    pub(super) fn title(&self, class: &str, group: &str) -> Option<&str> {
        self.0.get(&(class.to_owned(), group.to_owned())).map(String::as_str)
    }

    /// The title, with the number where another subgroup of the class has the same one; else `subgroup 1 of 'bus'`, or the
    /// known value.
    pub(super) fn spoken(&self, class: &str, group: &Group) -> String {
        let Some(name) = &group.name else { return format!("the images of '{class}' in no group") };
        match self.title(class, name) {
            Some(title) if self.is_shared(class, title) => {
                let k = name.rsplit('/').next().unwrap_or(name);
                format!("{title} (subgroup {k})")
            }
            Some(title) => title.to_owned(),
            None => numbered(class, name).unwrap_or_else(|| format!("'{name}' of '{class}'")),
        }
    }

    /// Whether several subgroups of a class have a title.
    fn is_shared(&self, class: &str, title: &str) -> bool {
        let same = self.0.iter().filter(|((of, _), own)| of == class && *own == title);
        same.count() > 1
    }
}

/// `subgroup 1 of 'bus'`; `None` where the name is a known value.
pub(super) fn numbered(class: &str, name: &str) -> Option<String> {
    let (method, k) = name.split_once('/')?;
    let found = method.parse::<Method>().is_ok() && k.parse::<usize>().is_ok();
    found.then(|| format!("subgroup {k} of '{class}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_called_by_its_words_or_by_its_class() {
        let key = |group: &str| ("bus".to_owned(), group.to_owned());
        let names = GroupNames(BTreeMap::from([
            (key("slices/1"), "buses on snow".to_owned()),
            (key("slices/3"), "red buses".to_owned()),
            (key("slices/4"), "red buses".to_owned()),
        ]));
        let spoken = |name: Option<&str>| {
            names.spoken("bus", &Group { class: 0, name: name.map(str::to_owned) })
        };
        assert_eq!(spoken(Some("slices/1")), "buses on snow");
        assert_eq!(spoken(Some("slices/2")), "subgroup 2 of 'bus'");
        assert_eq!(spoken(Some("slices/4")), "red buses (subgroup 4)", "two have this title");
        assert_eq!(spoken(Some("dim/12")), "subgroup 12 of 'bus'");
        assert_eq!(spoken(Some("day/1")), "'day/1' of 'bus'", "a value of a column");
        assert_eq!(spoken(None), "the images of 'bus' in no group");
    }
}
