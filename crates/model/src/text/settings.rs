//! The JSON files that exports have beside them (`config.json`, `tokenizer_config.json`, …): read where they are.
use crate::ModelError;
use rightly_data::files;
use serde_json::Value;
use std::path::PathBuf;

/// One such file; empty where there is none.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// The file, `None` where there is none.
    path: Option<PathBuf>,
    value: Value,
}

impl Settings {
    /// Reads a file that may be missing.
    pub(super) fn read(path: PathBuf) -> Result<Self, ModelError> {
        if path.symlink_metadata().is_err() {
            return Ok(Self { path: None, value: Value::Null });
        }
        let text = files::read_text(&path, files::SMALL)?;
        match serde_json::from_str(&text) {
            Ok(value) => Ok(Self { path: Some(path), value }),
            Err(error) => Err(ModelError::Invalid {
                path,
                message: format!("this is no JSON: {error}; take the file out, or export it again"),
            }),
        }
    }

    /// The file, `None` where there is none.
    pub(super) fn path(&self) -> Option<&std::path::Path> {
        self.path.as_deref()
    }

    /// The value under a chain of keys; `null` counts as missing.
    pub(super) fn get(&self, keys: &[&str]) -> Option<&Value> {
        let found = keys.iter().try_fold(&self.value, |value, key| value.get(*key))?;
        (!found.is_null()).then_some(found)
    }

    pub(super) fn text(&self, keys: &[&str]) -> Option<&str> {
        self.get(keys)?.as_str()
    }

    pub(super) fn number(&self, keys: &[&str]) -> Option<usize> {
        usize::try_from(self.get(keys)?.as_u64()?).ok()
    }

    pub(super) fn float(&self, keys: &[&str]) -> Option<f64> {
        self.get(keys)?.as_f64()
    }

    pub(super) fn flag(&self, keys: &[&str]) -> Option<bool> {
        self.get(keys)?.as_bool()
    }

    /// One id.
    pub(super) fn id(&self, keys: &[&str]) -> Option<u32> {
        u32::try_from(self.get(keys)?.as_u64()?).ok()
    }

    /// One id or a list of them; empty where there is none.
    pub(super) fn ids(&self, keys: &[&str]) -> Vec<u32> {
        let id = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
        match self.get(keys) {
            Some(Value::Array(values)) => values.iter().filter_map(id).collect(),
            Some(value) => id(value).into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// Three numbers.
    pub(super) fn triple(&self, keys: &[&str]) -> Option<[f32; 3]> {
        let values = self.get(keys)?.as_array()?;
        let values: Vec<f32> = values.iter().filter_map(|v| v.as_f64().map(|v| v as f32)).collect();
        values.try_into().ok()
    }
}
