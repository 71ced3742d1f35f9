//! Weights in files beside the model (`TensorProto.external_data`).
//!
//! A location is a path relative to the model's folder and may not leave it: absolute paths, `..` and links that lead
//! outside are refused, so that a model can't read other files of the machine (in the hub's cache, other files than those
//! of its own repository).
pub(super) use super::proto::EXTERNAL;
use super::proto::{ModelProto, StringStringEntryProto, TensorProto};
use super::snapshot;
use super::validate::{each_tensor, is_external};
use crate::OnnxError;
use prost::Message;
use rightly_data::files::{open_regular, write_whole};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Component, Path, PathBuf};

/// Largest protobuf message that every reader takes.
pub(super) const MESSAGE_LIMIT: usize = (i32::MAX as usize) - (1 << 20);
/// Most bytes of weights that are read from files beside a model.
const MOST_WEIGHTS: u64 = 64 << 30;
/// Tensors of fewer bytes stay in the message.
const SMALL: usize = 1024;
/// Offsets are aligned to pages, as readers that map the file into memory want it.
const ALIGN: u64 = 4096;

fn io(path: &Path) -> impl Fn(std::io::Error) -> OnnxError + '_ {
    move |source| OnnxError::Io { path: path.to_owned(), source }
}

struct Reader<'a> {
    model: &'a Path,
    folder: PathBuf,
    files: BTreeMap<String, (File, u64)>,
    /// Bytes read so far.
    read: u64,
}

impl Reader<'_> {
    fn invalid(&self, message: String) -> OnnxError {
        OnnxError::Invalid { path: self.model.to_owned(), message }
    }

    fn open(&self, tensor: &str, location: &str) -> Result<(File, u64), OnnxError> {
        let relative = Path::new(location);
        let inside = !location.is_empty()
            && relative
                .components()
                .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !inside {
            return Err(self.invalid(format!(
                "external data of tensor '{tensor}' lies in '{location}', outside the model's folder; only files \
                 beside the model are read"
            )));
        }
        let path = self.folder.join(relative);
        let folder = self.folder.canonicalize().map_err(io(&self.folder))?;
        let real = match path.canonicalize() {
            Ok(real) => real,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(self.invalid(format!(
                    "external data file '{}' is missing (tensor '{tensor}' lies there); put it beside the model",
                    path.display()
                )));
            }
            Err(error) => return Err(io(&path)(error)),
        };
        if !real.starts_with(&folder) && !snapshot::holds(&folder, &real) {
            return Err(self.invalid(format!(
                "external data file '{}' is a link to '{}', outside the model's folder; copy it beside the model",
                path.display(),
                real.display()
            )));
        }
        let file = open_regular(&real).map_err(|error| {
            self.invalid(format!("external data '{}' can't be read: {error}", path.display()))
        })?;
        let size = file.metadata().map_err(io(&path))?.len();
        Ok((file, size))
    }

    fn fill(&mut self, tensor: &mut TensorProto) -> Result<(), OnnxError> {
        let name = tensor.name().to_owned();
        let value = |key: &str| {
            tensor
                .external_data
                .iter()
                .find(|entry| entry.key.as_deref() == Some(key))
                .and_then(|entry| entry.value.as_deref())
        };
        let number = |key: &str| {
            value(key)
                .map(|text| {
                    text.parse::<u64>().map_err(|_| {
                        self.invalid(format!(
                            "external data of tensor '{name}': {key} is '{text}', expected a number of bytes"
                        ))
                    })
                })
                .transpose()
        };
        let location = value("location")
            .ok_or_else(|| {
                self.invalid(format!("external data of tensor '{name}' names no location"))
            })?
            .to_owned();
        // By ONNX's definition: from the beginning, to the end.
        let offset = number("offset")?.unwrap_or(0);
        let length = number("length")?;
        if !self.files.contains_key(&location) {
            let opened = self.open(&name, &location)?;
            self.files.insert(location.clone(), opened);
        }
        let size = self.files[&location].1;
        let length = length.unwrap_or_else(|| size.saturating_sub(offset));
        if offset.checked_add(length).is_none_or(|end| end > size) {
            return Err(self.invalid(format!(
                "external data file '{location}' is too short: tensor '{name}' takes {length} bytes from {offset}, \
                 the file has {size}"
            )));
        }
        self.read = self.read.saturating_add(length);
        let mut bytes = Vec::new();
        // A file may claim any size without having it on the disk.
        let room = usize::try_from(length).ok().filter(|_| self.read <= MOST_WEIGHTS);
        if room.and_then(|room| bytes.try_reserve_exact(room).ok()).is_none() {
            return Err(self.invalid(format!(
                "external data of tensor '{name}' in '{location}': {} bytes of weights are more than fit, at most \
                 {MOST_WEIGHTS} are read",
                self.read
            )));
        }
        let path = self.folder.join(&location);
        if let Some((file, _)) = self.files.get_mut(&location) {
            file.seek(SeekFrom::Start(offset)).map_err(io(&path))?;
            file.take(length).read_to_end(&mut bytes).map_err(io(&path))?;
        }
        tensor.raw_data = Some(bytes);
        tensor.external_data.clear();
        tensor.data_location = None;
        Ok(())
    }
}

/// Files outside the model that it reads, sorted, as it names them.
pub(super) fn locations(model: &ModelProto) -> Vec<String> {
    let mut names = std::collections::BTreeSet::new();
    if let Some(graph) = &mut model.graph.clone() {
        // The visitor never fails.
        let _ = each_tensor(graph, &mut |tensor| {
            if is_external(tensor) {
                names.extend(
                    tensor
                        .external_data
                        .iter()
                        .filter(|entry| entry.key.as_deref() == Some("location"))
                        .filter_map(|entry| entry.value.clone()),
                );
            }
            Ok(())
        });
    }
    names.into_iter().collect()
}

/// Takes all external data into the message.
pub(super) fn load(model: &mut ModelProto, path: &Path) -> Result<(), OnnxError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut reader = Reader { model: path, folder, files: BTreeMap::new(), read: 0 };
    let Some(graph) = model.graph.as_mut() else {
        return Ok(());
    };
    each_tensor(graph, &mut |tensor| {
        if is_external(tensor) { reader.fill(tensor) } else { Ok(()) }
    })
}

/// Writes a model, weights beside it where the message would be larger than `limit` bytes.
pub(super) fn save(model: &ModelProto, path: &Path, limit: usize) -> Result<(), OnnxError> {
    if model.encoded_len() <= limit {
        return Ok(write_whole(path, &model.encode_to_vec())?);
    }
    let mut model = model.clone();
    let mut name = path
        .file_name()
        .ok_or_else(|| OnnxError::Invalid {
            path: path.to_owned(),
            message: "a model's file needs a name".to_owned(),
        })?
        .to_owned();
    name.push(".data");
    let beside = path.with_file_name(&name);
    let location = name.to_string_lossy().into_owned();
    let mut file = std::io::BufWriter::new(File::create(&beside).map_err(io(&beside))?);
    let mut end = 0_u64;
    for tensor in model.graph.iter_mut().flat_map(|g| &mut g.initializer) {
        let Some(raw) = tensor.raw_data.take_if(|raw| raw.len() >= SMALL) else {
            continue;
        };
        let offset = end.next_multiple_of(ALIGN);
        file.write_all(&vec![0; (offset - end) as usize])
            .and_then(|()| file.write_all(&raw))
            .map_err(io(&beside))?;
        end = offset + raw.len() as u64;
        tensor.data_location = Some(EXTERNAL);
        tensor.external_data = [
            ("location", location.clone()),
            ("offset", offset.to_string()),
            ("length", raw.len().to_string()),
        ]
        .into_iter()
        .map(|(key, value)| StringStringEntryProto {
            key: Some(key.to_owned()),
            value: Some(value),
        })
        .collect();
    }
    file.flush().map_err(io(&beside))?;
    Ok(write_whole(path, &model.encode_to_vec())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::proto::{GraphProto, data_type};

    fn model(values: usize) -> ModelProto {
        ModelProto {
            graph: Some(GraphProto {
                initializer: vec![TensorProto {
                    name: Some("w".into()),
                    data_type: Some(data_type::FLOAT),
                    dims: vec![values as i64],
                    raw_data: Some((0..values).flat_map(|v| (v as f32).to_le_bytes()).collect()),
                    ..TensorProto::default()
                }],
                ..GraphProto::default()
            }),
            ..ModelProto::default()
        }
    }

    fn weight(model: &mut ModelProto) -> &mut TensorProto {
        &mut model.graph.as_mut().unwrap().initializer[0]
    }

    fn point(model: &mut ModelProto, location: &str, offset: &str, length: &str) {
        let tensor = weight(model);
        tensor.raw_data = None;
        tensor.data_location = Some(EXTERNAL);
        tensor.external_data = [("location", location), ("offset", offset), ("length", length)]
            .map(|(key, value)| StringStringEntryProto {
                key: Some(key.into()),
                value: Some(value.into()),
            })
            .to_vec();
    }

    #[test]
    fn large_models_leave_their_weights_beside_and_find_them_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.onnx");
        let original = model(2000);
        save(&original, &path, 1000).unwrap();
        assert!(folder.path().join("m.onnx.data").exists());
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes.len() < 1000);
        let mut read = ModelProto::decode(&bytes[..]).unwrap();
        assert_eq!(locations(&read), ["m.onnx.data"]);
        load(&mut read, &path).unwrap();
        assert_eq!(read, original);
    }

    #[test]
    fn data_outside_the_folder_is_refused_and_missing_files_are_named() {
        let outer = tempfile::tempdir().unwrap();
        let inner = outer.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        std::fs::write(outer.path().join("secret"), [0; 8000]).unwrap();
        let path = inner.join("m.onnx");
        let absolute = outer.path().join("secret").display().to_string();
        #[cfg(unix)]
        std::os::unix::fs::symlink(outer.path().join("secret"), inner.join("link")).unwrap();
        for (location, said) in [
            ("../secret", "outside"),
            (absolute.as_str(), "outside"),
            ("a/../../secret", "outside"),
            ("", "outside"),
            #[cfg(unix)]
            ("link", "is a link to"),
            ("gone.data", "gone.data' is missing"),
            (".", "is a folder"),
        ] {
            let mut model = model(2000);
            point(&mut model, location, "0", "8000");
            let message = load(&mut model, &path).unwrap_err().to_string();
            assert!(message.contains(said), "{location}: {message}");
        }
    }

    #[test]
    fn ranges_are_checked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.onnx");
        std::fs::write(folder.path().join("w"), [0; 100]).unwrap();
        for (offset, length, said) in [
            ("0", "101", "too short"),
            ("18446744073709551615", "1", "too short"),
            ("1x", "1", "expected a number"),
        ] {
            let mut model = model(25);
            point(&mut model, "w", offset, length);
            let message = load(&mut model, &path).unwrap_err().to_string();
            assert!(message.contains(said), "{message}");
        }
        let mut model = model(25);
        point(&mut model, "w", "0", "100");
        load(&mut model, &path).unwrap();
        assert_eq!(weight(&mut model).raw_data.as_ref().unwrap().len(), 100);
    }
}
