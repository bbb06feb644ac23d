//! How the service refuses a schema: with the causes in the details of the status.

use std::{collections::HashMap, fmt};

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};
use zb_types::TableName;

const REASON: &str = "SCHEMA_VALIDATION_FAILED";
const DOMAIN: &str = "zerobus.databricks.com";
/// The service's number for it.
const ERROR_CODE: &str = "8001";

/// What a schema has against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) cause: Cause,
    pub(super) text: String,
}

/// The kinds that the service tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    FieldNotInTable,
    MissingRequiredColumn,
    FieldOutOfOrder,
    TypeIncompatible,
    FieldCountMismatch,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FieldNotInTable => "FIELD_NOT_IN_TABLE",
            Self::MissingRequiredColumn => "MISSING_REQUIRED_COLUMN",
            Self::FieldOutOfOrder => "FIELD_OUT_OF_ORDER",
            Self::TypeIncompatible => "TYPE_INCOMPATIBLE",
            Self::FieldCountMismatch => "FIELD_COUNT_MISMATCH",
        })
    }
}

/// The end of a stream whose schema does not fit.
pub(super) fn refuse(table: &TableName, problems: &[Problem]) -> Status {
    let texts: Vec<&str> = problems.iter().map(|problem| &*problem.text).collect();
    let mut causes: Vec<String> = Vec::new();
    for problem in problems {
        let cause = problem.cause.to_string();
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    let metadata = HashMap::from([
        ("causes".to_owned(), causes.join(",")),
        ("error_code".to_owned(), ERROR_CODE.to_owned()),
    ]);
    Status::with_error_details(
        Code::InvalidArgument,
        format!(
            "The schema does not fit table {:?}: {}. Error Code: {ERROR_CODE}.",
            table.as_str(),
            texts.join("; ")
        ),
        ErrorDetails::with_error_info(REASON, DOMAIN, metadata),
    )
}
