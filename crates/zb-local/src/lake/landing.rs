//! What a commit does with rows.

/// Where acknowledged rows are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Landing {
    /// In the Delta table.
    #[default]
    Delta,
    /// Nowhere: they are checked, decoded, counted, and let go when they would be committed. To
    /// measure a client, and never to keep anything.
    Memory,
}
