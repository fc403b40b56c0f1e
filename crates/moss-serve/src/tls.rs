//! The certificate of a service, read and checked before it listens.

use std::path::Path;
use std::sync::Arc;

use axum_server::tls_rustls::RustlsConfig;
use moss_core::{Error, ErrorKind, Result};

use crate::Options;

/// The TLS that the options ask for; `None` if they ask for none.
///
/// # Errors
/// `Io` for a file that cannot be read; `InvalidArgument` for one without the other, and for files that are no certificate
/// and key in PEM or do not belong together.
pub(crate) async fn config(options: &Options) -> Result<Option<RustlsConfig>> {
    let (cert_file, key_file) = match (&options.tls_cert, &options.tls_key) {
        (Some(cert), Some(key)) => (cert, key),
        (None, None) => return Ok(None),
        _ => {
            let message = "TLS needs both a certificate and a key, got one of them";
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
    };
    let (cert, key) = (
        read("certificate", cert_file).await?,
        read("key", key_file).await?,
    );
    let config = RustlsConfig::from_pem(cert, key).await.map_err(|error| {
        let (cert, key) = (cert_file.display(), key_file.display());
        Error::new(
            ErrorKind::InvalidArgument,
            format!("TLS certificate {cert} with key {key}: {error}"),
        )
    })?;
    let mut inner = (*config.get_inner()).clone();
    // What the server speaks; see `Server::run`.
    inner.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(RustlsConfig::from_config(Arc::new(inner))))
}

async fn read(what: &str, path: &Path) -> Result<Vec<u8>> {
    tokio::fs::read(path)
        .await
        .map_err(|error| Error::new(ErrorKind::Io, format!("TLS {what} {}: {error}", path.display())))
}
