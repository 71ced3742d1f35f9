//! What belongs to planted worlds and is no part of an audit: the small image-text model that knows their scenes.
//!
//! The worlds themselves are `rightly_data::planted`.

pub mod towers;
