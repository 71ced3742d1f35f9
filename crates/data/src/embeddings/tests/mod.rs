//! Small pools in the layouts that the tools write.
mod errors;

use super::*;
use crate::table::{Columns, TableWriter, write};
use half::f16;
use ndarray::{Array2, s};
use std::fs;

static GO_ON: AtomicBool = AtomicBool::new(false);

/// A `.npy` file of version 1 as NumPy writes it: the data start at a multiple of 64.
fn npy(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    let text = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}");
    let length = (10 + text.len() + 1).next_multiple_of(64) - 10;
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((length as u16).to_le_bytes());
    bytes.extend(format!("{text:<0$}\n", length - 1).as_bytes());
    bytes.extend(data);
    bytes
}

fn halves(rows: &Array2<f32>) -> Vec<u8> {
    let data: Vec<u8> = rows.iter().flat_map(|x| f16::from_f32(*x).to_le_bytes()).collect();
    npy("<f2", false, &format!("({}, {})", rows.nrows(), rows.ncols()), &data)
}

fn singles(rows: &Array2<f32>) -> Vec<u8> {
    let data: Vec<u8> = rows.iter().flat_map(|x| x.to_le_bytes()).collect();
    npy("<f4", false, &format!("({}, {})", rows.nrows(), rows.ncols()), &data)
}

/// Values that halves hold exactly, different in each row.
fn drawn(rows: usize, columns: usize, seed: usize) -> Array2<f32> {
    Array2::from_shape_fn((rows, columns), |(i, j)| {
        let mixed = (i * 7919 + j * 104_729 + seed * 1_299_709 + 1).wrapping_mul(2_654_435_761);
        ((mixed >> 7) % 2001) as f32 / 1024.0 - 1.0
    })
}

fn put(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// The table of shard `number`, with the columns that clip-retrieval joins from what img2dataset knew.
fn table(path: &Path, number: usize, rows: usize) {
    let name = |row: usize| format!("{number:05}{row:04}");
    let columns = Columns::new()
        .utf8("image_path", (0..rows).map(name))
        .utf8_opt("caption", (0..rows).map(|row| (row % 3 > 0).then(|| format!("a thing {row}"))))
        .utf8("url", (0..rows).map(|row| format!("https://example.org/{number}/{row}.jpg")))
        .i64("key", (0..rows).map(|row| (number * 10_000 + row) as i64))
        .f64("similarity", (0..rows).map(|row| row as f64 / 100.0));
    write(path, &columns.batch().unwrap()).unwrap();
}

/// A pool of shards 0 to 10 as clip-retrieval writes it; its rows in order.
fn pool(root: &Path, pad: usize) -> Array2<f32> {
    let shards: Vec<_> = (0..11).map(|number| drawn(5 + number, 20, number)).collect();
    for (number, rows) in shards.iter().enumerate() {
        put(&root.join(format!("img_emb/img_emb_{number:0pad$}.npy")), &halves(rows));
        table(
            &root.join(format!("metadata/metadata_{number:0pad$}.parquet")),
            number,
            rows.nrows(),
        );
    }
    put(&root.join(format!("text_emb/text_emb_{:0pad$}.npy", 0)), &halves(&shards[0]));
    ndarray::concatenate(ndarray::Axis(0), &shards.iter().map(|s| s.view()).collect::<Vec<_>>())
        .unwrap()
}

#[test]
fn what_clip_retrieval_writes_is_read_in_the_order_of_its_numbers() {
    for pad in [1, 4] {
        let folder = tempfile::tempdir().unwrap();
        let rows = pool(folder.path(), pad);
        // The folder of both, or that of the embeddings.
        for path in [folder.path().to_owned(), folder.path().join("img_emb")] {
            let pool = EmbeddingPool::open(&path).unwrap();
            assert_eq!((pool.len(), pool.dim(), pool.shards().len()), (110, 20, 11));
            assert!(!pool.is_empty());
            for row in 0..rows.nrows() {
                assert_eq!(pool.embedding(row).unwrap(), rows.row(row).to_vec());
            }
            assert_eq!(pool.embedding(110), None);
        }
    }
}

#[test]
fn hits_are_exact_and_have_their_entries() {
    let folder = tempfile::tempdir().unwrap();
    let rows = pool(folder.path(), 1);
    let pool = EmbeddingPool::open(folder.path()).unwrap();
    let queries = rows.slice(s![96..100, ..]);
    let found = pool.nearest(queries, 7, 1, &GO_ON).unwrap().unwrap();
    assert_eq!(found.left_out, 0);
    for (at, hits) in found.hits.iter().enumerate() {
        let query = queries.row(at);
        let mut all: Vec<(f32, usize)> = rows
            .outer_iter()
            .map(|row| row.dot(&query) / (row.dot(&row) * query.dot(&query)).sqrt())
            .enumerate()
            .map(|(row, cosine)| (cosine, row))
            .collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0));
        assert_eq!(
            hits.iter().map(|h| h.row).collect::<Vec<_>>(),
            all[..7].iter().map(|a| a.1).collect::<Vec<_>>()
        );
        assert!(hits.iter().zip(&all).all(|(hit, (cosine, _))| (hit.cosine - cosine).abs() < 1e-6));
    }
    for threads in [0, 2, 5] {
        assert_eq!(pool.nearest(queries, 7, threads, &GO_ON).unwrap().unwrap(), found);
    }
    // Row 95 is the first of shard 10; in the order asked for, the same one twice.
    let entries = pool.entries(&[97, 0, 95, 97, 1]).unwrap();
    let keys: Vec<_> = entries.iter().map(|e| e.key.as_deref().unwrap()).collect();
    assert_eq!(keys, ["100002", "0", "100000", "100002", "1"]);
    assert_eq!(entries[0].image.as_deref(), Some("000100002"));
    assert_eq!(entries[0].caption.as_deref(), Some("a thing 2"));
    assert_eq!(entries[0].url.as_deref(), Some("https://example.org/10/2.jpg"));
    assert_eq!(entries[1].caption, None);
    assert_eq!(pool.entries(&[]).unwrap(), []);
    let stop = AtomicBool::new(true);
    assert_eq!(pool.nearest(queries, 7, 1, &stop).unwrap(), None);
}

#[test]
fn other_layouts() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (drawn(4, 6, 1), drawn(3, 6, 2));
    // Numbers of one file and its table, single precision beside half.
    let flat = folder.path().join("flat");
    put(&flat.join("cars_9.npy"), &singles(&first));
    put(&flat.join("cars_10.npy"), &halves(&second));
    put(&flat.join(".cars_11.npy"), b"half written");
    table(&flat.join("cars_9.parquet"), 9, 4);
    table(&flat.join("cars_10.parquet"), 10, 3);
    let pool = EmbeddingPool::open(&flat).unwrap();
    assert_eq!(pool.embedding(4).unwrap(), second.row(0).to_vec());
    assert_eq!(pool.entries(&[4]).unwrap()[0].key.as_deref(), Some("100000"));
    // One file, as such or alone in a folder, without a table and with one that has one known column.
    let single = folder.path().join("single/all.npy");
    put(&single, &singles(&first));
    for path in [&single, single.parent().unwrap()] {
        let pool = EmbeddingPool::open(path).unwrap();
        assert_eq!((pool.len(), pool.shards()[0].metadata.clone()), (4, None));
        assert_eq!(pool.entries(&[3, 2]).unwrap(), [Entry::default(), Entry::default()]);
    }
    let captions = Columns::new().utf8("caption", ["a", "b", "c", "d"]).batch().unwrap();
    write(&single.with_extension("parquet"), &captions).unwrap();
    let pool = EmbeddingPool::open(&single).unwrap();
    let expected = Entry { caption: Some("d".to_owned()), ..Entry::default() };
    assert_eq!(pool.entries(&[3]).unwrap(), [expected]);
}

/// Only the row groups that hold a row are read: here the rest of the file is damaged.
#[test]
fn of_a_table_only_what_is_asked_for_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("big.parquet");
    let rows = 300_000;
    let batch = |from: usize, to: usize| {
        Columns::new().utf8("image_path", (from..to).map(|i| format!("image {i}"))).batch().unwrap()
    };
    let mut writer = TableWriter::create(&path, batch(0, 1).schema()).unwrap();
    writer.write(&batch(0, rows)).unwrap();
    writer.finish().unwrap();
    put(&path.with_extension("npy"), &halves(&Array2::ones((rows, 1))));
    let mut bytes = fs::read(&path).unwrap();
    let groups = crate::table::row_groups(&path).unwrap();
    assert!(groups > 2, "{groups}");
    bytes[100..5000].fill(0xA5);
    fs::write(&path, bytes).unwrap();
    let pool = EmbeddingPool::open(&path.with_extension("npy")).unwrap();
    let wanted = [rows - 1, 131_072, 131_073, 200_000];
    let entries = pool.entries(&wanted).unwrap();
    for (entry, row) in entries.iter().zip(wanted) {
        assert_eq!(entry.image, Some(format!("image {row}")));
    }
    assert!(pool.entries(&[0]).is_err());
}

#[test]
fn a_fingerprint_follows_what_the_files_hold() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    pool(&one, 1);
    pool(&other, 1);
    let of = |path: &Path| EmbeddingPool::open(path).unwrap().fingerprint().unwrap();
    assert_eq!(of(&one), of(&other));
    let file = other.join("img_emb/img_emb_3.npy");
    let mut bytes = fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&file, bytes).unwrap();
    assert_ne!(of(&one), of(&other));
    let before = of(&one);
    table(&one.join("metadata/metadata_3.parquet"), 4, 8);
    assert_ne!(before, of(&one));
}

#[test]
fn rows_without_direction_are_counted_and_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = drawn(50, 6, 3);
    rows.row_mut(7).fill(0.0);
    rows[[8, 2]] = f32::NAN;
    // More than a half holds.
    rows[[9, 5]] = 1e6;
    put(&folder.path().join("x.npy"), &halves(&rows));
    let pool = EmbeddingPool::open(folder.path()).unwrap();
    let found = pool.nearest(rows.slice(s![..1, ..]), 100, 2, &GO_ON).unwrap().unwrap();
    assert_eq!((found.left_out, found.hits[0].len()), (3, 47));
    assert!(found.hits[0].iter().all(|hit| !(7..10).contains(&hit.row)));
}
