//! A hub on loopback that behaves, or misbehaves, as a test asks.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How the hub treats `model.safetensors`; the other files it always serves well.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Manner {
    Good,
    /// Closes the connection after this many bytes of each answer.
    CutsAfter(usize),
    /// Sends the whole file whatever range is asked for, cut on the first request only.
    IgnoresRanges,
    /// Sends other bytes of the same length.
    Wrong,
    /// Answers 404.
    Lacks,
}

pub(crate) struct Hub {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Hub {
    pub(crate) async fn start(manner: Manner) -> Hub {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&requests);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                answer(stream, manner, &log).await;
            }
        });
        Hub { url, requests }
    }

    /// Each request as `file` or `file from-byte`.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn answer(mut stream: TcpStream, manner: Manner, log: &Mutex<Vec<String>>) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.unwrap());
    }
    let request = String::from_utf8(request).unwrap();
    let path = request.split(' ').nth(1).unwrap();
    let file = path.strip_prefix("/test/tiny-bge/resolve/main/").unwrap();
    let range = request.lines().find_map(|line| {
        let value = line.to_ascii_lowercase();
        value
            .strip_prefix("range: bytes=")?
            .strip_suffix('-')?
            .parse::<usize>()
            .ok()
    });
    let line = match range {
        Some(from) => format!("{file} {from}"),
        None => file.to_owned(),
    };
    let first = !log.lock().unwrap().iter().any(|seen| seen.starts_with(file));
    log.lock().unwrap().push(line);

    let mut body = std::fs::read(super::published().join(file)).unwrap();
    let total = body.len();
    let manner = if file == "model.safetensors" {
        manner
    } else {
        Manner::Good
    };
    let mut cut = usize::MAX;
    let mut status = "200 OK".to_owned();
    let mut from = range.unwrap_or(0);
    match manner {
        Manner::Good => {}
        Manner::CutsAfter(bytes) => cut = bytes,
        Manner::IgnoresRanges => {
            from = 0;
            cut = if first { total / 2 } else { cut };
        }
        Manner::Wrong => body.iter_mut().for_each(|byte| *byte ^= 1),
        Manner::Lacks => {
            status = "404 Not Found".to_owned();
            body.clear();
        }
    }
    if from > 0 && from >= total {
        status = "416 Range Not Satisfiable".to_owned();
        body.clear();
    } else if from > 0 {
        let last = total - 1;
        status = format!("206 Partial Content\r\nContent-Range: bytes {from}-{last}/{total}");
        body.drain(..from);
    }
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // A client that gives up early is no failure of the server.
    let _ = stream.write_all(&body[..cut.min(body.len())]).await;
    let _ = stream.shutdown().await;
}
