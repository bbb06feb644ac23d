//! What every `zb` crate shares: the name of a table, a secret, where secrets may go in clear, and an error
//! with its causes.
//!
//! ```
//! use zb_types::{Secret, TableName};
//!
//! # fn main() -> Result<(), zb_types::TableNameError> {
//!
//! let table: TableName = "main.nyc.flights".parse()?;
//! assert_eq!(table.schema(), "nyc");
//!
//! let secret = Secret::from("s3cr3t");
//! assert!(!format!("{secret:?}").contains("s3cr3t"));
//! # Ok(())
//! # }
//! ```
//!
//! # When to use this alone
//!
//! Seldom: it exists so that no other crate writes these again. It does no I/O.

mod causes;
mod loopback;
mod table;

pub use causes::with_causes;
pub use loopback::is_loopback_host;
pub use secrecy::ExposeSecret;
pub use table::{TableName, TableNameError, TableNameErrorKind};

/// A string that never shows itself in `Debug` and is wiped when dropped.
pub type Secret = secrecy::SecretString;
