//! What is wrong with a pool is said with the file, the value and what to do.
use super::*;

/// Opens a pool of clip-retrieval's layout after `spoil` changed it; the message.
fn spoilt(spoil: impl FnOnce(&Path)) -> String {
    let folder = tempfile::tempdir().unwrap();
    pool(folder.path(), 1);
    spoil(folder.path());
    EmbeddingPool::open(folder.path()).unwrap_err().to_string()
}

fn has(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "'{part}' in: {message}");
    }
}

#[test]
fn shards_and_tables_that_do_not_fit() {
    let message = spoilt(|root| table(&root.join("metadata/metadata_3.parquet"), 3, 9));
    has(&message, &["metadata_3.parquet", "9 rows", "img_emb_3.npy has 8", "one run"]);
    let message =
        spoilt(|root| fs::remove_file(root.join("metadata/metadata_10.parquet")).unwrap());
    has(&message, &["img_emb_10.npy", "no metadata", "metadata_10.parquet"]);
    let message = spoilt(|root| fs::remove_file(root.join("img_emb/img_emb_4.npy")).unwrap());
    has(&message, &["metadata_4.parquet", "without embeddings", "number 4"]);
    let message =
        spoilt(|root| put(&root.join("img_emb/img_emb_2.npy"), &halves(&drawn(7, 21, 0))));
    has(&message, &["img_emb_2.npy", "21 values", "img_emb_0.npy have 20", "one encoder"]);
    let message = spoilt(|root| {
        let columns =
            Columns::new().i64("width", 0..8).utf8("title", (0..8).map(|i| i.to_string()));
        write(&root.join("metadata/metadata_3.parquet"), &columns.batch().unwrap()).unwrap();
    });
    has(&message, &["metadata_3.parquet", "'image_path'", "it has 'width', 'title'", "rename"]);
    let message = spoilt(|root| put(&root.join("metadata/metadata_3.parquet"), b"PAR1"));
    has(&message, &["metadata_3.parquet", "not a Parquet file"]);
}

#[test]
fn names_that_are_no_pool() {
    let message =
        spoilt(|root| put(&root.join("img_emb/img_emb_01.npy"), &halves(&drawn(6, 20, 0))));
    has(&message, &["the number 1", "img_emb_01.npy", "img_emb_1.npy", "keep one"]);
    let message =
        spoilt(|root| put(&root.join("img_emb/text_emb_1.npy"), &halves(&drawn(6, 20, 0))));
    has(&message, &["text_emb_1.npy", "'img_emb_' and 'text_emb_'", "elsewhere"]);
    let message = spoilt(|root| put(&root.join("img_emb/all.npy"), &halves(&drawn(6, 20, 0))));
    has(&message, &["all.npy", "does not end with its number", "rename"]);
    let folder = tempfile::tempdir().unwrap();
    let open = |path: &Path| EmbeddingPool::open(path).unwrap_err().to_string();
    has(&open(folder.path()), &["no .npy files", "img_emb/img_emb_0.npy"]);
    has(&open(&folder.path().join("none")), &["none"]);
    let text = folder.path().join("x.txt");
    put(&text, b"x");
    has(&open(&text), &["x.txt", "one .npy file"]);
    // Texts alone are no images, but may be named as a folder of their own.
    put(&folder.path().join("text_emb/text_emb_0.npy"), &halves(&drawn(2, 3, 0)));
    has(&open(folder.path()), &["no .npy files"]);
}

#[test]
fn arrays_that_are_no_embeddings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    let whole = halves(&drawn(3, 4, 0));
    let long = [whole.clone(), vec![0]].concat();
    for (bytes, parts) in [
        (npy("<f4", true, "(3, 2)", &[0; 24]), ["Fortran", "ascontiguousarray"]),
        (npy("<f8", false, "(3, 2)", &[0; 48]), ["'<f8'", "float16 or float32"]),
        (npy("<f4", false, "(6,)", &[0; 24]), ["[6]", "[n, d]"]),
        (npy("<f4", false, "(6, 0)", &[]), ["[6, 0]", "[n, d]"]),
        (npy("<f4", false, "(0, 6)", &[]), ["no rows", ""]),
        (whole[..whole.len() - 1].to_vec(), ["3 x 4", "truncated"]),
        (long, ["3 x 4", "truncated or corrupt"]),
        (whole[..50].to_vec(), ["header", "save the array again"]),
        (b"no array".to_vec(), ["not a .npy file", "numpy.save"]),
        (Vec::new(), ["not a .npy file", "numpy.save"]),
    ] {
        put(&path, &bytes);
        let message = EmbeddingPool::open(&path).unwrap_err().to_string();
        has(&message, &["x.npy"]);
        has(&message, &parts);
    }
}

#[test]
fn questions_that_do_not_fit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    put(&path, &halves(&drawn(3, 4, 0)));
    let pool = EmbeddingPool::open(&path).unwrap();
    let ask =
        |queries: Array2<f32>| pool.nearest(queries.view(), 1, 1, &GO_ON).unwrap_err().to_string();
    has(&ask(drawn(1, 5, 0)), &["x.npy", "4 values", "the query 5"]);
    let mut queries = drawn(3, 4, 0);
    queries.row_mut(1).fill(0.0);
    has(&ask(queries.clone()), &["query 1 has no direction"]);
    queries.row_mut(1).fill(f32::NAN);
    has(&ask(queries), &["query 1 has no direction"]);
    has(&pool.entries(&[0, 3]).unwrap_err().to_string(), &["x.npy", "no row 3", "has 3"]);
}
