//! What was looked at, and what came of it.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    process::ExitCode,
};

use serde::Serialize;

use crate::{arguments::Output, failure::Failure, legible::legible};

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// As it should be.
    Ok,
    /// It may be as it should be, and may not.
    Warning,
    /// Rows cannot be sent like this.
    Failure,
    /// Something before it failed, or was not asked for.
    Skipped,
}

impl Status {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failure => "failure",
            Self::Skipped => "skipped",
        }
    }
}

/// A check and what came of it.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    pub(super) name: String,
    pub(super) status: Status,
    /// What was found, on one line.
    pub(super) found: String,
    /// What to do about it; empty where there is nothing to do.
    pub(super) next_step: String,
}

impl Check {
    pub(super) fn ok(name: impl Into<String>, found: impl Into<String>) -> Self {
        Self::of(Status::Ok, name, found, "")
    }

    pub(super) fn warning(
        name: impl Into<String>,
        found: impl Into<String>,
        next_step: impl Into<String>,
    ) -> Self {
        Self::of(Status::Warning, name, found, next_step)
    }

    pub(super) fn failure(
        name: impl Into<String>,
        found: impl Into<String>,
        next_step: impl Into<String>,
    ) -> Self {
        Self::of(Status::Failure, name, found, next_step)
    }

    /// `why` says what was to be there first.
    pub(super) fn skipped(
        name: impl Into<String>,
        why: impl Into<String>,
        next_step: impl Into<String>,
    ) -> Self {
        Self::of(Status::Skipped, name, why, next_step)
    }

    /// Skipped since another check failed.
    pub(super) fn after(name: impl Into<String>, other: &str) -> Self {
        Self::skipped(name, format!("`{other}` comes first"), "")
    }

    fn of(
        status: Status,
        name: impl Into<String>,
        found: impl Into<String>,
        next_step: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            status,
            found: found.into(),
            next_step: next_step.into(),
        }
    }

    pub(super) fn is_failure(&self) -> bool {
        self.status == Status::Failure
    }
}

/// All checks, in their order.
#[derive(Debug, Serialize)]
pub(super) struct Checks {
    checks: Vec<Check>,
    ok: bool,
}

impl Checks {
    pub(super) fn new(checks: Vec<Check>) -> Self {
        let ok = !checks.iter().any(Check::is_failure);
        Self { checks, ok }
    }

    /// Tells the user.
    pub(super) fn print(&self, output: Output) -> Result<ExitCode, Failure> {
        let text = match output {
            Output::Human => legible(&self.lines()).into_owned(),
            Output::Json => {
                serde_json::to_string(self).map_err(|error| Failure::of(&error))? + "\n"
            }
        };
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())
            .and_then(|()| out.flush())
            .map_err(|e| Failure::failed("standard output cannot be written").because(e))?;
        Ok(if self.ok {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    fn lines(&self) -> String {
        let width = self.checks.iter().map(|check| check.name.len()).max();
        let width = width.unwrap_or_default();
        let mut text = String::new();
        for check in &self.checks {
            let (word, name) = (check.status.word(), &check.name);
            // Writing to a string never fails.
            let _ = write!(text, "{word:<8} {name:<width$}  {}", check.found);
            if !check.next_step.is_empty() {
                let _ = write!(text, ". Next: {}", check.next_step);
            }
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_check_is_one_line_and_only_a_failure_is_not_ok() {
        let mut checks = vec![
            Check::ok("dns", "3 addresses"),
            Check::warning("proxy", "one is set", "see that it is meant"),
            Check::after("table", "dns"),
        ];
        let good = Checks::new(std::mem::take(&mut checks));
        assert!(good.ok);
        assert_eq!(
            good.lines(),
            "ok       dns    3 addresses\n\
             warning  proxy  one is set. Next: see that it is meant\n\
             skipped  table  `dns` comes first\n"
        );
        let bad = Checks::new(vec![Check::failure("dns", "nothing", "look")]);
        assert!(!bad.ok);
        assert_eq!(
            serde_json::to_string(&bad).unwrap(),
            r#"{"checks":[{"name":"dns","status":"failure","found":"nothing","next_step":"look"}],"ok":false}"#
        );
    }
}
