//! Many downloads from one flaky place, with one budget of retries for all of them.
//!
//! `cargo run -p zb-retry --example downloads` prints what became of each. The place is made up, and
//! so are its faults; everything else is as it would be.
#![allow(clippy::print_stdout, reason = "it is what an example is for")]

use std::time::Duration;

use zb_retry::{Budget, Jitter, Policy, Retryable, Verdict, retry};

/// What can go wrong, and what to do about it.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("busy, come back in {0:?}")]
    Busy(Duration),
    #[error("the connection was lost")]
    Lost,
    #[error("there is no such file")]
    NotFound,
}

impl Retryable for Fault {
    fn verdict(&self) -> Verdict {
        match self {
            Self::Busy(wait) => Verdict::RetryAfter(*wait),
            Self::Lost => Verdict::Retry,
            Self::NotFound => Verdict::Stop,
        }
    }
}

/// A place that fails one way or another until it was asked often enough for a file.
async fn download(file: u32, attempt: u32) -> Result<String, Fault> {
    tokio::time::sleep(Duration::from_millis(5)).await;
    match (file, attempt) {
        (7, _) => Err(Fault::NotFound),
        (_, 1) if file % 2 == 1 => Err(Fault::Busy(Duration::from_millis(30))),
        (_, 1 | 2) if file.is_multiple_of(3) => Err(Fault::Lost),
        _ => Ok(format!("file {file}")),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let policy = Policy::new()
        .with_base(Duration::from_millis(20))
        .with_cap(Duration::from_millis(200))
        .with_jitter(Jitter::Equal)
        .with_max_attempts(4)
        .with_deadline(Duration::from_secs(5));
    let budget = Budget::new(6).with_successes_per_retry(2);

    for file in 1..=10 {
        let mut attempt = 0;
        let outcome = retry(policy, || {
            attempt += 1;
            download(file, attempt)
        })
        .budget(&budget)
        .notify(|failure| {
            println!(
                "  attempt {}: {}, again in {:?}",
                failure.attempt, failure.error, failure.wait
            );
        })
        .await;
        match outcome {
            Ok(content) => println!("{content}"),
            Err(error) => println!("no file {file}: {error}: {}", error.cause()),
        }
    }
    println!("{} retries are left", budget.available());
}
