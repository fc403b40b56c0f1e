//! A proxy that stands between Moss and an object store and breaks requests on purpose, for runs that must lose nothing all the
//! same. HTTP/1.1, one request per connection. The `Host` header passes unchanged, so that signatures stay good.
//!
//! `GET /.fault-proxy` on it answers how many requests met which fault, `POST /.fault-proxy/calm` ends the faults and
//! `POST /.fault-proxy/storm` begins them again.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moss_core::{Error, ErrorKind, Result};

const USAGE: &str = "fault-proxy --listen ADDRESS --to ADDRESS [--seed NUMBER] [--one-in NUMBER]";
const MAX_HEAD_BYTES: u64 = 64 * 1024;
const MAX_BODY_BYTES: u64 = 2 * 1024 * 1024 * 1024;
const LONGEST_DELAY_MS: u64 = 1000;
/// Clients that are to see a time-out have a shorter one.
const STALL: Duration = Duration::from_secs(10);
const CONTROL: &str = "/.fault-proxy";

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// The connection closes and nothing was done.
    Refused,
    /// The store is said to be busy and nothing was done: 503, 429, for conditional writes also 409.
    Answered(&'static str),
    /// It is done later.
    Delayed,
    /// It is done, and the connection closes without an answer.
    Dropped,
    /// It is done, and no answer comes before the client's patience ends.
    Stalled,
    /// It is done, and half of the answer comes.
    Cut,
}

impl Fault {
    fn name(self) -> &'static str {
        match self {
            Fault::None => "passed",
            Fault::Refused => "refused",
            Fault::Answered(status) => &status[..3],
            Fault::Delayed => "delayed",
            Fault::Dropped => "dropped",
            Fault::Stalled => "stalled",
            Fault::Cut => "cut",
        }
    }
}

struct Proxy {
    to: String,
    /// One request of so many meets a fault.
    one_in: u32,
    is_calm: AtomicBool,
    stall: Duration,
    random: Mutex<fastrand::Rng>,
    counts: Mutex<BTreeMap<&'static str, u64>>,
}

struct Request {
    /// With `Connection: close` and the empty line.
    head: Vec<u8>,
    body: Vec<u8>,
    target: String,
    is_conditional: bool,
}

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let mut options: BTreeMap<&str, &str> = BTreeMap::new();
    for pair in arguments.chunks(2) {
        let [name, value] = pair else { return Err(usage()) };
        options.insert(name, value);
    }
    let number = |name: &str, default: u32| match options.get(name) {
        Some(text) => text.parse().map_err(|_| usage()),
        None => Ok(default),
    };
    let (Some(listen), Some(to)) = (options.get("--listen"), options.get("--to")) else {
        return Err(usage());
    };
    let proxy = Proxy::new(to, number("--one-in", 10)?, u64::from(number("--seed", 0)?));
    let failed = |error: io::Error| Error::new(ErrorKind::Network, format!("{listen}: {error}"));
    let listener = TcpListener::bind(listen).map_err(failed)?;
    println!("fault-proxy: {} to {to}", listener.local_addr().map_err(failed)?);
    serve(&listener, &Arc::new(proxy));
    Ok(())
}

fn usage() -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("usage: moss-bench {USAGE}"))
}

fn serve(listener: &TcpListener, proxy: &Arc<Proxy>) {
    for client in listener.incoming().flatten() {
        let proxy = Arc::clone(proxy);
        // A request that fails is what this is for.
        std::thread::spawn(move || drop(proxy.answer(client)));
    }
}

impl Proxy {
    fn new(to: &str, one_in: u32, seed: u64) -> Proxy {
        Proxy {
            to: to.trim_start_matches("http://").trim_end_matches('/').to_owned(),
            one_in,
            is_calm: AtomicBool::new(false),
            stall: STALL,
            random: Mutex::new(fastrand::Rng::with_seed(seed)),
            counts: Mutex::default(),
        }
    }

    fn answer(&self, mut client: TcpStream) -> io::Result<()> {
        client.set_nodelay(true)?;
        let request = read_request(&client)?;
        if let Some(order) = request.target.strip_prefix(CONTROL) {
            return client.write_all(self.control(order).as_bytes());
        }
        let fault = self.draw(request.is_conditional);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(fault.name()).or_default() += 1;
        drop(counts);
        match fault {
            Fault::Refused => return Ok(()),
            Fault::Answered(status) => return client.write_all(plain(status, "").as_bytes()),
            Fault::Delayed => {
                let longest = LONGEST_DELAY_MS;
                let delay = self
                    .random
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .u64(1..=longest);
                std::thread::sleep(Duration::from_millis(delay));
            }
            _ => {}
        }
        let answer = self.forward(&request)?;
        match fault {
            Fault::Dropped => Ok(()),
            Fault::Stalled => {
                std::thread::sleep(self.stall);
                Ok(())
            }
            Fault::Cut => client.write_all(&answer[..answer.len() / 2]),
            _ => client.write_all(&answer),
        }
    }

    fn draw(&self, is_conditional: bool) -> Fault {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_calm.load(Ordering::Relaxed) || self.one_in == 0 || random.u32(..self.one_in) > 0 {
            return Fault::None;
        }
        match random.u32(..12) {
            0..=1 => Fault::Refused,
            2 => Fault::Answered("503 Slow Down"),
            3 => Fault::Answered("429 Too Many Requests"),
            4 if is_conditional => Fault::Answered("409 Conflict"),
            4..=5 => Fault::Delayed,
            6..=8 => Fault::Dropped,
            9 => Fault::Stalled,
            _ => Fault::Cut,
        }
    }

    /// The store's whole answer.
    fn forward(&self, request: &Request) -> io::Result<Vec<u8>> {
        let mut store = TcpStream::connect(&self.to)?;
        store.set_nodelay(true)?;
        store.write_all(&request.head)?;
        store.write_all(&request.body)?;
        let mut answer = Vec::new();
        store.read_to_end(&mut answer)?;
        Ok(answer)
    }

    fn control(&self, order: &str) -> String {
        match order {
            "/calm" => self.is_calm.store(true, Ordering::Relaxed),
            "/storm" => self.is_calm.store(false, Ordering::Relaxed),
            "" => {}
            _ => return plain("404 Not Found", ""),
        }
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        plain("200 OK", &serde_json::json!(*counts).to_string())
    }
}

fn plain(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

fn read_request(client: &TcpStream) -> io::Result<Request> {
    let mut reader = BufReader::new(client);
    let mut first = String::new();
    reader.by_ref().take(MAX_HEAD_BYTES).read_line(&mut first)?;
    let target = first
        .split(' ')
        .nth(1)
        .ok_or(io::ErrorKind::InvalidData)?
        .to_owned();
    let mut head = first.into_bytes();
    let (mut length, mut is_conditional) = (0, false);
    loop {
        let mut line = String::new();
        if reader.by_ref().take(MAX_HEAD_BYTES).read_line(&mut line)? == 0
            || head.len() as u64 > MAX_HEAD_BYTES
        {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if line.trim_end().is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or(io::ErrorKind::InvalidData)?;
        match name.to_ascii_lowercase().as_str() {
            "connection" | "keep-alive" => continue,
            // Nothing that Moss sends is chunked.
            "transfer-encoding" => return Err(io::ErrorKind::Unsupported.into()),
            "content-length" => length = value.trim().parse().map_err(|_| io::ErrorKind::InvalidData)?,
            "if-none-match" => is_conditional = true,
            _ => {}
        }
        head.extend(line.as_bytes());
    }
    head.extend(b"Connection: close\r\n\r\n");
    if length > MAX_BODY_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut body = Vec::new();
    if reader.take(length).read_to_end(&mut body)? as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Request {
        head,
        body,
        target,
        is_conditional,
    })
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    /// A store that counts its requests and answers with what it was sent.
    fn echo() -> (SocketAddr, Arc<Mutex<Vec<Vec<u8>>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let kept = Arc::clone(&seen);
        std::thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                let request = read_request(&client).unwrap();
                kept.lock()
                    .unwrap()
                    .push([&request.head[..], &request.body].concat());
                let body = String::from_utf8(request.body).unwrap();
                client.write_all(plain("200 OK", &body).as_bytes()).unwrap();
            }
        });
        (address, seen)
    }

    /// What a client hears, which may be nothing.
    fn ask(proxy: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(proxy).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8(answer).unwrap()
    }

    #[test]
    fn calm_passes_all_and_storm_breaks_some_after_their_work() {
        let (store, seen) = echo();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = listener.local_addr().unwrap();
        let whole = Arc::new(Proxy {
            stall: Duration::ZERO,
            ..Proxy::new(&format!("http://{store}/"), 1, 7)
        });
        std::thread::spawn(move || serve(&listener, &whole));

        let put = "PUT /b/key HTTP/1.1\r\nHost: signed.example\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nbytes";
        assert!(ask(proxy, "POST /.fault-proxy/calm HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200 OK"));
        assert_eq!(ask(proxy, put), plain("200 OK", "bytes"));
        let forwarded = String::from_utf8(seen.lock().unwrap().pop().unwrap()).unwrap();
        assert_eq!(
            forwarded,
            put.replace("keep-alive", "close")
                .replace("Connection: close\r\n", "")
                .replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
        );

        ask(proxy, "POST /.fault-proxy/storm HTTP/1.1\r\n\r\n");
        let clients: Vec<_> = (0..60)
            .map(|_| std::thread::spawn(move || ask(proxy, put)))
            .collect();
        let answers: Vec<String> = clients.into_iter().map(|client| client.join().unwrap()).collect();
        let is_cut = |answer: &&String| !answer.is_empty() && !answer.contains("\r\n\r\n");
        assert!(answers.iter().filter(is_cut).count() > 0);
        let counts = ask(proxy, "GET /.fault-proxy HTTP/1.1\r\n\r\n");
        let counts: BTreeMap<String, usize> =
            serde_json::from_str(counts.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        let of = |names: &[&str]| -> usize { names.iter().filter_map(|name| counts.get(*name)).sum() };
        assert_eq!(of(&["passed"]), 1, "{counts:?}");
        assert_eq!(
            seen.lock().unwrap().len(),
            of(&["delayed", "dropped", "stalled", "cut"]),
            "{counts:?}"
        );
        assert_eq!(
            answers.iter().filter(|answer| answer.is_empty()).count(),
            of(&["refused", "dropped", "stalled"])
        );
        for fault in ["refused", "503", "429", "delayed", "dropped", "stalled", "cut"] {
            assert!(counts.contains_key(fault), "{fault} in {counts:?}");
        }
    }
}
