//! `moss version`.

use serde_json::json;

use crate::context::Context;
use crate::failure::Outcome;
use crate::output;

pub(crate) fn run(context: &Context) -> Outcome {
    let (cli, sdk) = (env!("CARGO_PKG_VERSION"), moss::VERSION);
    match context.json() {
        true => output::line(json!({ "cli": cli, "sdk": sdk })),
        false => output::line(format_args!("moss {cli} (sdk {sdk})")),
    }
}
