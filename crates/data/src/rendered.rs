//! Images that lie nowhere: they are made when they are asked for, with their masks.
use crate::{Mask, RgbImage};
use std::{fmt, ops::Deref, sync::Arc};

/// What makes an image.
pub trait Render: fmt::Debug + Send + Sync {
    /// Its pixels.
    fn image(&self) -> RgbImage;

    /// Its object mask, of the same size.
    fn mask(&self) -> Mask;

    /// Where it comes from, in words for people and tables.
    fn describe(&self) -> String;

    /// Everything that decides the pixels, for keys; two images of the same state are the same.
    fn state(&self) -> String;
}

/// An image that is made when it is asked for; clones share it.
#[derive(Clone)]
pub struct Rendered(Arc<dyn Render>);

impl Rendered {
    /// An image by what makes it.
    pub fn new(image: impl Render + 'static) -> Self {
        Self(Arc::new(image))
    }
}

impl Deref for Rendered {
    type Target = dyn Render;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl PartialEq for Rendered {
    fn eq(&self, other: &Self) -> bool {
        self.state() == other.state()
    }
}

impl fmt::Debug for Rendered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
