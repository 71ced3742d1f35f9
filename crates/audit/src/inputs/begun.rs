//! What a run began with, for the inputs that go on with it.

use rightly_model::Classifier;

use crate::{
    Error, RunDir,
    first_look::{AUTO, FirstLook, engine_of},
    run::Former,
};

/// The engine of a run, and what its first look showed.
pub(super) struct Begun {
    /// Name of the engine.
    pub(super) engine: String,
    run: RunDir,
    model: String,
    data: String,
    look: Option<FirstLook>,
    /// What can't go on is begun anew.
    force: bool,
}

impl Begun {
    /// Of a run directory; `None` where nothing has begun that can go on.
    ///
    /// # Errors
    /// Unless `force`: where the run can't be read.
    pub(super) fn of(run: &RunDir, force: bool) -> Result<Option<Self>, Error> {
        let (manifest, believed) = match run.found() {
            Ok(Former::Run { manifest, believed }) => (manifest, believed),
            Ok(Former::Nothing | Former::Remains) => return Ok(None),
            Err(_) if force => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(Some(Self {
            force,
            engine: manifest.inputs.engine,
            run: run.clone(),
            model: manifest.hashes.model,
            data: manifest.hashes.data,
            look: manifest.first_look.filter(|_| believed),
        }))
    }

    /// The engine to go on with where none is named.
    ///
    /// # Errors
    /// Unless `force`: where it is not here.
    pub(super) fn go_on(&self) -> Result<&str, Error> {
        match engine_of(&self.engine)?.available() {
            Ok(()) => Ok(&self.engine),
            Err(_) if self.force => Ok(AUTO),
            Err(why) => Err(Error::run(
                self.run.root(),
                format!(
                    "begun with {}, which is not here ({why}); give another --out, or --force to begin it anew",
                    self.engine
                ),
            )),
        }
    }

    /// The run's own look, where it was at this model and these data through this engine. `None`: look again.
    pub(super) fn look_at(
        self,
        classifier: &Classifier,
        data: &str,
    ) -> Option<Result<FirstLook, Error>> {
        let same = self.engine == classifier.engine().name()
            && self.model == classifier.hash()
            && self.data == data;
        let look = self.look.filter(|_| same)?;
        let version = classifier.engine().version();
        if look.engine != version {
            if self.force {
                return None;
            }
            let message = format!(
                "begun with {}, and {version} is here, which may give other answers; give another --out, or --force to \
                 begin it anew",
                look.engine
            );
            return Some(Err(Error::run(self.run.root(), message)));
        }
        (look.output == classifier.output_kind()).then_some(Ok(look))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rightly_model::{EngineKind, OutputKind, Overrides};

    use super::*;

    fn begun(version: &str, force: bool, classifier: &Classifier) -> Begun {
        let look = FirstLook {
            engine: version.to_owned(),
            output: OutputKind::Logits,
            images: 2,
            second: None,
        };
        Begun {
            engine: "rten".to_owned(),
            run: RunDir::new("RUN"),
            model: classifier.hash().to_owned(),
            data: "data".to_owned(),
            look: Some(look),
            force,
        }
    }

    #[test]
    fn another_version_of_the_engine_is_refused() {
        let model =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/quickstart/model.onnx");
        let classifier = Classifier::open(&model, &Overrides::default(), EngineKind::Rten).unwrap();
        let version = EngineKind::Rten.version();
        let same = begun(&version, false, &classifier).look_at(&classifier, "data");
        assert_eq!(same.unwrap().unwrap().engine, version);
        let old = begun("rten 0.1", false, &classifier).look_at(&classifier, "data");
        let error = old.unwrap().unwrap_err().to_string();
        assert!(error.contains("rten 0.1") && error.contains("--force"), "{error}");
        let anew = begun("rten 0.1", true, &classifier).look_at(&classifier, "data");
        assert!(anew.is_none(), "with --force it looks again");
        let others = begun(&version, false, &classifier).look_at(&classifier, "other data");
        assert!(others.is_none());
    }
}
