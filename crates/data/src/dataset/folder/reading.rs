//! How a tree is read: which folders are classes and which are splits. What can be read in two ways is refused with both.
use super::{
    super::{SplitFolders, split},
    shape::{Shape, Top, is_image_folder},
};
use std::collections::{BTreeMap, BTreeSet};

/// Where a picture belongs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place<'t> {
    Class {
        class: &'t str,
        split: Option<String>,
    },
    /// In a folder that is left out as a whole.
    LeftOut,
    /// In no class folder.
    Loose,
}

/// How the folders are read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `CLASS/…`
    Classes,
    /// `SPLIT/CLASS/…`: folder to the split's name, and the folder of all pictures inside, if there is one.
    Splits(BTreeMap<String, (String, Option<String>)>),
    /// `CLASS/SPLIT/…`: folder to the split's name.
    SplitsInside(BTreeMap<String, String>),
}

/// A tree that was understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// Folders above all classes and splits; empty, or ends in `/`.
    pub(super) above: String,
    pub(super) kind: Kind,
    /// Folders of pictures that are neither split nor class: their path, and why.
    pub(super) left_out: BTreeMap<String, String>,
    /// What was decided, in sentences.
    pub(super) notes: Vec<String>,
}

impl Reading {
    /// Decides; `choice` is the user's `--splits`.
    ///
    /// # Errors
    /// The tree has no classes, or can be read in two ways: a message that says both.
    pub(super) fn of(images: &[&str], choice: Option<SplitFolders>) -> Result<Self, String> {
        let (above, mut notes) = common_folders(images);
        let mut shape = Shape::of(images, &above);
        shape.look_inside(images, &above);
        let mut left_out = BTreeMap::new();
        let kind =
            Chooser { shape: &shape, left_out: &mut left_out, notes: &mut notes }.kind(choice)?;
        let left_out = left_out.into_iter().map(|(top, why)| (format!("{above}{top}"), why));
        Ok(Self { left_out: left_out.collect(), above, kind, notes })
    }

    pub(super) fn place<'t>(&self, id: &'t str) -> Place<'t> {
        let Some(rest) = id.strip_prefix(&self.above) else { return Place::Loose };
        let parts: Vec<&str> = rest.split('/').collect();
        let of_class = |class, split| Place::Class { class, split };
        match (&self.kind, &parts[..]) {
            (_, [top, _, ..]) if self.left_out.contains_key(&format!("{}{top}", self.above)) => {
                Place::LeftOut
            }
            (Kind::Classes, [class, _, ..]) => of_class(class, None),
            (Kind::SplitsInside(names), [class, split, _, ..]) => {
                of_class(class, names.get(*split).cloned())
            }
            (Kind::SplitsInside(_), [class, _]) => of_class(class, None),
            (Kind::Splits(names), [top, rest @ ..]) => match names.get(*top) {
                Some((split, via)) => match (via, rest) {
                    (None, [class, _, ..]) => of_class(class, Some(split.clone())),
                    (Some(via), [inside, class, _, ..]) if inside == via => {
                        of_class(class, Some(split.clone()))
                    }
                    _ => Place::Loose,
                },
                None => Place::Loose,
            },
            _ => Place::Loose,
        }
    }

    /// Whether a folder (by its path) would hold a class.
    pub(super) fn is_class_folder(&self, folder: &str) -> bool {
        let Some(rest) = folder.strip_prefix(&self.above) else { return false };
        match (&self.kind, &rest.split('/').collect::<Vec<_>>()[..]) {
            (Kind::Classes | Kind::SplitsInside(_), [top]) => {
                !self.left_out.contains_key(folder) && !top.is_empty()
            }
            (Kind::Splits(names), [top, _]) => {
                names.get(*top).is_some_and(|(_, via)| via.is_none())
            }
            (Kind::Splits(names), [top, inside, _]) => {
                names.get(*top).is_some_and(|(_, via)| via.as_deref() == Some(*inside))
            }
            _ => false,
        }
    }
}

/// The folders that lie above everything, as the one of a downloaded archive or `images`.
fn common_folders(images: &[&str]) -> (String, Vec<String>) {
    let (mut above, mut below) = (String::new(), String::new());
    loop {
        let shape = Shape::of(images, &below);
        let inside = below.trim_end_matches('/').rsplit('/').next().is_some_and(is_image_folder);
        // One folder in another, in a third, … is followed only where it leads to several.
        let leads =
            shape.tops.len() > 1 || shape.tops.keys().any(|name| split::is_split_name(name));
        if leads || (inside && !shape.tops.is_empty()) {
            above.clone_from(&below);
        }
        let mut tops = shape.tops.iter();
        let (Some((name, top)), None) = (tops.next(), tops.next()) else { break };
        // Single pictures that lie about beside it are named later.
        let most = shape.loose <= top.inner.values().sum();
        if split::is_split_name(name) || top.direct > 0 || !most {
            break;
        }
        below = format!("{below}{name}/");
    }
    let mut notes = Vec::new();
    if !above.is_empty() {
        notes.push(format!("All images lie below '{above}': its folders are read."));
    }
    (above, notes)
}

struct Chooser<'s, 't> {
    shape: &'s Shape<'t>,
    left_out: &'s mut BTreeMap<String, String>,
    notes: &'s mut Vec<String>,
}

impl<'t> Chooser<'_, 't> {
    fn kind(&mut self, choice: Option<SplitFolders>) -> Result<Kind, String> {
        if self.shape.tops.is_empty() {
            return Err(self.no_folders());
        }
        match choice {
            Some(SplitFolders::Off) => Ok(Kind::Classes),
            Some(SplitFolders::On) => self.with_splits(),
            None => self.by_itself(),
        }
    }

    fn no_folders(&self) -> String {
        format!("{} images lie in no class folder", self.shape.loose)
    }

    fn tops(&self) -> impl Iterator<Item = (&'t str, &Top<'t>)> {
        self.shape.tops.iter().map(|(name, top)| (*name, top))
    }

    /// Folders with a split's name: those with folders inside, and those of pictures alone.
    fn named(&self) -> (Vec<&'t str>, Vec<&'t str>) {
        let named = self.tops().filter(|(name, _)| split::is_split_name(name));
        let (filled, flat): (Vec<_>, Vec<_>) = named.partition(|(_, top)| !top.inner.is_empty());
        (filled.iter().map(|t| t.0).collect(), flat.iter().map(|t| t.0).collect())
    }

    fn others(&self) -> Vec<&'t str> {
        self.tops().map(|t| t.0).filter(|name| !split::is_split_name(name)).collect()
    }

    fn by_itself(&mut self) -> Result<Kind, String> {
        let ((filled, flat), others) = (self.named(), self.others());
        match (filled.len(), flat.len(), others.len()) {
            (0, 0, _) => self.without_names(),
            (0, _, 0) => Err(format!(
                "the folders {} are called as splits and hold images without class folders, so that no image has a \
                 class; sort them into {}/CLASS/IMAGE, or give a table with the columns image and class (--splits off: \
                 they are the classes themselves)",
                shortened(&flat),
                flat[0]
            )),
            (_, _, 0) => self.with_splits(),
            // 'train' and 'pool' are things that are photographed, too.
            (0, 1, _) if ["train", "pool"].contains(&flat[0].to_lowercase().as_str()) => {
                self.notes.push(format!(
                    "'{}' is read as a class: it holds images itself, as the other class folders do.",
                    flat[0]
                ));
                Ok(Kind::Classes)
            }
            (0, _, _) => Err(self.two_ways("they hold images without class folders", &others)),
            (n, _, _) => {
                let inner = |name: &str| self.shape.tops[name].inner.keys().copied();
                let classes: BTreeSet<&str> = filled.iter().flat_map(|name| inner(name)).collect();
                let fits = |name: &&str| {
                    let top = &self.shape.tops[*name];
                    top.direct == 0 && top.inner.keys().all(|class| classes.contains(class))
                };
                let shared =
                    filled.iter().map(|name| inner(name).count()).sum::<usize>() > classes.len();
                if others.iter().all(fits) || (n > 1 && shared) {
                    return self.with_splits();
                }
                let classes: Vec<&str> = classes.into_iter().collect();
                Err(self.two_ways("they hold class folders", &classes))
            }
        }
    }

    /// No folder of the first level is called as a split.
    fn without_names(&mut self) -> Result<Kind, String> {
        if let [(name, top)] = &self.tops().collect::<Vec<_>>()[..]
            && is_image_folder(name)
        {
            return Err(format!("{} images lie in no class folder", top.direct));
        }
        if let Some(name) = self.tops().map(|t| t.0).find(|name| is_image_folder(name))
            && self.shape.tops.len() > 1
        {
            return Err(format!(
                "the folder '{name}' lies beside {}; if '{name}' holds the class folders, give it as DATA",
                shortened(
                    &self.others().into_iter().filter(|other| *other != name).collect::<Vec<_>>()
                )
            ));
        }
        let inside = self.split_folders_inside();
        if !inside.is_empty() {
            let whole = |top: &Top<'_>| {
                top.direct == 0 && top.inner.keys().all(|name| split::is_split_name(name))
            };
            let all: BTreeSet<&str> = self.shape.inner();
            if self.tops().all(|(_, top)| whole(top)) && all.len() > 1 {
                return self.with_splits();
            }
            if self.tops().any(|(_, top)| whole(top)) {
                let classes: Vec<&str> = self.tops().map(|t| t.0).collect();
                return Err(format!(
                    "it can be read in two ways: with --splits on {} inside the class folders ({}) are splits; with \
                     --splits off all below a class folder is one class, without splits; say which",
                    shortened(&inside),
                    shortened(&classes)
                ));
            }
        }
        self.domains()?;
        Ok(Kind::Classes)
    }

    /// The same folders inside each folder are classes below domains, or parts of each class.
    fn domains(&self) -> Result<(), String> {
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, top) in self.tops() {
            if top.direct > 0 || top.inner.len() < 2 {
                return Ok(());
            }
            top.inner.keys().for_each(|name| *times.entry(name).or_default() += 1);
        }
        let shared: Vec<&str> =
            times.iter().filter(|(_, n)| **n > 1).map(|(name, _)| *name).collect();
        if shared.len() < 2 || 2 * shared.len() < times.len() {
            return Ok(());
        }
        let tops: Vec<&str> = self.tops().map(|t| t.0).collect();
        Err(format!(
            "it can be read in two ways: with --splits on the folders {} are splits, and the classes are {}; with --splits \
             off the classes are {}; say which",
            shortened(&tops),
            shortened(&shared),
            shortened(&tops)
        ))
    }

    fn split_folders_inside(&self) -> Vec<&'t str> {
        self.shape.inner().into_iter().filter(|name| split::is_split_name(name)).collect()
    }

    /// Splits as far as the tree has any.
    fn with_splits(&mut self) -> Result<Kind, String> {
        let ((filled, flat), others) = (self.named(), self.others());
        if !filled.is_empty() {
            return Ok(self.top_splits(&filled, &flat, &others));
        }
        if !flat.is_empty() && !others.is_empty() {
            for name in flat {
                self.leave_out(name, "split without class folders");
            }
            return Ok(Kind::Classes);
        }
        let inside = self.split_folders_inside();
        if !inside.is_empty() {
            let names: BTreeMap<String, String> = inside
                .iter()
                .map(|name| ((*name).to_owned(), split::canonical(name, inside.iter().copied())))
                .collect();
            let listed = names.iter().map(|(folder, split)| named_as(folder, split));
            let listed = listed.collect::<Vec<_>>().join(", ");
            self.notes.push(format!("The folders inside the class folders are splits: {listed}."));
            return Ok(Kind::SplitsInside(names));
        }
        if self.tops().all(|(_, top)| top.direct == 0) {
            return Ok(self.top_splits(&others, &[], &[]));
        }
        Err("--splits on: no folder is a split; splits are folders above the class folders, as train/CLASS/IMAGE".to_owned())
    }

    /// These folders are splits, others too where they hold the same classes; the rest is left out.
    fn top_splits(&mut self, filled: &[&'t str], flat: &[&'t str], others: &[&'t str]) -> Kind {
        let tops = &self.shape.tops;
        let classes: BTreeSet<&str> =
            filled.iter().flat_map(|name| tops[name].inner.keys().copied()).collect();
        let mut names = filled.to_vec();
        let mut rest = Vec::new();
        for name in others {
            let top = &tops[name];
            let fits = top.direct == 0 && top.inner.keys().all(|class| classes.contains(class));
            if fits { names.push(name) } else { rest.push(*name) }
        }
        names.sort_unstable();
        for name in flat {
            self.leave_out(name, "split without class folders");
        }
        for name in rest {
            self.leave_out(name, "folder that is no split");
        }
        let splits: BTreeMap<String, (String, Option<String>)> = names
            .iter()
            .map(|name| {
                let split = split::canonical(name, names.iter().copied());
                let via = self.shape.tops[name].via.map(str::to_owned);
                ((*name).to_owned(), (split, via))
            })
            .collect();
        let listed = splits.iter().map(|(folder, (split, _))| named_as(folder, split));
        let listed = listed.collect::<Vec<_>>().join(", ");
        self.notes.push(format!("The top folders are splits: {listed}."));
        Kind::Splits(splits)
    }

    fn leave_out(&mut self, name: &str, why: &str) {
        self.left_out.insert(name.to_owned(), why.to_owned());
    }

    fn two_ways(&self, what: &str, classes: &[&str]) -> String {
        let (filled, flat) = self.named();
        let splits: Vec<&str> = [filled, flat].concat();
        let tops: Vec<&str> = self.tops().map(|t| t.0).collect();
        format!(
            "it can be read in two ways: with --splits on the folders {} are splits ({what}), and the classes are {}; with \
             --splits off the classes are {}; say which",
            shortened(&splits),
            shortened(classes),
            shortened(&tops)
        )
    }
}

fn named_as(folder: &str, split: &str) -> String {
    if folder == split { format!("'{folder}'") } else { format!("'{folder}' (as '{split}')") }
}

/// `'a', 'b', 'c', 'd' and 3 more`.
fn shortened(names: &[&str]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("'{name}'")).collect();
    let more = match names.len().saturating_sub(SHOWN) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    format!("{}{more}", shown.join(", "))
}
