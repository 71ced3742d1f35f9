//! Training from images to files.
use crate::arch::Network;
use crate::checkpoint::{Checkpoint, Progress, Within, other_training};
use crate::data::{Normaliser, TrainingSet};
use crate::event::{EpochRecord, TrainEvent, Trained};
use crate::measure::{Measure, Outcome};
use crate::net::Net;
use crate::optim::State;
use crate::options::{Device as DeviceKind, GroupMethod, TrainOptions};
use crate::order::{self, Order};
use crate::weights::Weights;
use crate::{TrainError, domains, dynamics, export, outputs};
use burn::tensor::Device;
use rightly_data::files::write_whole;
use rightly_model::heads::robust::Groups;
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

mod steps;
mod watch;

pub use watch::Watch;

/// Trains a network and writes `model.onnx`, `model.toml` (its card), `labels.txt`, `weights.safetensors` (what another
/// training can start from), `dynamics.parquet` and `train.json` into `out`.
///
/// The same images, options and seed give the same bytes, for any number of threads and any order of the images, and
/// also where the process was killed and called again: after each epoch and twice a minute the state is kept in
/// `out/.train` until everything is written. A folder in which the same training has ended already is left as it is and its result
/// returned.
///
/// # Errors
/// [`TrainError::Data`] and [`TrainError::Option`] for what can't be trained on; [`TrainError::Weights`] where `out` holds
/// another training; [`TrainError::Diverged`]; [`TrainError::Export`]; files that can't be written.
pub fn train(
    train: &TrainingSet,
    val: Option<&TrainingSet>,
    options: &TrainOptions,
    out: &Path,
    progress: &(dyn Fn(TrainEvent) + Sync),
) -> Result<Trained, TrainError> {
    train_watched(train, val, options, out, Watch::new(&AtomicBool::new(false)), progress)
}

/// As [`train()`], until it is stopped.
///
/// # Errors
/// As [`train()`]; [`TrainError::Interrupted`], after which the same call goes on with the next step.
pub fn train_watched(
    train: &TrainingSet,
    val: Option<&TrainingSet>,
    options: &TrainOptions,
    out: &Path,
    watch: Watch<'_>,
    progress: &(dyn Fn(TrainEvent) + Sync),
) -> Result<Trained, TrainError> {
    options.check(val.is_some())?;
    let pool =
        rayon::ThreadPoolBuilder::new().num_threads(options.threads).build().map_err(|error| {
            TrainError::Library { what: "starting threads", message: error.to_string() }
        })?;
    pool.install(|| Trainer::new(train, val, options, out, watch)?.run(progress))
}

/// burn's device.
pub(crate) fn device(kind: DeviceKind) -> Result<Device, TrainError> {
    let missing = |feature: &'static str| {
        TrainError::option("device", feature, "a device that this build has (see its features)")
    };
    match kind {
        DeviceKind::Cpu => Ok(Device::flex()),
        #[cfg(feature = "cuda")]
        DeviceKind::Cuda => Ok(Device::cuda(0)),
        #[cfg(not(feature = "cuda"))]
        DeviceKind::Cuda => Err(missing("cuda")),
        #[cfg(feature = "tch")]
        DeviceKind::LibTorch => Ok(Device::libtorch()),
        #[cfg(not(feature = "tch"))]
        DeviceKind::LibTorch => Err(missing("tch")),
    }
}

/// Images with their order by id.
struct Split<'a> {
    set: &'a TrainingSet,
    order: Vec<usize>,
}

impl<'a> Split<'a> {
    fn new(set: &'a TrainingSet, name: &str, options: &TrainOptions) -> Result<Self, TrainError> {
        let order = set.checked(name, options.classes.len())?;
        if let Some(made) = options.preprocess.output_size()
            && made != set.size
        {
            let found = set.size;
            return Err(TrainError::Data(format!(
                "{name}: images of {found:?}, the preprocessing makes {made:?}"
            )));
        }
        Ok(Self { set, order })
    }
}

struct Trainer<'a> {
    options: &'a TrainOptions,
    train: Split<'a>,
    val: Option<Split<'a>>,
    order: Order,
    groups: Option<Groups>,
    /// What is written.
    network: Network,
    /// Linear layers on the trunk while it is trained: one, or one for each group.
    layers: usize,
    /// What is trained: `network` with its linear layers.
    wide: Network,
    normaliser: Normaliser,
    class_weights: Vec<f32>,
    device: Device,
    out: PathBuf,
    work: PathBuf,
    key: String,
    watch: Watch<'a>,
}

impl<'a> Trainer<'a> {
    fn new(
        train: &'a TrainingSet,
        val: Option<&'a TrainingSet>,
        options: &'a TrainOptions,
        out: &Path,
        watch: Watch<'a>,
    ) -> Result<Self, TrainError> {
        let train = Split::new(train, "train", options)?;
        let val = val.map(|set| Split::new(set, "val", options)).transpose()?;
        if train.order.len() < 2 {
            return Err(TrainError::Data("train: one image, expected at least two".to_owned()));
        }
        if let Some(val) = &val {
            if val.set.size != train.set.size {
                return Err(TrainError::Data(format!(
                    "images of train are {:?}, those of val {:?}",
                    train.set.size, val.set.size
                )));
            }
            let known = |at: &usize| {
                let id = &val.set.ids[*at];
                train.order.binary_search_by(|&other| train.set.ids[other].cmp(id)).is_ok()
            };
            if let Some(&at) = val.order.iter().find(|at| known(at)) {
                let id = &val.set.ids[at];
                return Err(TrainError::Data(format!("image '{id}' is in train and in val")));
            }
        }
        let classes = options.classes.len();
        let groups = options.groups.as_ref();
        let mut groups = groups.map(|groups| groups.of_set(&train.set.ids)).transpose()?;
        let mut layers = 1;
        if let (Some(groups), Some(GroupMethod::DiSoft)) =
            (&mut groups, options.groups.as_ref().map(|groups| groups.method))
        {
            // A layer without images would stay what it was and hold the mean back.
            *groups = groups.present();
            layers = groups.count();
        }
        let key = outputs::key(options, &train, val.as_ref())?;
        Ok(Self {
            options,
            order: Order::new(train.set, &train.order, options)?,
            groups,
            network: options.arch.network(classes),
            layers,
            wide: options.arch.network(classes * layers),
            normaliser: Normaliser::new(&options.preprocess),
            class_weights: class_weights(options, &train),
            device: device(options.device)?,
            out: out.to_owned(),
            work: out.join(".train"),
            key,
            watch,
            train,
            val,
        })
    }

    fn run(&self, progress: &(dyn Fn(TrainEvent) + Sync)) -> Result<Trained, TrainError> {
        let model = self.out.join("model.onnx");
        if let Some(done) = outputs::finished(&self.out, &self.key)? {
            return Ok(done);
        }
        std::fs::create_dir_all(&self.work).map_err(TrainError::io(&self.work))?;
        let mut state = self.start(progress)?;
        let mut net = Net::new(self.wide.clone(), &state.weights, &self.device);
        while state.progress.epochs < self.options.epochs && !state.progress.stopped {
            self.epoch(&mut net, &mut state, progress)?;
        }
        let progress = state.progress;
        // The best weights are kept where training can end early, and only there.
        let (kept, weights) = match state.best {
            Some(best) => (progress.best, best),
            None => (progress.epochs - 1, state.weights),
        };
        let weights = self.written(&weights);
        let graph =
            export::graph(&self.network, &weights, self.train.set.size, self.options.fold, &model)?;
        let net = Net::new(self.network.clone(), &weights, &self.device);
        self.measure(&graph)?.check(&net, &self.device, self.train.set, &self.train.order)?;
        let record = &progress.history[kept];
        let trained = Trained {
            arch: self.options.arch,
            epochs: progress.epochs,
            kept,
            val_accuracy: record.val_accuracy,
            train_accuracy: record.train_accuracy,
            history: progress.history.clone(),
            first_losses: progress.first_losses.clone(),
            model,
        };
        write_whole(&self.out.join("model.onnx"), &graph.to_bytes())?;
        outputs::card(self.options, &self.network, self.train.set.size, &self.out)?;
        weights.save(&self.out.join(outputs::WEIGHTS))?;
        dynamics::join(
            &self.work,
            progress.epochs,
            &progress.dynamics,
            &self.out.join("dynamics.parquet"),
        )?;
        outputs::finish(&self.out, &self.key, &trained)?;
        std::fs::remove_dir_all(&self.work).map_err(TrainError::io(&self.work))?;
        Ok(trained)
    }

    /// Weights of the network that is written, from those that are trained.
    fn written<'w>(&self, weights: &'w Weights) -> Cow<'w, Weights> {
        match self.layers {
            1 => Cow::Borrowed(weights),
            count => Cow::Owned(domains::mean(weights.clone(), count)),
        }
    }

    /// Where a stopped training goes on, or the beginning.
    fn start(&self, progress: &(dyn Fn(TrainEvent) + Sync)) -> Result<Checkpoint, TrainError> {
        let path = self.checkpoint();
        if let Some(state) = Checkpoint::load(&path, &self.wide, &self.key, &self.device)? {
            let Progress { epochs: epoch, within, .. } = state.progress;
            // What the table is made of at the end, before hours are spent on the rest.
            dynamics::check(&self.work, epoch, &state.progress.dynamics)?;
            progress(TrainEvent::Resumed { epoch, step: within.step });
            return Ok(state);
        }
        if self.out.join("train.json").exists() {
            return Err(other_training(&self.out));
        }
        let options = self.options;
        let weights = options
            .initial
            .clone()
            .unwrap_or_else(|| Weights::init(options.arch, options.classes.len(), options.seed));
        let weights = domains::widened(weights, self.layers);
        Ok(Checkpoint {
            progress: Progress {
                key: self.key.clone(),
                epochs: 0,
                stopped: false,
                steps: 0,
                first_losses: Vec::new(),
                history: Vec::new(),
                best: 0,
                groups: Vec::new(),
                within: Within::default(),
                dynamics: Vec::new(),
            },
            weights,
            state: State::default(),
            best: None,
        })
    }

    fn checkpoint(&self) -> PathBuf {
        self.work.join("checkpoint.safetensors")
    }

    fn measure(&self, graph: &rightly_onnx::Graph) -> Result<Measure<'_>, TrainError> {
        Measure::new(graph, &self.normaliser, self.options.classes.len(), self.watch.stop)
    }

    /// Measures every image with the epoch's model, and keeps everything.
    fn close(
        &self,
        at: &mut Checkpoint,
        epoch: usize,
        train_loss: f64,
    ) -> Result<EpochRecord, TrainError> {
        let size = self.train.set.size;
        let name = PathBuf::from(format!("epoch-{epoch}.onnx"));
        let weights = self.written(&at.weights);
        let graph = export::graph(&self.network, &weights, size, self.options.fold, &name)?;
        let measure = self.measure(&graph)?;
        let net = Net::new(self.network.clone(), &weights, &self.device);
        measure.check(&net, &self.device, self.train.set, &self.train.order)?;
        let on_train = measure.outcome(self.train.set, &self.train.order)?;
        let split = |split: &Split<'_>| measure.outcome(split.set, &split.order);
        let on_val: Option<Outcome> = self.val.as_ref().map(split).transpose()?;
        let mut rows = vec![(&self.train.set.ids[..], &self.train.order[..], &on_train)];
        if let (Some(val), Some(outcome)) = (&self.val, &on_val) {
            rows.push((&val.set.ids, &val.order, outcome));
        }
        let written = dynamics::write_epoch(&self.work, epoch, &rows)?;
        let record = EpochRecord {
            epoch,
            train_loss,
            train_accuracy: on_train.accuracy(),
            val_loss: on_val.as_ref().map(Outcome::mean_loss),
            val_accuracy: on_val.as_ref().map(Outcome::accuracy),
        };
        let progress = &mut at.progress;
        progress.epochs = epoch + 1;
        progress.steps = at.state.steps;
        progress.within = Within::default();
        progress.dynamics.push(written);
        progress.history.push(record.clone());
        if let Some(patience) = self.options.patience {
            let of = |epoch: usize| {
                let accuracy = progress.history[epoch].val_accuracy;
                accuracy.expect("patience is refused without images to validate on")
            };
            if epoch == 0 || of(epoch) > of(progress.best) {
                progress.best = epoch;
                at.best = Some(at.weights.clone());
            }
            progress.stopped = epoch - progress.best >= patience && patience > 0;
        }
        at.save(&self.checkpoint())?;
        Ok(record)
    }
}

/// n / (classes x images of the class), or 1; classes without images get 1.
fn class_weights(options: &TrainOptions, train: &Split<'_>) -> Vec<f32> {
    let mut counts = vec![0_usize; options.classes.len()];
    for &label in &train.set.labels {
        counts[label] += 1;
    }
    let even = train.order.len() as f64 / options.classes.len() as f64;
    counts
        .iter()
        .map(
            |&count| {
                if options.class_weights && count > 0 { (even / count as f64) as f32 } else { 1.0 }
            },
        )
        .collect()
}

impl crate::outputs::Hashed for Split<'_> {
    fn feed(&self, hasher: &mut blake3::Hasher) {
        self.set.hash(&self.order, hasher);
    }
}

/// Steps of a training, for an estimate of its time.
#[must_use]
pub fn total_steps(images: usize, options: &TrainOptions) -> usize {
    let copies: usize = options.copies.values().sum();
    order::steps(images + copies, options.batch.max(1)) * options.epochs
}
