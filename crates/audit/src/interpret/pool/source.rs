//! Where a pool's pictures are: embedded already, or files that are embedded here.

use std::path::{Path, PathBuf};

use ndarray::ArrayView2;
use rightly_data::{
    dataset::{ImageSource, UnlabelledImage, unlabelled},
    embeddings::EmbeddingPool,
};
use rightly_model::Captioner;
use rightly_stats::nearest::{Nearest, nearest};

use crate::{
    Error,
    interpret::{
        Interpret,
        bank::Space,
        pictures::{Entry, Pass, Picture},
    },
    run::Key,
    stage::Stage,
};

/// A pool of pictures in the space of the image-text model.
pub(in super::super) enum Pool {
    /// Embeddings as clip-retrieval writes them.
    Embedded(PathBuf, EmbeddingPool),
    /// Pictures, and the vectors of those that could be embedded.
    Pictures(Vec<UnlabelledImage>, Vec<f32>),
}

/// What is known of a picture of the pool.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in super::super) struct PoolEntry {
    /// Path or key.
    pub(super) image: Option<String>,
    pub(super) url: Option<String>,
    pub(super) captions: Vec<String>,
}

/// Whether embeddings lie at a path: a `.npy` file, or a folder with such files or with clip-retrieval's `img_emb`.
fn is_embedded(path: &Path) -> bool {
    let npy = |path: &Path| path.extension().is_some_and(|e| e.eq_ignore_ascii_case("npy"));
    npy(path)
        || path.join("img_emb").is_dir()
        || std::fs::read_dir(path)
            .is_ok_and(|entries| entries.flatten().any(|entry| npy(&entry.path())))
}

impl Pool {
    /// Opens a pool, without looking at pictures.
    ///
    /// # Errors
    /// It can't be read, or is empty.
    pub(in super::super) fn open(path: &Path) -> Result<Self, Error> {
        if is_embedded(path) {
            return Ok(Self::Embedded(path.to_owned(), EmbeddingPool::open(path)?));
        }
        Ok(Self::Pictures(unlabelled(path)?, Vec::new()))
    }

    /// Changes with what is in it.
    ///
    /// # Errors
    /// A table can't be read any more.
    pub(in super::super) fn key(&self) -> Result<String, Error> {
        Ok(match self {
            Self::Embedded(_, pool) => pool.fingerprint()?,
            Self::Pictures(images, _) => {
                let image = |i: &UnlabelledImage| (i.image.state(), i.captions.clone());
                let images: Vec<_> = images.iter().map(image).collect();
                Key::new("pool", Interpret::REVISION).with("images", &images)?.finish()
            }
        })
    }

    /// Pictures.
    pub(in super::super) fn len(&self) -> usize {
        match self {
            Self::Embedded(_, pool) => pool.len(),
            Self::Pictures(images, _) => images.len(),
        }
    }

    /// Embeds the pictures, where nobody has; one that can't be has no direction and is no one's hit. Returns these, with why.
    ///
    /// # Errors
    /// The network fails; the run can't be written; it was stopped.
    pub(in super::super) fn embed(
        &mut self,
        space: &Space,
        pass: &Pass<'_>,
    ) -> Result<Vec<(String, String)>, Error> {
        let Self::Pictures(images, vectors) = self else { return Ok(Vec::new()) };
        let pictures: Vec<Picture<'_>> =
            images.iter().map(|i| Picture { id: &i.id, image: &i.image }).collect();
        *vectors = Vec::with_capacity(images.len() * space.dim());
        let mut left_out = Vec::new();
        for (image, entry) in images.iter().zip(space.embed(&pictures, pass)?) {
            vectors.extend(entry.unwrap_or_else(|why| {
                left_out.push((image.id.clone(), why));
                vec![0.0; space.dim()]
            }));
        }
        Ok(left_out)
    }

    /// The `k` pictures nearest to each query.
    ///
    /// # Errors
    /// The pool is of another encoder; it was stopped.
    pub(super) fn nearest(
        &self,
        queries: ArrayView2<'_, f32>,
        k: usize,
        pass: &Pass<'_>,
    ) -> Result<Nearest, Error> {
        let found = match self {
            Self::Embedded(_, pool) => pool.nearest(queries, k, pass.threads, pass.stop)?,
            Self::Pictures(images, vectors) => {
                let d = queries.ncols();
                let read =
                    |row: usize, out: &mut [f32]| out.copy_from_slice(&vectors[row * d..][..d]);
                nearest(images.len(), read, queries, k, pass.threads, pass.stop)
            }
        };
        found.ok_or(Error::Interrupted)
    }

    /// What is known of some rows; a captioner describes pictures that have no caption and can be opened.
    ///
    /// # Errors
    /// A table can't be read; the captioner fails; it was stopped.
    pub(super) fn entries(
        &self,
        rows: &[usize],
        captioner: Option<&Captioner>,
        pass: &Pass<'_>,
    ) -> Result<Vec<PoolEntry>, Error> {
        let (mut entries, files): (Vec<PoolEntry>, Vec<Option<ImageSource>>) = match self {
            Self::Embedded(path, pool) => pool
                .entries(rows)?
                .into_iter()
                .map(|entry| {
                    let folder = if path.is_dir() { Some(path.as_path()) } else { path.parent() };
                    let file = entry.image.as_ref().zip(folder).map(|(i, folder)| folder.join(i));
                    let captions = entry.caption.into_iter().filter(|c| !c.trim().is_empty());
                    let own = PoolEntry {
                        captions: captions.collect(),
                        image: entry.image.or(entry.key),
                        url: entry.url,
                    };
                    (own, file.filter(|file| file.is_file()).map(ImageSource::File))
                })
                .unzip(),
            Self::Pictures(images, _) => rows
                .iter()
                .map(|&row| {
                    let UnlabelledImage { id, image, captions } = images[row].clone();
                    let own = PoolEntry { image: Some(id), url: None, captions };
                    (own, Some(image))
                })
                .unzip(),
        };
        let Some(captioner) = captioner else { return Ok(entries) };
        let mute: Vec<usize> = (0..entries.len())
            .filter(|&at| entries[at].captions.is_empty())
            .filter(|&at| entries[at].image.is_some() && files[at].is_some())
            .collect();
        let pictures: Vec<Picture<'_>> = mute
            .iter()
            .filter_map(|&at| {
                let entry = entries[at].image.as_deref().zip(files[at].as_ref());
                entry.map(|(id, image)| Picture { id, image })
            })
            .collect();
        let said: Vec<Entry<String>> =
            super::super::material::describe(captioner, "pool-captions", &pictures, pass)?;
        for (at, caption) in mute.into_iter().zip(said) {
            // One that can't be read stays without a caption; where pictures were embedded here it has been named before.
            entries[at].captions.extend(caption.ok());
        }
        Ok(entries)
    }
}
