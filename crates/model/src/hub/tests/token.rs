//! Where the token goes, over TLS on loopback.

use std::sync::Arc;

use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use ureq::tls::Certificate;

use super::*;

const TOKEN: &str = "hf_VeryS3cretToken";
const SENT: &str = "Bearer hf_VeryS3cretToken";
const THERE: &str = "there/model.onnx";

/// A certificate for `localhost`, and who trusts it.
struct Authority {
    config: Arc<ServerConfig>,
    certificate: Vec<u8>,
}

impl Authority {
    fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![made.cert.der().clone()], PrivateKeyDer::Pkcs8(key))
                .unwrap();
        Self { config: Arc::new(config), certificate: made.cert.der().to_vec() }
    }

    fn hub(&self, server: &Server, cache: &Path) -> Hub {
        let certificate = Certificate::from_der(&self.certificate).to_owned();
        let hub = Hub::at(&server.url, cache).unwrap().with_patience(Duration::from_secs(20));
        hub.with_roots([certificate].into()).with_token(Some(TOKEN.into()))
    }
}

#[test]
fn the_token_goes_to_the_endpoint_and_not_to_where_it_sends_on() {
    let (authority, cache) = (Authority::new(), tempfile::tempdir().unwrap());
    let endpoint = Server::start_private(&authority.config);
    let other = Server::start_private(&authority.config);
    let hub = authority.hub(&endpoint, cache.path());
    other.put(THERE, b"a model", &[]);
    endpoint.put(MODEL, b"a model", &[Fault::Elsewhere(format!("{}/{THERE}", other.url))]);
    assert_eq!(std::fs::read(one(&hub).unwrap()).unwrap(), b"a model");
    assert_eq!(endpoint.tokens(), [SENT, SENT]);
    assert_eq!(other.tokens(), [""]);

    // On the endpoint's own ground it stays; back from elsewhere it does not.
    let own = "a/b/resolve/main/own.onnx";
    endpoint.put(own, b"own", &[Fault::Header("etag", "\"a\""), Fault::Moved]);
    assert!(resolve(&hub, "hf:a/b/own.onnx", &[Wanted::required("own.onnx")]).is_ok());
    assert_eq!(endpoint.tokens()[2..], [SENT; 4]);
    let back = "a/b/resolve/main/back.onnx";
    endpoint.put("back", b"back", &[]);
    other.put("on", b"", &[Fault::Elsewhere(format!("{}/back", endpoint.url))]);
    let on = Fault::Elsewhere(format!("{}/on", other.url));
    endpoint.put(back, b"back", &[Fault::Header("etag", "\"b\""), on]);
    assert!(resolve(&hub, "hf:a/b", &[Wanted::required("back.onnx")]).is_ok());
    assert_eq!(other.tokens(), ["", ""]);
    assert_eq!(endpoint.tokens().last().map(String::as_str), Some(""));
}

#[test]
fn from_https_no_step_leads_to_plain_http() {
    let (authority, cache) = (Authority::new(), tempfile::tempdir().unwrap());
    let endpoint = Server::start_private(&authority.config);
    let plain = Server::start();
    let hub = authority.hub(&endpoint, cache.path());
    plain.put(THERE, b"a model", &[]);
    endpoint.put(MODEL, b"a model", &[Fault::Elsewhere(format!("{}/{THERE}?sign=x", plain.url))]);
    let error = one(&hub).unwrap_err().to_string();
    assert!(error.contains("over plain http") && !error.contains("sign"), "{error}");
    assert!(plain.requests().is_empty());

    // A plain endpoint never gets a token, wherever it sends on.
    let hub = Hub::at(&plain.url, cache.path()).unwrap().with_token(Some(TOKEN.into()));
    plain.put(MODEL, b"a model", &[]);
    assert!(one(&hub).is_ok());
    assert_eq!(plain.tokens(), ["", ""]);
}

#[test]
fn a_certificate_that_nobody_vouches_for_gets_no_request() {
    let (authority, cache) = (Authority::new(), tempfile::tempdir().unwrap());
    let endpoint = Server::start_private(&authority.config);
    endpoint.put(MODEL, b"a model", &[]);
    let hub = Hub::at(&endpoint.url, cache.path()).unwrap().with_token(Some(TOKEN.into()));
    assert!(matches!(one(&hub).unwrap_err(), HubError::Offline { .. }));
    assert!(endpoint.requests().is_empty());
}

#[test]
fn a_token_that_comes_back_is_not_repeated() {
    let (authority, cache) = (Authority::new(), tempfile::tempdir().unwrap());
    let endpoint = Server::start_private(&authority.config);
    let hub = authority.hub(&endpoint, cache.path());
    for fault in [
        Fault::Header("etag", "\"a/hf_VeryS3cretToken\""),
        Fault::Header("x-repo-commit", "hf%5FVeryS3cret/Token"),
        Fault::Later("content-encoding", "hf_VeryS3cretToken"),
        Fault::Elsewhere("http://localhost/hf_VeryS3cretToken".into()),
    ] {
        endpoint.put(MODEL, b"a model", &[fault]);
        let error = one(&hub).unwrap_err();
        let said = format!("{error} {error:?}");
        assert!(said.contains("(token)") && !said.contains("S3cret"), "{said}");
    }
}
