//! `--masks DIR`: a folder that mirrors the images by relative path and stem.
use super::{
    builder::Builder,
    files::{self, FileKind},
    synsets,
};
use crate::{DataError, MaskSource, names::path_key};
use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};
use walkdir::WalkDir;

/// Gives the samples their masks; a mask found here replaces one that a table names.
pub(super) fn attach(draft: &mut Builder, folder: &Path) -> Result<(), DataError> {
    let index = Index::read(folder)?;
    let keys: Vec<String> = draft.data.samples.iter().map(|s| stem_key(&s.id)).collect();
    let Some(cut) = index.best_cut(&keys) else {
        return Err(DataError::invalid(
            folder,
            index.nothing_matches(&draft.data.samples[0].id, &keys[0]),
        ));
    };
    if cut > 0 {
        draft.note(format!(
            "Masks are matched without the first {cut} folder{} of the image paths.",
            if cut == 1 { "" } else { "s" }
        ));
    }
    let mut used: HashMap<&Path, usize> = HashMap::new();
    let (mut replaced, mut matched) = (0, 0);
    let mut rows = Vec::new();
    for (i, key) in keys.iter().enumerate() {
        let Some(found) = without_folders(key, cut).and_then(|key| index.find(key)) else {
            continue;
        };
        let sample = &mut draft.data.samples[i];
        let (mask, others) = choose(found, &sample.id);
        if !others.is_empty() {
            let names: Vec<_> = others.iter().map(|p| index.name(p)).collect();
            let what =
                format!("several mask files: '{}' and '{}'", index.name(mask), names.join("', '"));
            rows.push((sample.id.clone(), what, format!("'{}' is used", index.name(mask))));
        }
        if let Some(&first) = used.get(mask) {
            let what = format!("the mask '{}' is also that of '{}'", index.name(mask), keys[first]);
            rows.push((sample.id.clone(), what, "used for both".to_owned()));
        } else {
            used.insert(mask, i);
        }
        replaced += usize::from(sample.mask.is_some());
        matched += 1;
        sample.mask = Some(MaskSource::File(mask.to_owned()));
    }
    for (id, what, action) in rows {
        draft.problem(id, what, action);
    }
    draft.note(format!("{matched} of {} images have a mask in {}.", keys.len(), folder.display()));
    if replaced > 0 {
        draft.note(format!("--masks replaces the mask that the data names for {replaced} images."));
    }
    let idle = index.files - used.len();
    if idle > 0 {
        draft.note(format!("{idle} mask files belong to no image that is used."));
    }
    Ok(())
}

/// What image and mask have in common: the path as it is compared, without its ending.
fn stem_key(path: &str) -> String {
    files::without_ending(&path_key(path)).to_owned()
}

struct Index<'p> {
    folder: &'p Path,
    /// Composed relative path without ending, to the files of that stem, sorted.
    stems: BTreeMap<String, Vec<PathBuf>>,
    files: usize,
}

impl<'p> Index<'p> {
    fn read(folder: &'p Path) -> Result<Self, DataError> {
        std::fs::read_dir(folder).map_err(|e| DataError::io(folder, e))?;
        let mut index = Self { folder, stems: BTreeMap::new(), files: 0 };
        let walk = WalkDir::new(folder).follow_links(true).min_depth(1).into_iter();
        for entry in walk.filter_entry(|e| !files::is_hidden(&e.file_name().to_string_lossy())) {
            let entry = entry.map_err(|e| {
                DataError::invalid(folder, format!("the mask folder can't be read: {e}"))
            })?;
            let ending = entry.path().extension().unwrap_or_default().to_ascii_lowercase();
            let is_mask = ending == "npy" || files::kind(entry.path()) == FileKind::Image;
            if entry.file_type().is_dir() || !is_mask {
                continue;
            }
            let path = entry.into_path();
            let name = index.name(&path);
            index.stems.entry(stem_key(&name)).or_default().push(path);
            index.files += 1;
        }
        for files in index.stems.values_mut() {
            files.sort_unstable();
        }
        Ok(index)
    }
    /// Path relative to the folder, `/`-separated.
    fn name(&self, path: &Path) -> String {
        let name = path.strip_prefix(self.folder).unwrap_or(path).to_string_lossy();
        if cfg!(windows) { name.replace('\\', "/") } else { name.into_owned() }
    }
    fn find(&self, key: &str) -> Option<&[PathBuf]> {
        let found = self.stems.get(key).or_else(|| {
            // Hard ImageNet: `split/wnid/name` has the mask `split/wnid_name` or `wnid_name`.
            let (rest, name) = key.rsplit_once('/')?;
            let wnid = rest.rsplit('/').next()?;
            if !synsets::is_wnid(wnid) {
                return None;
            }
            let flat = format!("{wnid}_{name}");
            match rest.rsplit_once('/') {
                Some((above, _)) => {
                    self.stems.get(&format!("{above}/{flat}")).or_else(|| self.stems.get(&flat))
                }
                None => self.stems.get(&flat),
            }
        });
        found.map(Vec::as_slice)
    }
    /// How many leading folders the image paths have that the masks' lack: the fewest with any
    /// match, and never so many that two images would share a name.
    fn best_cut(&self, keys: &[String]) -> Option<usize> {
        let deepest = keys.iter().map(|k| k.matches('/').count()).max()?;
        (0..=deepest).find(|&cut| {
            let mut short = keys.iter().filter_map(|key| without_folders(key, cut));
            short.any(|key| self.find(key).is_some()) && distinct(keys, cut)
        })
    }
    fn nothing_matches(&self, id: &str, key: &str) -> String {
        match self.stems.values().next() {
            None => "the folder has no mask files (pictures or .npy)".to_owned(),
            Some(first) => format!(
                "no mask matches an image: image '{id}' needs '{key}.png' (or another ending), found \
                 '{}' and {} more; the folder mirrors the images by relative path and stem",
                self.name(&first[0]),
                self.files - 1
            ),
        }
    }
}

/// No two different keys become one when their first folders are cut.
fn distinct(keys: &[String], cut: usize) -> bool {
    let mut seen: HashMap<&str, &str> = HashMap::new();
    keys.iter().all(|key| match without_folders(key, cut) {
        Some(short) => *seen.entry(short).or_insert(key) == key,
        None => true,
    })
}

fn without_folders(key: &str, n: usize) -> Option<&str> {
    (0..n).try_fold(key, |key, _| key.split_once('/').map(|(_, rest)| rest))
}

/// Of several: the one of the image's own file name, else a PNG, else the first.
fn choose<'f>(found: &'f [PathBuf], id: &str) -> (&'f Path, Vec<&'f Path>) {
    let image = id.rsplit('/').next().unwrap_or(id);
    let own = |p: &PathBuf| p.file_name().is_some_and(|n| n == image);
    let png = |p: &PathBuf| p.extension().is_some_and(|e| e.eq_ignore_ascii_case("png"));
    let at = found.iter().position(own).or_else(|| found.iter().position(png)).unwrap_or(0);
    let others = found.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, p)| p.as_path());
    (&found[at], others.collect())
}
