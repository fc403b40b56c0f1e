//! `moss job`, and the waiting of every command that starts a job.

use std::future::Future;
use std::time::Duration;

use clap::{Args, Subcommand};
use moss::{Client, Error, ErrorKind, JobStatus, MutationResult};

use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::{self, Progress, clean};
use crate::shapes::{JobShape, MutationShape};

/// Options of commands that start a job.
#[derive(Debug, Args)]
pub(crate) struct JobOptions {
    /// Wait for the job and show it
    #[arg(long, short)]
    pub(crate) wait: bool,
    #[command(flatten)]
    pub(crate) patience: Patience,
}

/// How long, and how often, a job is looked at.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Patience {
    /// Seconds between two looks at the job
    #[arg(long, value_name = "SECONDS", default_value = "2.0", value_parser = seconds)]
    poll_interval: Duration,
    /// Give up waiting after so many seconds; the job goes on [default: never]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Job {
    /// Show one job
    Status {
        /// The id of the job
        id: String,
        /// Wait until it ended
        #[arg(long, short)]
        wait: bool,
        /// Seconds between two looks at the job
        #[arg(long, value_name = "SECONDS", default_value = "2.0", value_parser = seconds)]
        poll_interval: Duration,
    },
}

/// Seconds with a fraction, of a duration that exists.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|error| format!("{error}"))?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

impl Job {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let Job::Status {
            id,
            wait,
            poll_interval,
        } = self;
        let client = context.client()?;
        let job = match wait {
            true => ended(context, &client, &id, &format!("job {id}"), poll_interval).await?,
            false => client.get_job_status(&id).await?,
        };
        show(context, &job)
    }
}

/// Starts a job and answers with it; with `--wait` with how it ended too.
pub(crate) async fn follow(
    context: &Context,
    client: &Client,
    options: &JobOptions,
    work: String,
    start: impl Future<Output = moss::Result<MutationResult>>,
) -> Outcome {
    let result = {
        let _progress = Progress::spinner(context.json(), &work);
        start.await?
    };
    started(context, &result)?;
    if !options.wait {
        return Ok(());
    }
    let Patience {
        poll_interval,
        timeout,
    } = options.patience;
    let waiting = ended(context, client, &result.job_id, &work, poll_interval);
    let job = match timeout {
        None => waiting.await?,
        Some(timeout) => tokio::time::timeout(timeout, waiting).await.map_err(|_| {
            let (id, seconds) = (&result.job_id, timeout.as_secs_f64());
            let message = format!("job {id} did not end in {seconds} s, it goes on");
            Error::new(ErrorKind::JobTimeout, message)
        })??,
    };
    show(context, &job)
}

/// Answers with a change.
fn started(context: &Context, result: &MutationResult) -> Outcome {
    if context.json() {
        return output::json(&MutationShape::from(result));
    }
    let count = output::documents(result.doc_count);
    let (name, id) = (&result.index_name, clean(&result.job_id));
    output::line(format_args!("{name}: {count}, job {id}"))
}

/// Looks at a job until it ended.
async fn ended(
    context: &Context,
    client: &Client,
    id: &str,
    work: &str,
    every: Duration,
) -> Outcome<JobStatus> {
    let progress = Progress::job(context.json(), work);
    loop {
        let job = client.get_job_status(id).await?;
        if matches!(job.status.as_str(), "completed" | "failed") {
            return Ok(job);
        }
        progress.at(job.progress);
        tokio::time::sleep(every).await;
    }
}

/// Answers with a job; one that failed is a failure.
fn show(context: &Context, job: &JobStatus) -> Outcome {
    if context.json() {
        output::json(&JobShape::from(job))?;
    } else {
        let absent = || "-".to_owned();
        let row = vec![
            job.job_id.clone(),
            job.status.clone(),
            format!("{}%", job.progress),
            job.current_phase.clone().unwrap_or_else(absent),
            job.created_at.clone(),
            job.completed_at.clone().unwrap_or_else(absent),
        ];
        output::table(
            &["JOB", "STATUS", "PROGRESS", "PHASE", "CREATED", "COMPLETED"],
            [row],
        )?;
    }
    match (job.status.as_str(), &job.error) {
        ("failed", Some(error)) => {
            let kind = job.error_kind.unwrap_or(ErrorKind::JobFailed);
            Err(Error::new(kind, error).into())
        }
        ("failed", None) => Err(Failure::Answered),
        _ => Ok(()),
    }
}
