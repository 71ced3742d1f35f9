//! A server on loopback that answers from a script.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// What the server does with one connection.
pub(super) enum Act {
    /// Status, further header lines (each with its line end), body.
    Answer(u16, String, String),
    /// These bytes, head and all, then the end of the connection.
    Raw(String),
    /// The first text, then the second again and again, with a pause between, for as long as the client listens.
    Endless(String, String, Duration),
    /// Nothing, for so long.
    Silence(Duration),
    /// Ends the connection after the request.
    HangUp,
}

/// A completion whose text is `content`.
pub(super) fn completion(content: &str) -> Act {
    let message = serde_json::json!({"role": "assistant", "content": content});
    let body = serde_json::json!({"object": "chat.completion", "choices": [{"index": 0, "message": message}]});
    Act::Answer(200, String::new(), body.to_string())
}

/// A status with OpenAI's error object.
pub(super) fn status(status: u16, headers: &str, message: &str) -> Act {
    let body = serde_json::json!({"error": {"message": message}});
    Act::Answer(status, headers.into(), body.to_string())
}

/// Serves one act a connection, in order, then refuses connections.
pub(super) struct Server {
    pub(super) url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(super) fn start(acts: Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for act in acts {
                let Ok((mut stream, _)) = listener.accept() else { return };
                seen.lock().unwrap().push(request(&mut stream));
                // A client that hung up first is no failure of the server.
                let _ = perform(&mut stream, &act);
            }
        });
        Self { url, requests }
    }

    /// Heads and bodies as they came.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn perform(stream: &mut TcpStream, act: &Act) -> std::io::Result<()> {
    match act {
        Act::Answer(status, headers, body) => write!(
            stream,
            "HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nConnection: close\r\n{headers}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        ),
        Act::Raw(text) => stream.write_all(text.as_bytes()),
        Act::Endless(head, again, pause) => {
            stream.write_all(head.as_bytes())?;
            // Bounded all the same: 1 GiB.
            for _ in 0..(1 << 30) / again.len() {
                stream.write_all(again.as_bytes())?;
                thread::sleep(*pause);
            }
            Ok(())
        }
        Act::Silence(time) => {
            thread::sleep(*time);
            Ok(())
        }
        Act::HangUp => Ok(()),
    }
}

/// Reads a whole request.
fn request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
            });
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        match stream.read(&mut part) {
            Ok(0) | Err(_) => return text,
            Ok(n) => bytes.extend_from_slice(&part[..n]),
        }
    }
}
