//! `moss serve`: the service, in this process.

use clap::Args;
use moss_serve::Options;

use crate::failure::{Failure, Outcome};

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where all data is: a directory, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix
    #[arg(long, env = "MOSS_STORE", value_name = "URL")]
    store: String,
    /// Address and port; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    listen: String,
    /// What clients reach the service by [default: what their requests say]
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Register an unknown project with the key that it first comes with: for one box and for tests
    #[arg(long)]
    register_on_first_use: bool,
}

impl Serve {
    /// Serves until the process is told to stop. The runtime is the service's own, on all CPUs.
    pub(crate) fn run(self) -> Outcome {
        let mut options = Options::new(self.store);
        options.listen = self.listen;
        options.public_url = self.public_url;
        options.register_on_first_use = self.register_on_first_use;
        let runtime = tokio::runtime::Runtime::new()
            .map_err(|error| Failure::failed(format!("threads of the service: {error}")))?;
        Ok(runtime.block_on(moss_serve::serve(options))?)
    }
}
