//! What whoever runs the service may set.

/// How a service runs. Made by [`Options::new`]; the fields are set one by one.
///
/// ```
/// let mut options = moss_serve::Options::new("memory://docs");
/// options.listen = "127.0.0.1:0".to_owned();
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// URL of the store, see [`Cloud::open`](moss_cloud::Cloud::open).
    pub store: String,
    /// Address and port to listen on; default `127.0.0.1:8080`. Port 0 takes a free one.
    pub listen: String,
    /// What clients reach the service by, as `https://moss.example.com`, for the URLs in its answers. Default: what the
    /// request says, by `X-Forwarded-Proto` and `Host`.
    pub public_url: Option<String>,
    /// Whether an unknown project is registered with the key that it first comes with; default false. For one box,
    /// development and tests: whoever reaches the service can make projects.
    pub register_on_first_use: bool,
    /// Whether readers of segments are sent to URLs that the store signs, where it can; default false. Takes the bytes off
    /// the service; clients must reach the store.
    pub presigned_urls: bool,
}

impl Options {
    /// The defaults over the store at this URL.
    pub fn new(store: impl Into<String>) -> Options {
        Options {
            store: store.into(),
            listen: "127.0.0.1:8080".to_owned(),
            public_url: None,
            register_on_first_use: false,
            presigned_urls: false,
        }
    }
}
