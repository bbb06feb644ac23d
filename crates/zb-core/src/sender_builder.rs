//! A sender of a client, with settings of its own.

use std::sync::Arc;

use arrow_schema::Schema;
use zb_ingest::{Observer, Sender, SenderOptions};
use zb_types::TableName;

use crate::{
    Client, ConfigError, Error, Given, Group, Origin,
    config::{Layer, Plan},
};

/// Sets up a [`Sender`]; made by [`Client::sender`].
#[derive(Debug)]
#[must_use]
pub struct SenderBuilder<'a> {
    pub(crate) client: &'a Client,
    pub(crate) table: TableName,
    pub(crate) schema: &'a Schema,
    pub(crate) options: SenderOptions,
}

impl SenderBuilder<'_> {
    /// Changes the settings of the sender.
    pub fn options(mut self, with: impl FnOnce(SenderOptions) -> SenderOptions) -> Self {
        self.options = with(self.options);
        self
    }

    /// Sets the setting of [`Group::Delivery`] that has this name, for who has names and values from
    /// elsewhere.
    ///
    /// # Errors
    ///
    /// As [`ClientBuilder::set`](crate::ClientBuilder::set).
    pub fn set(
        mut self,
        name: &str,
        value: impl Into<Given>,
        origin: Origin,
    ) -> Result<Self, ConfigError> {
        let mut layer = Layer::default();
        layer.give_by_name(name, &value.into(), origin, |setting| {
            setting.group() == Group::Delivery
        })?;
        let mut plan = Plan::of(self.options);
        layer.apply(&mut plan);
        self.options = plan.options;
        Ok(self)
    }

    /// Who is told what happens.
    pub fn observer(self, observer: Arc<dyn Observer>) -> Self {
        self.options(|options| options.observer(observer))
    }

    /// The columns that the table must have for these settings.
    pub fn table_schema(&self) -> Schema {
        self.options.table_schema(self.schema)
    }

    /// Opens the sender. On the embedded endpoint a table that is missing is made.
    ///
    /// # Errors
    ///
    /// As [`Sender::open`], and [`Error::Local`] when the table cannot be made.
    pub async fn open(self) -> Result<Sender, Error> {
        #[cfg(feature = "local")]
        if !self.options.is_dry_run() {
            let schema = self.table_schema();
            self.client.prepare_table(&self.table, &schema).await?;
        }
        let tokens = Arc::clone(&self.client.tokens);
        Ok(Sender::open(self.table, self.schema, tokens, self.options).await?)
    }
}
