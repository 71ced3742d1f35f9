//! Downloads from a hub on loopback.

mod hostile;
mod server;
mod token;

use std::{
    cell::RefCell,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use server::{COMMIT, Fault, Server};

use super::*;

const MODEL: &str = "a/b/resolve/main/model.onnx";
static NOT_STOPPED: AtomicBool = AtomicBool::new(false);

fn spec(text: &str) -> HubSpec {
    text.parse().unwrap()
}

fn resolve(hub: &Hub, name: &str, wanted: &[Wanted]) -> Result<Fetched, HubError> {
    hub.resolve(&spec(name), wanted, &NOT_STOPPED, &|_| {})
}

fn one(hub: &Hub) -> Result<PathBuf, HubError> {
    let fetched = resolve(hub, "hf:a/b", &[Wanted::required("model.onnx")])?;
    Ok(fetched.files[0].clone().unwrap())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            out.extend(files(&entry.path()))
        } else {
            out.push(entry.path())
        }
    }
    out.sort();
    out
}

#[test]
fn a_file_is_fetched_once_and_then_there_without_a_connection() {
    let (server, cache) = (Server::start(), tempfile::tempdir().unwrap());
    server.put(MODEL, b"a model", &[]);
    server.put(
        "a/b/resolve/main/onnx/other.onnx",
        b"another",
        &[Fault::Header("etag", "W/\"aa\"")],
    );
    let hub = Hub::at(&server.url, cache.path()).unwrap();
    let wanted = [
        Wanted::required("model.onnx"),
        Wanted::optional("model.toml"),
        Wanted::required("onnx/other.onnx"),
    ];
    let events = RefCell::new(Vec::new());
    let first = hub
        .resolve(&spec("hf:a/b"), &wanted, &NOT_STOPPED, &|e| events.borrow_mut().push(e))
        .unwrap();
    assert_eq!(first.snapshot, COMMIT);
    let read = |i: usize| std::fs::read(first.files[i].as_ref().unwrap()).unwrap();
    assert_eq!((read(0), read(2)), (b"a model".to_vec(), b"another".to_vec()));
    assert_eq!(first.files[1], None);
    assert!(
        first.files[0]
            .as_ref()
            .unwrap()
            .ends_with(format!("models--a--b/snapshots/{COMMIT}/model.onnx"))
    );
    let events = events.into_inner();
    assert_eq!(events[0], HubEvent::Started { file: "model.onnx".into(), bytes: 7 });
    let received: usize =
        events.iter().map(|e| if let HubEvent::Bytes(n) = e { *n } else { 0 }).sum();
    assert_eq!(received, 14);

    // Neither the files nor the one that there is not are asked for again.
    let before = server.requests().len();
    assert_eq!(resolve(&hub, "hf:a/b", &wanted).unwrap(), first);
    assert_eq!(server.requests().len(), before);
    // Without a connection a file of another name is simply not there, if it may be missing.
    drop(server);
    assert_eq!(resolve(&hub, "hf:a/b", &wanted).unwrap(), first);
    let more = [Wanted::required("model.onnx"), Wanted::optional("labels.txt")];
    assert_eq!(resolve(&hub, "hf:a/b", &more).unwrap().files[1], None);
    // The commit is a revision of its own, as it stands in the record of a run.
    assert!(resolve(&hub, &format!("hf:a/b@{COMMIT}"), &wanted[..1]).is_ok());
}

#[test]
fn offline_the_error_names_the_files_and_files_put_there_are_found() {
    let cache = tempfile::tempdir().unwrap();
    let wanted = [
        Wanted::required("model.onnx"),
        Wanted::required("onnx/x.data"),
        Wanted::optional("c.toml"),
    ];
    let endpoint = { Server::start().url.clone() };
    let hub = Hub::at(&endpoint, cache.path()).unwrap();
    for hub in [hub.clone(), hub.offline(true)] {
        let error = resolve(&hub, "hf:a/b@v1", &wanted).unwrap_err();
        let HubError::Offline { files, .. } = &error else { panic!("{error}") };
        let text = error.to_string();
        assert!(text.contains("give the path of a model file in place of hf:a/b@v1"), "{text}");
        assert_eq!(files.len(), 2);
        for (file, name) in files.iter().zip(["model.onnx", "onnx/x.data"]) {
            assert_eq!(file.url, format!("{endpoint}/a/b/resolve/v1/{name}"));
            assert_eq!(file.place, cache.path().join("models--a--b/snapshots/v1").join(name));
            assert!(
                text.contains(&format!("\n  {} -> {}", file.url, file.place.display())),
                "{text}"
            );
        }
        assert!(!text.contains("c.toml"));
    }
    let error =
        resolve(&Hub::at(&endpoint, cache.path()).unwrap().offline(true), "hf:a/b", &wanted)
            .unwrap_err();
    assert!(error.to_string().contains("HF_HUB_OFFLINE"));
    let HubError::Offline { files, .. } = error else { unreachable!() };
    for file in files {
        std::fs::create_dir_all(file.place.parent().unwrap()).unwrap();
        std::fs::write(file.place, "by hand").unwrap();
    }
    let fetched = resolve(&Hub::at(&endpoint, cache.path()).unwrap(), "hf:a/b", &wanted).unwrap();
    assert_eq!((fetched.snapshot.as_str(), fetched.files[2].as_ref()), ("main", None));
}

#[test]
fn a_required_file_that_the_hub_lacks_or_keeps_is_an_error() {
    let (server, cache) = (Server::start(), tempfile::tempdir().unwrap());
    let hub = Hub::at(&server.url, cache.path()).unwrap();
    let error = one(&hub).unwrap_err();
    assert!(matches!(&error, HubError::NotThere { url, .. } if url.ends_with(MODEL)), "{error}");
    server.put(MODEL, b"a model", &[Fault::Status(401, 9)]);
    let error = one(&hub).unwrap_err();
    assert!(matches!(error, HubError::Denied { status: 401, .. }), "{error}");
    assert!(error.to_string().contains("HF_TOKEN"));
    server.put(MODEL, b"a model", &[Fault::Status(418, 9)]);
    assert!(matches!(one(&hub).unwrap_err(), HubError::Broken { .. }));
}

#[test]
fn busy_servers_redirects_and_broken_connections_are_lived_with() {
    let (server, cache) = (Server::start(), tempfile::tempdir().unwrap());
    let hub = Hub::at(&server.url, cache.path()).unwrap();
    server.put(MODEL, b"0123456789", &[Fault::Status(503, 1), Fault::Moved, Fault::Cut(4)]);
    assert_eq!(std::fs::read(one(&hub).unwrap()).unwrap(), b"0123456789");
    // The part that had come was not asked for twice.
    assert!(server.requests().contains(&format!("moved/{MODEL} 4-")), "{:?}", server.requests());
}

#[test]
fn a_file_of_the_wrong_size_does_not_stay() {
    let (server, cache) = (Server::start(), tempfile::tempdir().unwrap());
    let hub = Hub::at(&server.url, cache.path()).unwrap();
    server.put(MODEL, b"0123456789", &[Fault::Announces(12)]);
    let error = one(&hub).unwrap_err();
    assert!(error.to_string().contains("10 bytes are sent, 12 were announced"), "{error}");
    let names = ["model.onnx", "e0ffee"];
    assert!(files(cache.path()).iter().all(|f| names.iter().all(|name| !f.ends_with(name))));
    // The whole behind a part of it is such a file too; the next try begins anew.
    server.put(MODEL, b"0123456789", &[Fault::Cut(4), Fault::IgnoresRange]);
    assert_eq!(std::fs::read(one(&hub).unwrap()).unwrap(), b"0123456789");
}

#[test]
fn nothing_is_written_outside_the_cache() {
    let (server, outer) = (Server::start(), tempfile::tempdir().unwrap());
    let cache = outer.path().join("x/cache");
    let hub = Hub::at(&server.url, &cache).unwrap();
    for file in ["../x", "/etc/passwd", "a/../../x", "", "a//b", "C:\\x", "a\\..\\b"] {
        let error = resolve(&hub, "hf:a/b", &[Wanted::optional(file)]).unwrap_err();
        assert!(matches!(error, HubError::Name { .. }), "{error}");
    }
    assert!(server.requests().is_empty());
    for fault in [
        Fault::Header("etag", "\"../../../../evil\""),
        Fault::Header("etag", "\"/tmp/evil\""),
        Fault::Header("x-repo-commit", "../../../../evil"),
    ] {
        server.put(MODEL, b"a model", &[fault]);
        let error = one(&hub).unwrap_err();
        assert!(error.to_string().contains("no plain name"), "{error}");
        assert_eq!(files(outer.path()), Vec::<PathBuf>::new());
    }
}

#[test]
fn a_silent_hub_is_left_in_time_and_at_the_stop_flag() {
    let (server, cache) = (Server::start(), tempfile::tempdir().unwrap());
    server.put(MODEL, b"a model", &[Fault::Silent(Duration::from_secs(3))]);
    let hub = Hub::at(&server.url, cache.path()).unwrap().with_patience(Duration::from_millis(200));
    let error = one(&hub).unwrap_err();
    assert!(
        matches!(&error, HubError::Offline { reason, .. } if reason.contains("0.2 s")),
        "{error}"
    );

    let hub = hub.with_patience(Duration::from_secs(600));
    let stop = AtomicBool::new(false);
    let start = Instant::now();
    std::thread::scope(|scope| {
        let wanted = [Wanted::required("model.onnx")];
        let stop = &stop;
        let resolved = scope.spawn(move || hub.resolve(&spec("hf:a/b"), &wanted, stop, &|_| {}));
        std::thread::sleep(Duration::from_millis(100));
        stop.store(true, Ordering::Relaxed);
        assert_eq!(resolved.join().unwrap().unwrap_err(), HubError::Interrupted);
    });
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_model_comes_with_its_card_and_external_data() {
    let (server, cache) = (Server::start(), tempfile::tempdir().unwrap());
    let hub = Hub::at(&server.url, cache.path()).unwrap();
    let model = |name: &str| hub.model(&spec(name), &NOT_STOPPED, &|_| {});
    assert!(matches!(model("hf:a/b").unwrap_err(), HubError::NotThere { .. }));
    for (file, etag) in
        [("model.onnx", "\"m\""), ("model.toml", "\"t\""), ("model.onnx_data", "\"d\"")]
    {
        server.put(
            &format!("a/b/resolve/main/onnx/{file}"),
            file.as_bytes(),
            &[Fault::Header("etag", etag)],
        );
    }
    let fetched = model("hf:a/b").unwrap();
    let path = fetched.files[0].clone().unwrap();
    assert!(path.ends_with("onnx/model.onnx"));
    // Beside the model, where a card is looked for.
    assert_eq!(fetched.files[1], Some(path.with_extension("toml")));
    assert_eq!(fetched.files[2], Some(path.with_file_name("model.onnx_data")));
    assert_eq!(fetched.files[3], None);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "model.onnx");

    let before = server.requests().len();
    assert_eq!(model("hf:a/b").unwrap(), fetched);
    assert_eq!(model("hf:a/b/onnx/model.onnx").unwrap(), fetched);
    assert_eq!(server.requests().len(), before);
    drop(server);
    assert_eq!(model("hf:a/b").unwrap(), fetched);
}

#[test]
fn a_model_of_several_files_is_a_folder() {
    let (server, cache) = (Server::start(), tempfile::tempdir().unwrap());
    for file in ["onnx/vision_model.onnx", "onnx/text_model.onnx", "tokenizer.json", "config.json"]
    {
        server.put(&format!("a/b/resolve/main/{file}"), file.as_bytes(), &[]);
    }
    let hub = Hub::at(&server.url, cache.path()).unwrap();
    let folder = hub.image_text(&spec("hf:a/b"), &NOT_STOPPED, &|_| {}).unwrap();
    assert!(folder.ends_with(format!("models--a--b/snapshots/{COMMIT}")), "{}", folder.display());
    assert!(folder.join("onnx/text_model.onnx").is_file() && folder.join("config.json").is_file());
    // A second time without a connection; another kind of model is not there, and the message names what is missing.
    drop(server);
    let again = hub.image_text(&spec("hf:a/b"), &NOT_STOPPED, &|_| {}).unwrap();
    assert_eq!(again, folder);
    let hub = hub.with_patience(Duration::from_secs(1));
    let said = hub.captioner(&spec("hf:a/b"), &NOT_STOPPED, &|_| {}).unwrap_err().to_string();
    assert!(said.contains("encoder_model.onnx"), "{said}");
    let said = hub.image_text(&spec("hf:a/b/x.onnx"), &NOT_STOPPED, &|_| {}).unwrap_err();
    assert!(said.to_string().contains("folder of files"), "{said}");
}

#[test]
fn a_model_whose_graphs_lie_beside_the_tokenizer_is_found_too() {
    let (server, cache) = (Server::start(), tempfile::tempdir().unwrap());
    for file in ["encoder_model.onnx", "decoder_model.onnx", "tokenizer.json"] {
        server.put(&format!("a/b/resolve/main/{file}"), file.as_bytes(), &[]);
    }
    let hub = Hub::at(&server.url, cache.path()).unwrap();
    let folder = hub.captioner(&spec("hf:a/b"), &NOT_STOPPED, &|_| {}).unwrap();
    assert!(folder.join("decoder_model.onnx").is_file());
    let said = hub.image_text(&spec("hf:a/b"), &NOT_STOPPED, &|_| {}).unwrap_err().to_string();
    assert!(said.contains("vision_model.onnx"), "{said}");
}
