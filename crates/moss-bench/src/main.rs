//! `moss-bench`: one subcommand per subject, each in a file of its name. Run it from a release build.
#![allow(clippy::print_stdout)] // a benchmark's figures go to standard output

mod call;
mod corpus;
mod count;
mod embed;
mod fault_proxy;
mod fidelity;
mod growth;
mod many;
mod plain;
mod quality;
mod recall;
mod remote;
mod replicas;
mod resume;
mod serve_load;
mod session;
mod stored;

use std::process::ExitCode;

use moss_core::Result;

/// Runs a subject with the arguments that follow its name.
type Run = fn(&[String]) -> Result<()>;

/// Name, what it measures, and what runs it.
const SUBJECTS: &[(&str, &str, Run)] = &[
    (
        "call",
        "a query with a ready vector, beside other languages: STORE",
        call::run,
    ),
    (
        "count",
        "no measure: fixed work, for scripts/count-instructions",
        count::run,
    ),
    (
        "embed",
        "text to vector, by length, and batches: [QUESTIONS [MODEL]]",
        embed::run,
    ),
    (
        "fault-proxy",
        "no measure: breaks requests to an object store: --listen ADDRESS --to ADDRESS [--seed N] [--one-in N]",
        fault_proxy::run,
    ),
    (
        "fidelity",
        "cosine of vectors to those of the published weights: MODEL REFERENCE TEXTS..",
        fidelity::run,
    ),
    (
        "growth",
        "the scan and the graph over more and more rows: QUESTIONS STORE [ROWS..]",
        growth::run,
    ),
    (
        "many",
        "100 sessions in one process under 8 threads: QUESTIONS STORE [SECONDS]",
        many::run,
    ),
    (
        "quality",
        "nDCG@10 over judged questions: DOCUMENTS QUESTIONS",
        quality::run,
    ),
    (
        "recall",
        "recall@10 against a plain f32 scan: [--int8] QUESTIONS STORE",
        recall::run,
    ),
    (
        "remote",
        "a large session through the service: MOSS_CACHE_DIR=FOLDER remote DOCUMENTS QUESTIONS STORE [LIMIT]",
        remote::run,
    ),
    (
        "replicas",
        "whether anything is lost while replicas are killed: MOSS STORE [WRITERS TURNS SEED]",
        replicas::run,
    ),
    (
        "resume",
        "a large session opened as the first thing of a process: [--int8] STORE",
        resume::run,
    ),
    (
        "serve-load",
        "a running service under 200 clients and 20 pushing sessions: URL PROJECT KEY DOCUMENTS QUESTIONS [SECONDS]",
        serve_load::run,
    ),
    (
        "session",
        "what each call costs over a large session: [--int8] DOCUMENTS QUESTIONS STORE [LIMIT]",
        session::run,
    ),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let wanted = arguments.first().map(String::as_str);
    let Some((_, _, run)) = SUBJECTS.iter().find(|(name, ..)| Some(*name) == wanted) else {
        eprintln!("usage: moss-bench <subject> [..]");
        for (name, measures, _) in SUBJECTS {
            eprintln!("  {name:12} {measures}");
        }
        return ExitCode::from(2);
    };
    match run(&arguments[1..]) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("moss-bench: {error}");
            ExitCode::FAILURE
        }
    }
}
