//! Looking at the way to a service, step by step, without sending anything: what an address says of
//! itself, whether its name resolves, whether somebody answers there, and with which certificate.
//!
//! A client does all of this by itself whenever it connects. This is for telling a person which step
//! it is that fails.
//!
//! ```
//! use zb_core::probe::{Cloud, EndpointForm};
//!
//! let form = EndpointForm::of("https://1234567890.zerobus.us-west-2.cloud.databricks.com");
//! assert!(matches!(
//!     form,
//!     EndpointForm::Zerobus { cloud: Cloud::Aws, workspace, region }
//!         if workspace == "1234567890" && region == "us-west-2"
//! ));
//! ```

mod address;
mod form;
mod proxy;
mod reach;
mod tls;

pub use address::{Address, AddressError};
pub use form::{Cloud, EndpointForm, workspace_of_host};
pub use proxy::{ProxyVariable, proxies};
pub use reach::{ReachError, connect, resolve};
pub use tls::{Handshake, TlsError, handshake};
