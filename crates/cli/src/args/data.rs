//! The dataset: where it lies, its masks, and how pictures are decoded.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use rightly_data::{dataset::SplitFolders, mask::ValueRange};

use super::{DataFormat, at_least_one};

#[derive(Debug, Args)]
#[command(next_help_heading = "Data")]
pub(crate) struct DataFlags {
    /// Folder of class folders, a table (csv, tsv, jsonl, parquet), or KIND:PATH
    #[arg(long, value_name = "DATA")]
    pub(crate) data: String,
    /// A paper's division into splits: dim (cifar-100:, cifar-100-coarse:)
    #[arg(long, value_name = "NAME")]
    pub(crate) protocol: Option<String>,
    /// Whether folders called train, val, test … are splits (on) or classes (off), where both may be meant
    #[arg(long, value_name = "on|off")]
    pub(crate) splits: Option<SplitsArg>,
    #[command(flatten)]
    pub(crate) masks: MaskFlags,
    /// Table `class,output`: the outputs that count as right for a class
    #[arg(long, value_name = "FILE.csv")]
    pub(crate) label_map: Option<PathBuf>,
    /// Outputs in the argmax: all, or those of the label map
    #[arg(long, value_enum, default_value = "all")]
    pub(crate) outputs: OutputsArg,
    /// Split to use (default: test, else val, else all images)
    #[arg(long, value_name = "NAME")]
    pub(crate) split: Option<String>,
    /// Column of images that belong together (frames of one video): the unit of every interval
    #[arg(long, value_name = "COLUMN")]
    pub(crate) cluster: Option<String>,
    /// First N images of each class, for a quick look
    #[arg(long, value_name = "N", value_parser = at_least_one())]
    pub(crate) limit: Option<usize>,
    #[command(flatten)]
    pub(crate) decode: DecodeFlags,
}

#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Data")]
pub(crate) struct MaskFlags {
    /// Folder of masks that mirrors the images
    #[arg(long, value_name = "DIR")]
    pub(crate) masks: Option<PathBuf>,
    /// Mask values that are object, such as 1,2,128-255 (default: every value above 0)
    #[arg(long, value_name = "VALUES", value_delimiter = ',')]
    pub(crate) mask_object: Option<Vec<ValueRange>>,
    /// Mask values to ignore (default: 255 in label maps)
    #[arg(long, value_name = "VALUES", value_delimiter = ',')]
    pub(crate) mask_void: Vec<ValueRange>,
    /// Resize masks of another size than their image, instead of refusing them
    #[arg(long, value_name = "HOW", value_parser = ["nearest"])]
    pub(crate) mask_resize: Option<String>,
    /// How masks pass through the model's geometry: nearest, or the paper's bilinear > 0
    #[arg(long, value_enum, default_value = "nearest")]
    pub(crate) mask_sampling: SamplingArg,
}

#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Data")]
pub(crate) struct DecodeFlags {
    /// Ignore the EXIF orientation, as the papers' code does (default: as a viewer shows it)
    #[arg(long)]
    pub(crate) as_stored: bool,
    /// Most pixels an image may have
    #[arg(long, value_name = "N")]
    pub(crate) max_pixels: Option<u64>,
    /// Most bytes an image file may have
    #[arg(long, value_name = "N")]
    pub(crate) max_bytes: Option<u64>,
    /// Colour under transparent pixels
    #[arg(long, value_name = "R,G,B", value_delimiter = ',')]
    pub(crate) background: Option<Vec<u8>>,
}

#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    /// Folder of class folders, a table (csv, tsv, jsonl, parquet), or KIND:PATH
    pub(crate) data: String,
    /// A paper's division into splits: dim (cifar-100:, cifar-100-coarse:)
    #[arg(long, value_name = "NAME")]
    pub(crate) protocol: Option<String>,
    /// Whether folders called train, val, test … are splits (on) or classes (off), where both may be meant
    #[arg(long, value_name = "on|off")]
    pub(crate) splits: Option<SplitsArg>,
    #[command(flatten)]
    pub(crate) masks: MaskFlags,
    #[command(flatten)]
    pub(crate) decode: DecodeFlags,
    /// Read every image and mask as well, and list what can't be used
    #[arg(long)]
    pub(crate) read: bool,
    /// Write a page with masks drawn over images of each class, to see what counts as object
    #[arg(long, value_name = "FILE.html")]
    pub(crate) preview: Option<PathBuf>,
    /// How to print it
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: DataFormat,
}

impl DataArgs {
    /// Whether pictures are decoded.
    pub(crate) fn reads(&self) -> bool {
        self.read || self.preview.is_some()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SplitsArg {
    On,
    Off,
}

impl From<SplitsArg> for SplitFolders {
    fn from(splits: SplitsArg) -> Self {
        match splits {
            SplitsArg::On => Self::On,
            SplitsArg::Off => Self::Off,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputsArg {
    All,
    Mapped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum SamplingArg {
    #[default]
    Nearest,
    Paper,
}
