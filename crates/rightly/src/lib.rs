//! Is an image classifier right for the right reasons?

pub use rightly_audit::*;
