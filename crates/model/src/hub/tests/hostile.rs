//! Endpoints that lie.

use super::*;

/// SHA-256 of `a model`.
const DIGEST: &str = "97ff8a35544dcf40ad84047074439dd6aa3a0be469ea578a1b1c017d939ec61c";

/// Files under the folder that are neither locks nor parts.
fn kept(folder: &Path) -> Vec<PathBuf> {
    let mut kept = files(folder);
    kept.retain(|f| !f.extension().is_some_and(|e| e == "lock" || e == "part"));
    kept
}

#[test]
fn no_answer_but_the_first_has_a_say_in_paths() {
    let (server, outer) = (Server::start(), tempfile::tempdir().unwrap());
    let hub = Hub::at(&server.url, outer.path().join("x/cache")).unwrap();
    for (name, value) in [
        ("etag", "\"../../../../evil\""),
        ("etag", "\"/tmp/evil\""),
        ("etag", "\"other\""),
        ("x-repo-commit", "../../../../evil"),
        ("x-repo-commit", "fedcba9876543210fedcba9876543210fedcba98"),
    ] {
        server.put(MODEL, b"a model", &[Fault::Later(name, value)]);
        let error = one(&hub).unwrap_err();
        assert!(matches!(error, HubError::Broken { .. }), "{name} {value}: {error}");
        assert_eq!(kept(outer.path()), Vec::<PathBuf>::new(), "{name} {value}");
    }
    // Neither has what a download's own address or answer may name.
    let named = Fault::Later("content-disposition", "attachment; filename=\"/tmp/evil\"");
    server.put(MODEL, b"a model", &[named]);
    let path = one(&hub).unwrap();
    assert!(path.ends_with(format!("snapshots/{COMMIT}/model.onnx")));
    assert_eq!(kept(outer.path()).len(), 3, "blob, link and reference");
    let etag = Fault::Header("etag", "\"e.part\"");
    server.put("c/d/resolve/main/model.onnx", b"a model", &[etag]);
    let error = resolve(&hub, "hf:c/d", &[Wanted::required("model.onnx")]).unwrap_err();
    assert!(error.to_string().contains("no plain name"), "{error}");
}

#[test]
fn more_bytes_than_announced_are_not_read() {
    let (server, cache) = (Server::start(), tempfile::tempdir().unwrap());
    let hub = Hub::at(&server.url, cache.path()).unwrap();
    server.put(MODEL, b"a model", &[Fault::Longer(64 << 20)]);
    let error = one(&hub).unwrap_err().to_string();
    assert!(error.contains("more bytes came than the 7 that were announced"), "{error}");
    assert_eq!(kept(cache.path()), Vec::<PathBuf>::new());
    let largest = files(cache.path()).iter().map(|f| f.metadata().unwrap().len()).max();
    assert_eq!(largest, Some(0));

    // Fewer, where nothing but the end of the connection says so.
    server.put(MODEL, b"a model", &[Fault::Longer(0), Fault::Announces(9)]);
    let error = one(&hub).unwrap_err().to_string();
    assert!(error.contains("2 bytes before the file did"), "{error}");
    assert_eq!(kept(cache.path()), Vec::<PathBuf>::new());
    server.put(MODEL, b"a model", &[Fault::Announces(usize::MAX)]);
    assert!(one(&hub).unwrap_err().to_string().contains("at most 100 GB"));
}

#[test]
fn bytes_that_are_not_those_of_the_digest_do_not_stay() {
    let (server, cache) = (Server::start(), tempfile::tempdir().unwrap());
    let hub = Hub::at(&server.url, cache.path()).unwrap();
    let there = "there/model.onnx";
    server.put(there, b"a model", &[]);
    let url = format!("{}/{there}", server.url);
    let of = |etag: &'static str| [Fault::Header("etag", etag), Fault::Elsewhere(url.clone())];
    server.put(
        MODEL,
        b"a model",
        &of("\"0000000000000000000000000000000000000000000000000000000000000000\""),
    );
    let error = one(&hub).unwrap_err().to_string();
    assert!(error.contains("SHA-256") && error.contains("removed"), "{error}");
    assert_eq!(kept(cache.path()), Vec::<PathBuf>::new());
    server.put(
        MODEL,
        b"a model",
        &of("\"97ff8a35544dcf40ad84047074439dd6aa3a0be469ea578a1b1c017d939ec61c\""),
    );
    let path = one(&hub).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"a model");
    assert!(path.canonicalize().unwrap().ends_with(format!("blobs/{DIGEST}")));
}

#[test]
fn a_part_that_is_no_plain_file_or_no_beginning_is_not_gone_on_with() {
    let (server, cache) = (Server::start(), tempfile::tempdir().unwrap());
    let hub = Hub::at(&server.url, cache.path()).unwrap();
    server.put(MODEL, b"a model", &[]);
    let blobs = cache.path().join("models--a--b/blobs");
    std::fs::create_dir_all(&blobs).unwrap();
    let part = blobs.join("e0ffee.part");
    std::fs::write(&part, "longer than the model is").unwrap();
    assert_eq!(std::fs::read(one(&hub).unwrap()).unwrap(), b"a model");
    // A blob of another size is none; a link in the part's place is not followed.
    #[cfg(unix)]
    {
        let mine = cache.path().join("mine");
        std::fs::write(&mine, "mine").unwrap();
        std::fs::remove_dir_all(cache.path().join("models--a--b/snapshots")).unwrap();
        std::fs::write(blobs.join("e0ffee"), "short").unwrap();
        std::os::unix::fs::symlink(&mine, &part).unwrap();
        assert_eq!(std::fs::read(one(&hub).unwrap()).unwrap(), b"a model");
        assert_eq!(std::fs::read(&mine).unwrap(), b"mine");
    }
}

#[test]
fn what_trickles_is_left() {
    let (server, cache) = (Server::start(), tempfile::tempdir().unwrap());
    let hub = Hub::at(&server.url, cache.path()).unwrap();
    let hub = hub.with_patience(Duration::from_millis(300));
    server.put(MODEL, &[b'x'; 4000], &[Fault::Drips(Duration::from_millis(20))]);
    let start = Instant::now();
    let error = one(&hub).unwrap_err();
    assert!(
        matches!(&error, HubError::Offline { reason, .. } if reason.contains("bytes came in")),
        "{error}"
    );
    // Three tries, each with its pause.
    assert!(start.elapsed() < Duration::from_secs(8));
    assert_eq!(kept(cache.path()), Vec::<PathBuf>::new());
}

#[test]
fn of_two_downloads_of_one_file_one_waits_for_the_other() {
    let (server, cache) = (Server::start(), tempfile::tempdir().unwrap());
    server.put(MODEL, &[b'x'; 200], &[Fault::Drips(Duration::from_millis(2))]);
    let hub = Hub::at(&server.url, cache.path()).unwrap();
    std::thread::scope(|scope| {
        let both = [scope.spawn(|| one(&hub)), scope.spawn(|| one(&hub))];
        for path in both.map(|one| one.join().unwrap().unwrap()) {
            assert_eq!(std::fs::read(path).unwrap(), [b'x'; 200]);
        }
    });
    let bytes = server.requests().iter().filter(|r| !r.ends_with("0-0")).count();
    assert_eq!(bytes, 1, "{:?}", server.requests());
}

#[test]
fn circles_and_odd_redirects_end() {
    let (server, cache) = (Server::start(), tempfile::tempdir().unwrap());
    let hub = Hub::at(&server.url, cache.path()).unwrap();
    let circle = format!("{}/{MODEL}", server.url);
    for (to, said) in [
        (circle.as_str(), "moved more than 5 times"),
        ("file:///etc/passwd", "moved to no address"),
        ("https://me:s3cret@localhost/", "moved to no address"),
        ("", "moved to no address"),
    ] {
        server.put(MODEL, b"a model", &[Fault::Elsewhere(to.into())]);
        let error = one(&hub).unwrap_err().to_string();
        assert!(error.contains(said), "{to}: {error}");
    }
    // A compressed answer that nobody asked for.
    server.put(MODEL, b"a model", &[Fault::Header("content-encoding", "gzip")]);
    assert!(one(&hub).unwrap_err().to_string().contains("gzip"));
    assert_eq!(kept(cache.path()), Vec::<PathBuf>::new());
}
