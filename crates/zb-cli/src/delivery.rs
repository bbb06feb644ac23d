//! From flags to the settings of a sender.

use zb_core::{ingest::SenderOptions, retry::Policy};

use crate::arguments::Delivery;

impl Delivery {
    /// The settings with those that the flags change.
    pub(crate) fn apply(&self, mut options: SenderOptions) -> SenderOptions {
        if let Some(streams) = self.streams {
            options = options.streams(streams);
        }
        if let Some(bytes) = self.in_flight_bytes {
            options = options.max_in_flight_bytes(bytes);
        }
        if let Some(timeout) = self.ack_timeout {
            options = options.ack_timeout(timeout);
        }
        if self.stamp_rows {
            options = options.stamp_rows();
        }
        options.retry(self.retry())
    }

    fn retry(&self) -> Policy {
        let mut policy = Policy::new();
        if let Some(attempts) = self.max_attempts {
            policy = policy.with_max_attempts(attempts);
        }
        if let Some(deadline) = self.give_up_after {
            policy = policy.with_deadline(deadline);
        }
        policy
    }
}
