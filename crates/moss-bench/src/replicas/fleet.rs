//! Replicas as processes, and a balancer in front of them that sends each connection to one that takes it.

use std::net::SocketAddr;
use std::process::Stdio;

use moss::{Error, ErrorKind, Result};
use tokio::io::{AsyncBufReadExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

/// One replica: where it listens, the same over restarts, and its process while it runs.
struct Replica {
    address: SocketAddr,
    process: Mutex<Option<Child>>,
}

/// The replicas and their balancer. Dropped, they end.
pub(super) struct Fleet {
    moss: String,
    store: String,
    replicas: Vec<Replica>,
    balancer: SocketAddr,
}

impl Fleet {
    /// Starts so many replicas of the program `moss` over a store, and waits until they listen.
    pub(super) async fn start(moss: &str, store: &str, count: usize) -> Result<Fleet> {
        let mut replicas = Vec::new();
        for _ in 0..count {
            let (process, address) = serve(moss, store, "127.0.0.1:0").await?;
            replicas.push(Replica {
                address,
                process: Mutex::new(Some(process)),
            });
        }
        // The balancer outlives the fleet, and must not hold its processes.
        let addresses = replicas.iter().map(|replica| replica.address).collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(io)?;
        let balancer = listener.local_addr().map_err(io)?;
        tokio::spawn(balance(listener, addresses));
        Ok(Fleet {
            moss: moss.to_owned(),
            store: store.to_owned(),
            replicas,
            balancer,
        })
    }

    /// What clients are given.
    pub(super) fn manage_url(&self) -> String {
        format!("http://{}/v1/manage", self.balancer)
    }

    /// Kills a replica with SIGKILL.
    pub(super) async fn kill(&self, replica: usize) -> Result<()> {
        let process = self.replicas[replica].process.lock().await.take();
        match process {
            Some(mut process) => process.kill().await.map_err(io),
            None => Ok(()),
        }
    }

    /// Starts a killed replica where it was.
    pub(super) async fn restart(&self, replica: usize) -> Result<()> {
        let replica = &self.replicas[replica];
        let (process, _) = serve(&self.moss, &self.store, &replica.address.to_string()).await?;
        *replica.process.lock().await = Some(process);
        Ok(())
    }
}

/// A replica that says where it listens.
async fn serve(moss: &str, store: &str, listen: &str) -> Result<(Child, SocketAddr)> {
    let mut process = Command::new(moss)
        .args([
            "serve",
            "--store",
            store,
            "--listen",
            listen,
            "--register-on-first-use",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| io(error).within(moss))?;
    let failed = || {
        Error::new(
            ErrorKind::Internal,
            format!("{moss} serve --store {store}: ended at once"),
        )
    };
    let output = process.stdout.take().ok_or_else(failed)?;
    let line = BufReader::new(output)
        .lines()
        .next_line()
        .await
        .map_err(io)?
        .ok_or_else(failed)?;
    let address = line
        .rsplit_once("http://")
        .and_then(|(_, address)| address.trim().parse().ok());
    let address =
        address.ok_or_else(|| Error::new(ErrorKind::Internal, format!("{moss} serve said {line:?}")))?;
    Ok((process, address))
}

async fn balance(listener: TcpListener, addresses: Vec<SocketAddr>) {
    while let Ok((mut client, _)) = listener.accept().await {
        let mut addresses = addresses.clone();
        tokio::spawn(async move {
            fastrand::shuffle(&mut addresses);
            for address in addresses {
                // One that was killed refuses; the next is asked.
                if let Ok(mut server) = TcpStream::connect(address).await {
                    _ = copy_bidirectional(&mut client, &mut server).await;
                    return;
                }
            }
        });
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn io(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, error.to_string())
}
