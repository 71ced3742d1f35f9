//! Retrieval from a pool for the quickstart's failing subgroups, with a tiny untrained image-text model.

use std::{fs, path::Path};

use rightly_audit::{
    Error, RunDir,
    features::Source,
    interpret::{InterpretOptions, interpret},
    run::StageRecord,
};
use rightly_data::table::{Columns, Table, write};
use rightly_model::Overrides;

use crate::{
    discover::{data, inputs, options as discovery, run as discover},
    support::{context, context_on, network, npy_bytes, open, quickstart},
};

fn named(table: &Path, out: &Path, pool: &Path, threads: usize) -> Result<StageRecord, Error> {
    let options = InterpretOptions {
        image_text: Some(network("clip")),
        pool: Some(pool.to_owned()),
        ..InterpretOptions::default()
    };
    let inputs = open(inputs(table))?;
    interpret(&inputs, &options, &context_on(&RunDir::new(out), threads))
}

/// Rows as a `.npy` file.
fn write_npy(path: &Path, rows: &[Vec<f32>]) {
    fs::write(path, npy_bytes(rows[0].len(), &rows.concat())).unwrap();
}

#[test]
fn pictures_of_a_folder_a_table_or_embeddings_are_retrieved_alike() {
    let folder = tempfile::tempdir().unwrap();
    let table = data(folder.path(), "", |_, _| String::new());
    let out = folder.path().join("run");
    // Discovery in the same space, so that its own directions are the queries.
    let mut found = discovery();
    let overrides =
        Overrides { feature_layer: Some("image_embeds".to_owned()), ..Overrides::default() };
    found.features = Source::Encoder(network("clip/vision_model.onnx"), Box::new(overrides));
    discover(inputs(&table), &found, &out).unwrap();

    let pool = folder.path().join("pool");
    fs::create_dir(&pool).unwrap();
    let rows = fs::read_to_string(quickstart("table.csv")).unwrap();
    // In the order of a folder, so that equal cosines stand in the same order too.
    let mut list = Vec::new();
    for line in rows.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let name = cells[0].rsplit('/').next().unwrap();
        fs::copy(quickstart(cells[0]), pool.join(name)).unwrap();
        list.push(format!("{name},seen on the {}\n", cells[3]));
    }
    list.sort();
    fs::write(pool.join("broken.png"), b"no picture").unwrap();
    let record = named(&table, &out, &pool, 2).unwrap();
    let note = record.notes.iter().find(|n| n.starts_with("Pool: ")).unwrap();
    assert!(note.contains("1 of them without a direction") && note.contains("0 phrases"), "{note}");
    let broken: Vec<&str> = record.problems.iter().map(|p| p.image.as_str()).collect();
    assert_eq!(broken, ["broken.png"]);
    let retrieved = || Table::load(&out.join("interpret/retrieved.parquet")).unwrap();
    let images =
        |t: &Table| -> Vec<String> { t.texts("image").unwrap().into_iter().flatten().collect() };
    let first = retrieved();
    let (cosines, ranks) = (first.floats("cosine").unwrap(), first.integers("rank").unwrap());
    assert!(first.rows() > 0 && !images(&first).contains(&"broken.png".to_owned()));
    for at in 1..first.rows() {
        assert!(ranks[at] == Some(1) || cosines[at] <= cosines[at - 1], "best first");
    }

    // The same pictures as a table with captions: the same order, and the captions propose phrases.
    let csv = pool.join("list.csv");
    fs::write(&csv, format!("image,caption\n{}", list.concat())).unwrap();
    let record = named(&table, &out, &csv, 1).unwrap();
    let second = retrieved();
    assert!(images(&first) == images(&second));
    assert!(first.floats("cosine").unwrap() == second.floats("cosine").unwrap());
    assert!(
        second.texts("caption").unwrap().iter().flatten().all(|c| c.starts_with("seen on the"))
    );
    let note = record.notes.iter().find(|n| n.starts_with("Pool: ")).unwrap();
    assert!(note.contains("0 of them without a direction"), "{note}");

    // And as embeddings of the same encoder.
    let vectors = Table::load(&out.join("features/vision_model.parquet")).unwrap();
    let ids = vectors.texts("id").unwrap();
    let values: Vec<Vec<f32>> =
        vectors.lists_f32("vector").unwrap().into_iter().flatten().collect();
    let embedded = folder.path().join("embedded");
    fs::create_dir(&embedded).unwrap();
    write_npy(&embedded.join("part_0.npy"), &values);
    let batch = Columns::new()
        .utf8_opt("image_path", ids.iter().map(Option::as_deref))
        .utf8("caption", ids.iter().map(|_| "a picture of the pool"))
        .batch()
        .unwrap();
    write(&embedded.join("part_0.parquet"), &batch).unwrap();
    named(&table, &out, &embedded, 2).unwrap();
    let third = retrieved();
    assert!(third.rows() >= first.rows());
    assert!(third.floats("cosine").unwrap()[0] > Some(0.0));

    write_npy(
        &embedded.join("part_0.npy"),
        &values.iter().map(|v| v[..2].to_vec()).collect::<Vec<_>>(),
    );
    let said = named(&table, &out, &embedded, 2).unwrap_err().to_string();
    assert!(said.contains("both are to be of one encoder"), "{said}");
    let alone = InterpretOptions { pool: Some(pool), ..InterpretOptions::default() };
    let inputs = open(inputs(&table)).unwrap();
    let said = interpret(&inputs, &alone, &context(&RunDir::new(&out))).unwrap_err().to_string();
    assert!(said.contains("no words") || said.contains("--image-text"), "{said}");
}
