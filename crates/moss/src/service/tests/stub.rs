//! A service by script, for what a real one does rarely or wrongly.

use std::io::{BufRead, BufReader, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use parking_lot::Mutex;

use crate::credentials::Credentials;
use crate::service::http::Http;
use crate::service::requests::Waits;
use crate::service::{Service, Urls};

/// What a script is asked.
#[derive(Clone)]
pub(super) struct Request {
    /// `GET /path`.
    pub(super) line: String,
    /// Of the header `Authorization`.
    pub(super) token: String,
    pub(super) body: Vec<u8>,
}

/// What it does.
pub(super) enum Reply {
    Json(u16, String),
    Bytes(Vec<u8>),
    /// Says that it is too busy, and until when in seconds.
    Busy(u16),
    /// Part of an answer.
    Cut,
    HangUp,
    /// What comes, until its sender is dropped.
    Stream(mpsc::Receiver<&'static str>),
}

impl Reply {
    pub(super) fn ok(json: impl Into<String>) -> Reply {
        Reply::Json(200, json.into())
    }

    pub(super) fn token(token: &str, expires_in: u64) -> Reply {
        Reply::ok(format!(r#"{{"token": "{token}", "expiresIn": {expires_in}}}"#))
    }
}

type Script = dyn FnMut(&Request) -> Reply + Send;

/// A service that answers each request as its script says.
pub(super) struct Stub {
    origin: String,
    asked: Arc<Mutex<Vec<Request>>>,
}

impl Stub {
    pub(super) fn new(script: impl FnMut(&Request) -> Reply + Send + 'static) -> Stub {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<Request>>>::default();
        let script: Arc<Mutex<Script>> = Arc::new(Mutex::new(script));
        let log = asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (log, script) = (log.clone(), script.clone());
                std::thread::spawn(move || _ = converse(&stream.unwrap(), &log, &script));
            }
        });
        Stub { origin, asked }
    }

    /// As [`new`](Stub::new), for a script that leaves the token to the stub.
    pub(super) fn signed_in(mut script: impl FnMut(&Request) -> Reply + Send + 'static) -> Stub {
        Stub::new(move |request| match request.line.as_str() {
            "POST /identity/auth/token" => Reply::token("token", 3600),
            _ => script(request),
        })
    }

    /// The requests whose first line contains this.
    pub(super) fn asked(&self, part: &str) -> Vec<Request> {
        let asked = self.asked.lock();
        asked
            .iter()
            .filter(|request| request.line.contains(part))
            .cloned()
            .collect()
    }

    /// A client of it that waits no longer between tries than is said.
    pub(super) fn service(&self, waits: Waits, cache: Option<&Path>) -> Service {
        let urls = Urls::new(&format!("{}/v1/manage", self.origin)).unwrap();
        let credentials = Credentials::Key("key".to_owned());
        let service = Service::new(&urls, "project", &credentials, cache.map(Into::into)).unwrap();
        let http = Http::new(urls, "project", credentials, waits).unwrap();
        Service {
            http: Arc::new(http),
            ..service
        }
    }
}

/// No wait between tries, and a stall that no test on a busy machine meets.
pub(super) fn no_waits() -> Waits {
    Waits {
        tries: [Duration::ZERO; 2],
        stall: Duration::from_secs(60),
        reopen: (Duration::ZERO, Duration::ZERO),
    }
}

fn converse(stream: &TcpStream, asked: &Mutex<Vec<Request>>, script: &Mutex<Script>) -> Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader)? {
        asked.lock().push(request.clone());
        let reply = (script.lock())(&request);
        let answer = |status: u16, header: &str, body: &[u8]| {
            let length = body.len();
            let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n{header}\r\n");
            let mut stream = stream;
            stream.write_all(head.as_bytes())?;
            stream.write_all(body)
        };
        match reply {
            Reply::Json(status, body) => answer(status, "", body.as_bytes())?,
            Reply::Bytes(body) => answer(200, "", &body)?,
            Reply::Busy(seconds) => answer(429, &format!("retry-after: {seconds}\r\n"), b"")?,
            Reply::Cut => {
                let mut stream = stream;
                return stream.write_all(b"HTTP/1.1 200 x\r\ncontent-length: 100\r\n\r\n{");
            }
            Reply::HangUp => return Ok(()),
            Reply::Stream(parts) => {
                let mut stream = stream;
                stream.write_all(b"HTTP/1.1 200 x\r\ncontent-type: text/event-stream\r\n\r\n")?;
                for part in parts {
                    stream.write_all(part.as_bytes())?;
                }
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The next request of a connection, `None` where it ends.
fn read(reader: &mut impl BufRead) -> Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let (mut token, mut length) = (String::new(), 0);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(": ") else {
            break;
        };
        match name.to_lowercase().as_str() {
            "authorization" => value.trim_start_matches("Bearer ").clone_into(&mut token),
            "content-length" => length = value.parse().unwrap(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let line = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    Ok(Some(Request { line, token, body }))
}
