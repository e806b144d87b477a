//! What became of a job's tasks.
//!
//! If an executor is lost while a stage runs that had read rows of it, a scheduler of Ballista 55
//! runs the whole stage again, and hands to the next one also what other executors had worked out
//! of it before. The job succeeds with these rows counted twice, and nothing in its answer tells.
//! So a job of which a task was lost does not count; the scheduler's REST API names such tasks.

use std::time::Duration;

use serde::Deserialize;

use super::failure::{self, Failure};
use super::{CONNECT, QueryError, Scheduler};

/// How long a scheduler may take to tell.
const ANSWER: Duration = Duration::from_secs(60);
/// Why tasks failed that were lost with their executor, or whose rows were.
const LOST: [&str; 3] = ["ResultLost", "ExecutorLost", "FetchPartitionError"];

/// The stages of a job, as `GET /api/job/{job_id}/stages` gives them.
#[derive(Debug, Deserialize)]
struct Stages {
    stages: Vec<Stage>,
}

#[derive(Debug, Deserialize)]
struct Stage {
    tasks: Vec<Option<Task>>,
}

#[derive(Debug, Deserialize)]
struct Task {
    status: Status,
}

#[derive(Debug, Deserialize)]
enum Status {
    Running,
    Successful,
    Failed { reason: String },
}

impl Stages {
    fn have_lost_tasks(&self) -> bool {
        self.stages.iter().flat_map(|stage| &stage.tasks).flatten().any(|task| match &task.status {
            Status::Running | Status::Successful => false,
            Status::Failed { reason } => LOST.contains(&reason.as_str()),
        })
    }
}

/// Checks that no task of a job that has ended was lost.
pub(super) async fn check(scheduler: &Scheduler, job: &str) -> Result<(), Failure> {
    match stages(scheduler, job).await?.have_lost_tasks() {
        false => Ok(()),
        true => Err(Failure::Lost(format!("an executor of job {job} was lost"))),
    }
}

async fn stages(scheduler: &Scheduler, job: &str) -> Result<Stages, QueryError> {
    let path = format!("/api/job/{job}/stages");
    let failed = |reason: &dyn std::fmt::Display| {
        failure::of(
            scheduler,
            &format!(
                "doesn't tell whether tasks were lost, so rows may count twice: GET {path}: \
                 {reason}; start it with its REST API"
            ),
        )
    };
    let client = reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .timeout(ANSWER)
        .no_proxy()
        .build()
        .map_err(|error| failed(&error))?;
    let url = format!("http://{}{path}", scheduler.host_and_port());
    let response = client.get(url).send().await.map_err(|error| failed(&error.without_url()))?;
    if !response.status().is_success() {
        return Err(failed(&response.status()));
    }
    let answer = response.bytes().await.map_err(|error| failed(&error.without_url()))?;
    serde_json::from_slice(&answer).map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn have_lost_tasks(statuses: &str) -> bool {
        let text = format!(
            r#"{{"stages": [{{"stage_id": "1", "stage_status": "Successful", "input_rows": 1,
                "output_rows": 1, "elapsed_compute": null, "tasks": [null, {statuses}]}}]}}"#
        );
        serde_json::from_str::<Stages>(&text).unwrap().have_lost_tasks()
    }

    #[test]
    fn tasks_lost_with_their_executor_are_told_from_others() {
        let task = |status: &str| format!(r#"{{"id": 0, "status": {status}, "input_rows": 1}}"#);
        let failed = |reason: &str| {
            task(&format!(r#"{{"Failed": {{"reason": "{reason}", "error": "some"}}}}"#))
        };
        let fine = task(r#""Successful""#);
        assert!(!have_lost_tasks(&fine));
        assert!(!have_lost_tasks(&format!("{}, {fine}", failed("IoError"))));
        for reason in LOST {
            assert!(have_lost_tasks(&format!("{}, {fine}", failed(reason))), "{reason}");
        }
    }
}
