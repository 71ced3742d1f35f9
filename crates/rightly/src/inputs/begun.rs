//! What a run began with, for the inputs that go on with it.

use rightly_model::Classifier;

use crate::{
    Error, RunDir,
    first_look::{AUTO, FirstLook, engine_of},
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
        if !run.path("run.toml").is_file() {
            return Ok(None);
        }
        let manifest = match run.manifest() {
            Err(_) if force => return Ok(None),
            manifest => manifest?,
        };
        Ok(Some(Self {
            force,
            engine: manifest.inputs.engine,
            run: run.clone(),
            model: manifest.hashes.model,
            data: manifest.hashes.data,
            look: manifest.first_look,
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
