//! A hub on loopback: files of one commit behind `/ORG/NAME/resolve/REVISION/FILE`, with ranges; over TLS if asked.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What goes wrong with a file.
#[derive(Clone, PartialEq)]
pub(super) enum Fault {
    /// This status, to the first so many requests.
    Status(u16, usize),
    /// The first whole answer ends after so many bytes.
    Cut(usize),
    /// Requests for the rest get the whole.
    IgnoresRange,
    /// Another size in the headers than the file has.
    Announces(usize),
    /// Another etag, commit or further header.
    Header(&'static str, &'static str),
    /// Another header in the answer with the bytes only.
    Later(&'static str, &'static str),
    /// A relative redirect first.
    Moved,
    /// A redirect to this address, with what is known of the file.
    Elsewhere(String),
    /// So many bytes behind the file's own, and no word of how many there are.
    Longer(usize),
    /// The bytes come one by one, with such a pause between them.
    Drips(Duration),
    /// No answer, for so long.
    Silent(Duration),
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, (Vec<u8>, Vec<Fault>)>,
    requests: Vec<String>,
    tokens: Vec<String>,
}

/// Ends with its value; then connections are refused.
pub(super) struct Server {
    pub(super) url: String,
    port: u16,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
}

pub(super) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

impl Server {
    pub(super) fn start() -> Self {
        Self::with(None)
    }

    /// Behind https, at the host `localhost`.
    pub(super) fn start_private(config: &Arc<ServerConfig>) -> Self {
        Self::with(Some(Arc::clone(config)))
    }

    fn with(config: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = match config {
            Some(_) => format!("https://localhost:{port}"),
            None => format!("http://127.0.0.1:{port}"),
        };
        let state = Arc::new(Mutex::new(State::default()));
        let stop = Arc::new(AtomicBool::new(false));
        let (shared, ending) = (Arc::clone(&state), Arc::clone(&stop));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if ending.load(Ordering::Relaxed) {
                    return;
                }
                let (Ok(stream), state) = (stream, Arc::clone(&shared)) else { return };
                let config = config.clone();
                // A client that hung up is no failure of the server.
                thread::spawn(move || drop(serve(stream, config, &state)));
            }
        });
        Self { url, port, state, stop }
    }

    /// Puts a file at a path like `a/b/resolve/main/model.onnx`.
    pub(super) fn put(&self, path: &str, bytes: &[u8], faults: &[Fault]) {
        self.state.lock().unwrap().files.insert(path.into(), (bytes.into(), faults.into()));
    }

    /// `PATH RANGE` of each request, in order.
    pub(super) fn requests(&self) -> Vec<String> {
        self.state.lock().unwrap().requests.clone()
    }

    /// The `Authorization` of each request, empty where there was none.
    pub(super) fn tokens(&self) -> Vec<String> {
        self.state.lock().unwrap().tokens.clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

fn serve(
    mut stream: TcpStream,
    config: Option<Arc<ServerConfig>>,
    state: &Mutex<State>,
) -> std::io::Result<()> {
    let Some(config) = config else { return answer(&mut stream, state) };
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut private = StreamOwned::new(connection, stream);
    answer(&mut private, state)?;
    private.conn.send_close_notify();
    private.flush()
}

/// The lines of a request's head.
fn head(stream: &mut impl Read) -> std::io::Result<Vec<String>> {
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !text.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        text.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&text).lines().map(str::to_owned).collect())
}

fn answer(stream: &mut (impl Read + Write), state: &Mutex<State>) -> std::io::Result<()> {
    let lines = head(stream)?;
    let path = lines[0].split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
    let header = |name: &str| {
        let mut all = lines[1..].iter().filter_map(|line| line.split_once(':'));
        let found = all.find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let range = header("range").trim_start_matches("bytes=").to_owned();
    let (found, moved) = {
        let mut state = state.lock().unwrap();
        state.requests.push(format!("{path} {range}"));
        state.tokens.push(header("authorization"));
        let (name, moved) = match path.strip_prefix("moved/") {
            Some(rest) => (rest, true),
            None => (path.as_str(), false),
        };
        let found = state.files.get_mut(name).map(|(bytes, faults)| {
            let now = faults.clone();
            for fault in &mut *faults {
                if let Fault::Status(_, times) = fault {
                    *times = times.saturating_sub(1);
                }
            }
            if range != "0-0" && (moved || !now.contains(&Fault::Moved)) {
                faults.retain(|fault| !matches!(fault, Fault::Cut(_)));
            }
            (bytes.clone(), now)
        });
        (found, moved)
    };
    let plain = |status: u16| {
        format!("HTTP/1.1 {status} Said\r\nConnection: close\r\nContent-Length: 0\r\n")
    };
    let Some((bytes, faults)) = found else {
        return write!(stream, "{}\r\n", plain(404));
    };
    let (start, end) = range.split_once('-').unwrap_or(("0", ""));
    let probe = end == "0";
    let mut total = bytes.len();
    let (mut etag, mut commit, mut cut, mut whole) = ("\"e0ffee\"", COMMIT, usize::MAX, false);
    let (mut further, mut longer, mut pause) = (String::new(), None, None);
    for fault in faults {
        match fault {
            Fault::Status(_, 0) => {}
            Fault::Status(status, _) => return write!(stream, "{}\r\n", plain(status)),
            Fault::Cut(n) => cut = n,
            Fault::IgnoresRange => whole = true,
            Fault::Announces(n) => total = n,
            Fault::Later(..) if probe => {}
            Fault::Header("etag", value) | Fault::Later("etag", value) => etag = value,
            Fault::Header("x-repo-commit", value) | Fault::Later("x-repo-commit", value) => {
                commit = value
            }
            Fault::Header(name, value) | Fault::Later(name, value) => {
                further += &format!("{name}: {value}\r\n");
            }
            Fault::Moved if !moved => {
                return write!(stream, "{}Location: /moved/{path}\r\n\r\n", plain(307));
            }
            Fault::Moved => {}
            Fault::Elsewhere(url) => {
                return write!(
                    stream,
                    "{}Location: {url}\r\nx-repo-commit: {commit}\r\nx-linked-etag: {etag}\r\n\
                     x-linked-size: {total}\r\n\r\n",
                    plain(302)
                );
            }
            Fault::Longer(n) => longer = Some(n),
            Fault::Drips(time) => pause = Some(time),
            Fault::Silent(time) => thread::sleep(time),
        }
    }
    let start: usize = if whole { 0 } else { start.parse().unwrap_or(0) };
    let part = if probe { &bytes[..1] } else { &bytes[start.min(bytes.len())..] };
    write!(
        stream,
        "HTTP/1.1 206 Partial\r\nConnection: close\r\netag: {etag}\r\nx-repo-commit: {commit}\r\n\
         {further}Content-Range: bytes {start}-{}/{total}\r\n",
        (start + part.len()).saturating_sub(1),
    )?;
    if longer.is_none() {
        write!(stream, "Content-Length: {}\r\n", part.len())?;
    }
    write!(stream, "\r\n")?;
    let part = &part[..if probe { 1 } else { part.len().min(cut) }];
    match pause.filter(|_| !probe) {
        None => stream.write_all(part)?,
        Some(pause) => {
            for byte in part {
                stream.write_all(&[*byte])?;
                stream.flush()?;
                thread::sleep(pause);
            }
        }
    }
    for _ in 0..longer.filter(|_| !probe).unwrap_or(0) {
        stream.write_all(b"+")?;
    }
    Ok(())
}
