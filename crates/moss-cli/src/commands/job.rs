//! `moss job`, and the waiting of every command that starts a job.

use std::future::Future;
use std::time::Duration;

use clap::{Args, Subcommand};
use moss::{Client, Error, ErrorKind, JobStatus, MutationResult};

use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::{self, Progress};
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
#[derive(Debug, Args)]
pub(crate) struct Patience {
    /// Seconds between two looks at the job
    #[arg(long, value_name = "SECONDS", default_value = "2.0", value_parser = seconds)]
    poll_interval: Duration,
    /// Give up waiting after so many seconds [default: never]
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
            true => ended(context, &client, &id, poll_interval).await?,
            false => client.get_job_status(&id).await?,
        };
        show(context, &job)
    }
}

/// Waits for a change of an index and answers with it; with `--wait` with its job too.
///
/// Job and answer are at hand together: the change is complete when the library gives its job.
pub(crate) async fn follow(
    context: &Context,
    client: &Client,
    options: &JobOptions,
    message: String,
    change: impl Future<Output = moss::Result<MutationResult>>,
) -> Outcome {
    let work = async {
        let result = {
            let _progress = Progress::spinner(context.json(), message);
            change.await?
        };
        started(context, &result)?;
        if options.wait {
            let job = ended(context, client, &result.job_id, options.patience.poll_interval).await?;
            show(context, &job)?;
        }
        Ok(())
    };
    match options.patience.timeout.filter(|_| options.wait) {
        None => work.await,
        Some(timeout) => tokio::time::timeout(timeout, work).await.unwrap_or_else(|_| {
            let error = format!("the job did not end in {} s", timeout.as_secs_f64());
            Err(Error::new(ErrorKind::JobTimeout, error).into())
        }),
    }
}

/// Answers with a change.
fn started(context: &Context, result: &MutationResult) -> Outcome {
    if context.json() {
        return output::json(&MutationShape::from(result));
    }
    let count = output::documents(result.doc_count);
    output::line(format_args!(
        "{}: {count}, job {}",
        result.index_name, result.job_id
    ))
}

/// Looks at a job until it ended.
async fn ended(context: &Context, client: &Client, id: &str, every: Duration) -> Outcome<JobStatus> {
    let _progress = Progress::spinner(context.json(), format!("waiting for job {id}"));
    loop {
        let job = client.get_job_status(id).await?;
        if matches!(job.status.as_str(), "completed" | "failed") {
            return Ok(job);
        }
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
        ("failed", Some(error)) => Err(Failure::failed(error)),
        ("failed", _) => Err(Failure::answered()),
        _ => Ok(()),
    }
}
