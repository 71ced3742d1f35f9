//! Models by name: `hf:ORG/NAME` becomes a path in the hub's cache.

use std::path::{Path, PathBuf};

use crate::interrupt::Interrupt;

/// What is looked for under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    ImageText,
    Captioner,
}

/// Fetches what is named and leaves paths as they are.
pub(crate) struct Fetcher<'a> {
    pub(crate) interrupt: &'a Interrupt,
    pub(crate) quiet: bool,
}

impl Fetcher<'_> {
    /// A path, or the path of what a name stands for.
    #[cfg(feature = "hub")]
    pub(crate) fn located(&self, path: &Path, kind: Kind) -> anyhow::Result<PathBuf> {
        use rightly_model::hub::{Hub, HubError, HubEvent, HubSpec};

        let Some(text) = path.to_str().filter(|text| HubSpec::is_hub(text)) else {
            return Ok(path.to_owned());
        };
        let spec: HubSpec = text.parse()?;
        let hub = Hub::from_environment()?;
        let say = |event: HubEvent| {
            if let (false, HubEvent::Started { file, bytes }) = (self.quiet, event) {
                let size = bytes as f64 / 1e6;
                crate::output::say(&format!("fetching {file} of {text} ({size:.1} MB)"));
            }
        };
        let found = self.interrupt.listening(|stop| match kind {
            Kind::ImageText => hub.image_text(&spec, stop, &say),
            Kind::Captioner => hub.captioner(&spec, stop, &say),
        });
        match found {
            Err(HubError::Interrupted) => Err(rightly::AuditError::Interrupted.into()),
            found => Ok(found?),
        }
    }

    /// A path; a build without the hub knows no names.
    #[cfg(not(feature = "hub"))]
    pub(crate) fn located(&self, path: &Path, kind: Kind) -> anyhow::Result<PathBuf> {
        if path.to_str().is_some_and(|text| text.starts_with("hf:")) {
            anyhow::bail!(
                "{}: this build can't fetch models ({kind:?}); give a folder, or build with the feature 'hub'",
                path.display()
            );
        }
        Ok(path.to_owned())
    }
}
