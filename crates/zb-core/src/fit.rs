//! Whether rows are made to fit the table.

/// Whether rows are made to fit the table, whose columns Unity Catalog tells.
///
/// To fit is to find columns by name, to bring values to the table's types where nothing is lost,
/// and to name everything that does not fit at once, when a sender is opened or a table was altered.
///
/// What a client may write to, it need not be allowed to look at: a table's columns are read with a
/// token of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Fit {
    /// Where the columns can be read. Otherwise rows are sent as the batches have them, a warning is
    /// logged once for each table, and the service decides.
    #[default]
    WhenReadable,
    /// Always: a sender is not opened where the columns cannot be read.
    Required,
    /// Never: rows are sent as the batches have them, and the service decides.
    Off,
}
