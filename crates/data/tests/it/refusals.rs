//! What a reader says of a damaged file names the file. A new reader is a line of [`readers`].
use crate::{
    damaged::{self, Read, Reader},
    dataset_tree::{Tree, mask_png},
};
use rightly_data::{
    DataError, Dataset, MaskSource, RgbImage,
    dataset::{OpenOptions, TextTable, unlabelled},
    embeddings::EmbeddingPool,
    files,
    mask::MaskOptions,
    npy::Matrix,
    pixels::{self, DecodeOptions, Decoded},
    table,
    votes::read_votes,
};
use std::{fs, path::Path};

fn golden(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)).unwrap()
}

/// Opens data and decodes all that it lists; the first error, or what stands in the problems of the dataset as one.
fn open(data: &str) -> Result<(), DataError> {
    let dataset = Dataset::open(data, &OpenOptions::default())?;
    let options = DecodeOptions { max_pixels: 1 << 20, ..DecodeOptions::default() };
    for sample in &dataset.samples {
        let decoded = sample.image.load(&options)?;
        if let Some(mask) = &sample.mask {
            mask.load(&decoded, &dataset.mask_options)?;
        }
    }
    Ok(())
}

fn open_path(path: &Path) -> Result<(), DataError> {
    open(&path.to_string_lossy())
}

fn beside(path: &Path) -> String {
    path.parent().unwrap().to_string_lossy().into_owned()
}

fn image(path: &Path) -> Result<(), DataError> {
    pixels::read(path, &DecodeOptions::default()).map(drop)
}

fn mask(path: &Path) -> Result<(), DataError> {
    let image = RgbImage { width: 8, height: 6, data: vec![0; 144] };
    let options = MaskOptions { resize_nearest: true, ..MaskOptions::default() };
    MaskSource::File(path.to_owned())
        .load(&Decoded { stored: (8, 6), image, applied: 1 }, &options)
        .map(drop)
}

const CSV: &str = "image,class,mask\na.jpg,cat,m.png\nb.jpg,dog,\n";
const TSV: &str = "image\tclass\na.jpg\tcat\nb.jpg\tdog\n";
const LINES: &str =
    "{\"image\": \"a.jpg\", \"class\": \"cat\"}\n{\"image\": \"b.jpg\", \"class\": \"dog\"}\n";
const VOTES: &str = "class,class_index,feature_index,main_object,separate_object,background\n\
                     cat,0,3,1,2,2\ncat,0,4,5,0,0\ndog,1,3,0,0,5\n";
const COCO: &str = r#"{"images": [{"id": 1, "file_name": "a.jpg", "height": 6, "width": 8},
    {"id": 2, "file_name": "b.jpg"}], "categories": [{"id": 1, "name": "cat"}], "annotations": [
    {"id": 1, "image_id": 1, "category_id": 1, "area": 6.0, "segmentation": [[0.5, 0.5, 4, 0, 4, 3]]},
    {"id": 2, "image_id": 2, "category_id": 1, "segmentation": {"counts": [4, 8, 36], "size": [6, 8]}}]}"#;

/// Records of CIFAR-100 whose classes are the first of each list.
fn cifar() -> Vec<u8> {
    vec![0; 2 * 3074]
}

fn numbered(count: usize) -> Vec<u8> {
    (0..count).map(|i| format!("name {i}\n")).collect::<String>().into_bytes()
}

fn readers() -> Vec<Reader> {
    let reader = |name, good: &[u8], read: Read| Reader { name, good: good.to_vec(), read };
    let parquet = golden("tables/kinds.parquet");
    let hugging_face = golden("tables/hf/test-00000-of-00001.parquet");
    vec![
        reader("t.csv", CSV.as_bytes(), |p| TextTable::read(p).map(drop)),
        reader("t.tsv", TSV.as_bytes(), |p| TextTable::read(p).map(drop)),
        reader("t.jsonl", LINES.as_bytes(), |p| TextTable::read(p).map(drop)),
        reader("t.parquet", &parquet, |p| TextTable::read(p).map(drop)),
        reader("d.csv", CSV.as_bytes(), open_path),
        reader("d.tsv", TSV.as_bytes(), open_path),
        reader("d.jsonl", LINES.as_bytes(), open_path),
        reader("d.parquet", &hugging_face, open_path),
        reader("u.csv", CSV.as_bytes(), |p| unlabelled(p).map(drop)),
        reader("votes.csv", VOTES.as_bytes(), |p| read_votes(p).map(drop)),
        reader("coco.json", COCO.as_bytes(), |p| {
            open(&format!("coco:{},{}", p.display(), beside(p)))
        }),
        reader("cifar/train.bin", &cifar(), |p| open(&format!("cifar-100:{}", beside(p)))),
        reader("cifar/fine_label_names.txt", &numbered(100), |p| {
            open(&format!("cifar-100:{}", beside(p)))
        }),
        reader("cifar/coarse_label_names.txt", &numbered(20), |p| {
            open(&format!("cifar-100-coarse:{}", beside(p)))
        }),
        reader("i.jpg", &golden("files/rgb.jpg"), image),
        reader("progressive.jpg", &golden("files/prog-420.jpg"), image),
        reader("i.png", &golden("files/rgb.png"), image),
        reader("i.gif", &golden("files/palette.gif"), image),
        reader("i.bmp", &golden("files/rgb.bmp"), image),
        reader("i.tif", &golden("files/rgb.tif"), image),
        reader("i.webp", &golden("files/lossless.webp"), image),
        reader("m.npy", &golden("npy/uint8.npy"), mask),
        reader("mask.png", &mask_png(8, 6, 255), mask),
        reader("v.npy", &matrix(), |p| Matrix::read(p).map(drop)),
        reader("e.npy", &matrix(), |p| EmbeddingPool::open(p)?.fingerprint().map(drop)),
        reader("own.parquet", &parquet, |p| table::Table::load(p).map(drop)),
        reader("batches.parquet", &parquet, |p| table::read(p)?.try_for_each(|b| b.map(drop))),
        reader("bounded.parquet", &parquet, |p| {
            table::read_bounded(p)?.try_for_each(|b| b.map(drop))
        }),
        reader("outline.parquet", &parquet, |p| table::outline(p).map(drop)),
        reader("groups.parquet", &parquet, |p| {
            let columns: Vec<String> = table::outline(p)?.1;
            let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
            (0..table::row_groups(p)?)
                .try_for_each(|g| table::read_group(p, g, &columns)?.try_for_each(|b| b.map(drop)))
        }),
        reader("rows.parquet", &hugging_face, |p| {
            table::read_rows(p, &[0, 2], &["image.bytes"]).map(drop)
        }),
        reader("words.txt", "boat\n".as_bytes(), |p| files::read_text(p, 1 << 20).map(drop)),
    ]
}

/// `[3, 4]` floats as NumPy saves them.
fn matrix() -> Vec<u8> {
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }";
    let header = format!("{header:<117}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend((0..12_u8).flat_map(|i| f32::from(i).to_le_bytes()));
    bytes
}

/// A folder with all that the good files name.
fn around() -> Tree {
    let tree = Tree::new();
    tree.images(["a.jpg", "b.jpg"]).write("m.png", mask_png(8, 6, 255));
    tree.write("cifar/train.bin", cifar()).write("cifar/fine_label_names.txt", numbered(100));
    tree.write("cifar/coarse_label_names.txt", numbered(20));
    tree
}

fn folder() -> tempfile::TempDir {
    around().into_folder()
}

#[test]
fn good_files_are_read() {
    damaged::good_files_are_read(readers(), folder);
}

#[test]
fn what_is_no_such_file_is_refused_by_name() {
    damaged::what_is_no_such_file_is_refused_by_name(readers(), folder);
}

#[test]
fn whatever_is_refused_is_refused_by_name() {
    let refusals = damaged::whatever_is_refused_is_refused_by_name(readers(), folder);
    assert!(refusals > 1000, "{refusals}");
}
