//! Times of a search in a pool of embeddings, as JSON; `bench/pool.py` runs it beside NumPy.
//!
//! ```text
//! pool_speed                                           writes 1,000,000 x 512, searches, deletes
//! pool_speed write FOLDER ROWS COLUMNS
//! pool_speed search FOLDER QUERIES K ROUNDS THREADS
//! ```
//! A pool is four shards of halves (2 bytes a value) with tables, in the layout of clip-retrieval. The queries are its first
//! rows. The first pass of a search touches each page of the map for the first time; the others are warm.

#![expect(clippy::print_stdout, reason = "an example that prints its result")]

use half::f16;
use ndarray::Array2;
use rightly_data::{
    embeddings::EmbeddingPool,
    table::{Columns, write as write_table},
};
use rightly_stats::rng::{keyed, standard_normal_fill};
use serde_json::{Value, json};
use std::{
    error::Error,
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    sync::atomic::AtomicBool,
    time::Instant,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const SHARDS: usize = 4;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| -> Result<usize> {
        Ok(arguments.get(at).ok_or("see the first lines of the source")?.parse()?)
    };
    match arguments.first().map(String::as_str) {
        None => {
            let folder = tempfile::tempdir()?;
            write(folder.path(), 1_000_000, 512)?;
            for queries in [1, 20] {
                println!("{}", search(folder.path(), queries, 50, 5, 2)?);
            }
        }
        Some("write") => write(Path::new(&arguments[1]), number(2)?, number(3)?)?,
        Some("search") => {
            let folder = Path::new(&arguments[1]);
            println!("{}", search(folder, number(2)?, number(3)?, number(4)?, number(5)?)?);
        }
        Some(_) => return Err("see the first lines of the source".into()),
    }
    Ok(())
}

fn search(folder: &Path, queries: usize, k: usize, rounds: usize, threads: usize) -> Result<Value> {
    let stop = AtomicBool::new(false);
    let start = Instant::now();
    let pool = EmbeddingPool::open(folder)?;
    let open = start.elapsed().as_secs_f64();
    let values: Vec<f32> = (0..queries).filter_map(|row| pool.embedding(row)).flatten().collect();
    let queries = Array2::from_shape_vec((queries, pool.dim()), values)?;
    let (mut seconds, mut hits) = (Vec::new(), Vec::new());
    for _ in 0..=rounds {
        let start = Instant::now();
        let found = pool.nearest(queries.view(), k, threads, &stop)?.ok_or("stopped")?;
        seconds.push(start.elapsed().as_secs_f64());
        hits = found.hits;
    }
    let rows: Vec<usize> = hits.iter().flatten().map(|hit| hit.row).collect();
    let start = Instant::now();
    let entries = pool.entries(&rows)?;
    let named = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let fingerprint = pool.fingerprint()?;
    Ok(json!({
        "rows": pool.len(),
        "queries": queries.nrows(),
        "open": open,
        "first": seconds[0],
        "seconds": seconds[1..],
        "entries": named,
        "entries_named": entries.iter().filter(|e| e.image.is_some()).count(),
        "fingerprint": start.elapsed().as_secs_f64(),
        "fingerprint_starts": &fingerprint[..8],
        "hits": hits.iter().map(|hits| hits.iter().map(|h| json!([h.row, h.cosine])).collect()).collect::<Vec<Value>>(),
    }))
}

/// Rows of length 1 about one mean, as embeddings of images are. A store of drawn values is used again and again from other
/// places, since drawing takes longer than writing.
fn write(folder: &Path, rows: usize, columns: usize) -> Result<()> {
    for name in ["img_emb", "metadata"] {
        std::fs::create_dir_all(folder.join(name))?;
    }
    let mut store = vec![0_f32; 1 << 22];
    standard_normal_fill(&mut keyed(0, "bench", "", 0), &mut store);
    let mut row = vec![0_f32; columns];
    for shard in 0..SHARDS {
        let range = rows * shard / SHARDS..rows * (shard + 1) / SHARDS;
        let mut out =
            BufWriter::new(File::create(folder.join(format!("img_emb/img_emb_{shard}.npy")))?);
        let shape = format!("({}, {columns})", range.len());
        let header = format!("{{'descr': '<f2', 'fortran_order': False, 'shape': {shape}, }}");
        out.write_all(b"\x93NUMPY\x01\x00\x76\x00")?;
        writeln!(out, "{header:<117}")?;
        for at in range.clone() {
            let from = at.wrapping_mul(2_654_435_761) % (store.len() - columns);
            row.copy_from_slice(&store[from..from + columns]);
            row.iter_mut().step_by(4).for_each(|x| *x += 1.0);
            let length = row.iter().map(|x| x * x).sum::<f32>().sqrt();
            for value in &row {
                out.write_all(&f16::from_f32(value / length).to_le_bytes())?;
            }
        }
        out.into_inner()?.sync_all()?;
        let table = Columns::new()
            .utf8("image_path", range.clone().map(|i| format!("{i:09}")))
            .utf8("caption", range.clone().map(|i| format!("a photo of thing {}", i % 997)))
            .utf8("url", range.map(|i| format!("https://example.org/{i}.jpg")));
        write_table(&folder.join(format!("metadata/metadata_{shard}.parquet")), &table.batch()?)?;
    }
    Ok(())
}
