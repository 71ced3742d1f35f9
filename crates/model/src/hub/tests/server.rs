//! A hub on loopback: files of one commit behind `/ORG/NAME/resolve/REVISION/FILE`, with ranges.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

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
    /// Another etag or commit in the headers.
    Header(&'static str, &'static str),
    /// A relative redirect first.
    Moved,
    /// No answer, for so long.
    Silent(Duration),
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, (Vec<u8>, Vec<Fault>)>,
    requests: Vec<String>,
}

/// Ends with its value; then connections are refused.
pub(super) struct Server {
    pub(super) url: String,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
}

pub(super) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

impl Server {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let stop = Arc::new(AtomicBool::new(false));
        let (shared, ending) = (Arc::clone(&state), Arc::clone(&stop));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if ending.load(Ordering::Relaxed) {
                    return;
                }
                let (Ok(stream), state) = (stream, Arc::clone(&shared)) else { return };
                // A client that hung up is no failure of the server.
                thread::spawn(move || drop(serve(stream, &state)));
            }
        });
        Self { url, state, stop }
    }

    /// Puts a file at a path like `a/b/resolve/main/model.onnx`.
    pub(super) fn put(&self, path: &str, bytes: &[u8], faults: &[Fault]) {
        self.state.lock().unwrap().files.insert(path.into(), (bytes.into(), faults.into()));
    }

    /// `PATH RANGE` of each request, in order.
    pub(super) fn requests(&self) -> Vec<String> {
        self.state.lock().unwrap().requests.clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let address = self.url.trim_start_matches("http://");
        drop(TcpStream::connect(address));
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    let path = first.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
    let mut range = String::new();
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if let Some((_, value)) =
            line.split_once(':').filter(|(n, _)| n.eq_ignore_ascii_case("range"))
        {
            range = value.trim().trim_start_matches("bytes=").to_owned();
        }
    }
    let (found, moved) = {
        let mut state = state.lock().unwrap();
        state.requests.push(format!("{path} {range}"));
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
    let mut total = bytes.len();
    let (mut etag, mut commit, mut cut, mut whole) = ("\"e0ffee\"", COMMIT, usize::MAX, false);
    for fault in faults {
        match fault {
            Fault::Status(_, 0) => {}
            Fault::Status(status, _) => return write!(stream, "{}\r\n", plain(status)),
            Fault::Cut(n) => cut = n,
            Fault::IgnoresRange => whole = true,
            Fault::Announces(n) => total = n,
            Fault::Header("etag", value) => etag = value,
            Fault::Header(_, value) => commit = value,
            Fault::Moved if !moved => {
                return write!(stream, "{}Location: /moved/{path}\r\n\r\n", plain(307));
            }
            Fault::Moved => {}
            Fault::Silent(time) => thread::sleep(time),
        }
    }
    let (start, end) = range.split_once('-').unwrap_or(("0", ""));
    let probe = end == "0";
    let start: usize = if whole { 0 } else { start.parse().unwrap_or(0) };
    let part = if probe { &bytes[..1] } else { &bytes[start.min(bytes.len())..] };
    write!(
        stream,
        "HTTP/1.1 206 Partial\r\nConnection: close\r\netag: {etag}\r\nx-repo-commit: {commit}\r\n\
         Content-Range: bytes {start}-{}/{total}\r\nContent-Length: {}\r\n\r\n",
        (start + part.len()).saturating_sub(1),
        part.len()
    )?;
    stream.write_all(&part[..if probe { 1 } else { part.len().min(cut) }])
}
