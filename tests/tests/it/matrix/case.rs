//! A row of the table: what goes wrong, what is sent meanwhile, and what must hold afterwards.

use std::{pin::Pin, sync::Arc, time::Duration};

use zb_core::{
    ErrorKind,
    ingest::{SenderOptions, SlowDown},
    retry::Policy,
};

use super::{belief::Duplicates, host::Where, rows::Kind, stage::Stage};

/// Something that is done while rows are sent.
pub(super) type Deed = Arc<dyn Fn(Arc<Stage>) -> Doing + Send + Sync>;

/// It being done.
pub(super) type Doing = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Why rows are not stored, in the kinds of a rejection.
pub(super) const BY_SERVICE: &str = "refused_by_service";

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    /// How many tasks share the sender.
    pub(super) producers: i64,
    /// How many batches each of them sends.
    pub(super) batches: i64,
    /// How many rows a batch has.
    pub(super) rows: i64,
    /// About how many bytes of text a row has.
    pub(super) payload: usize,
}

/// How it must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Every row is durable, or rejected where that is expected.
    Delivered,
    /// The sender does not open, for a reason of this kind.
    NotOpened(ErrorKind),
    /// The sender fails, for a reason of this kind, and says which rows it could not deliver.
    Failed(ErrorKind),
    /// Nothing was to be sent.
    KeptBack,
    /// Somebody ends it early, and every row has a fate.
    CutShort,
}

/// A row of the table.
#[derive(Clone)]
#[must_use]
#[expect(
    clippy::struct_excessive_bools,
    reason = "what is usual is false, and a row says what is not"
)]
pub(super) struct Case {
    pub(super) name: String,
    /// The faults of the server, in TOML.
    pub(super) faults: String,
    pub(super) place: Where,
    pub(super) load: Load,
    pub(super) kind: Arc<dyn Fn(i64) -> Kind + Send + Sync>,
    pub(super) options: Arc<dyn Fn(SenderOptions) -> SenderOptions + Send + Sync>,
    pub(super) deed: Option<Deed>,
    pub(super) closes_after: Option<Duration>,
    pub(super) dropped: bool,
    pub(super) ordered: bool,
    pub(super) end: End,
    pub(super) rejected_as: &'static str,
    pub(super) duplicates: Duplicates,
    pub(super) quarantine: Quarantined,
    pub(super) stamped: bool,
    /// Whether every fault of the script must have happened.
    pub(super) must_fire: bool,
    pub(super) secret: Option<&'static str>,
    pub(super) small_disk: bool,
}

/// Where rejected rows are put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quarantined {
    /// In a list.
    Kept,
    /// Into a file on a disk that is full.
    OnFullDisk,
}

/// How long recovering may take: no attempt to connect begins later than this after the first.
pub(super) const RECOVERY: Duration = Duration::from_secs(8);

/// Many attempts, close together.
pub(super) fn patient() -> Policy {
    Policy::new()
        .with_base(Duration::from_millis(5))
        .with_cap(Duration::from_millis(80))
        .with_max_attempts(u32::MAX)
        .with_deadline(RECOVERY)
}

/// Four attempts, close together.
pub(super) fn impatient() -> Policy {
    patient().with_max_attempts(4)
}

/// A row of the table: without more, 8 batches of 50 rows, all of which must be durable.
///
/// `faults` are the inline tables of a script, `{ on = "open", nth = 1, do = "cut" }`, with commas
/// between them.
pub(super) fn case(name: impl Into<String>, faults: impl AsRef<str>) -> Case {
    Case {
        name: name.into(),
        faults: format!("fault = [{}]", faults.as_ref()),
        place: Where::Here,
        load: Load {
            producers: 1,
            batches: 8,
            rows: 50,
            payload: 40,
        },
        kind: Arc::new(|_| Kind::Good),
        options: Arc::new(|options| options),
        deed: None,
        closes_after: None,
        dropped: false,
        ordered: true,
        end: End::Delivered,
        rejected_as: BY_SERVICE,
        duplicates: Duplicates::Any,
        quarantine: Quarantined::Kept,
        stamped: false,
        must_fire: true,
        secret: None,
        small_disk: false,
    }
}

impl Case {
    /// Where the server runs, if not in this process.
    pub(super) fn at(mut self, place: Where) -> Self {
        self.place = place;
        self
    }

    /// So many tasks, each with so many batches of so many rows.
    pub(super) fn sends(mut self, producers: i64, batches: i64, rows: i64) -> Self {
        self.load = Load {
            producers,
            batches,
            rows,
            ..self.load
        };
        self
    }

    /// Which rows are bad.
    pub(super) fn with(mut self, kind: impl Fn(i64) -> Kind + Send + Sync + 'static) -> Self {
        self.kind = Arc::new(kind);
        self
    }

    /// How the sender is set up.
    pub(super) fn options(
        mut self,
        set_up: impl Fn(SenderOptions) -> SenderOptions + Send + Sync + 'static,
    ) -> Self {
        self.options = Arc::new(set_up);
        self
    }

    /// What is done while rows are sent. They are sent until it is done.
    pub(super) fn during(
        mut self,
        deed: impl Fn(Arc<Stage>) -> Doing + Send + Sync + 'static,
    ) -> Self {
        self.deed = Some(Arc::new(deed));
        self
    }

    /// The sender is closed when the deed is done, over the heads of those who send, and given so
    /// long for what is in flight.
    pub(super) fn closes_after(mut self, deadline: Duration) -> Self {
        self.closes_after = Some(deadline);
        self
    }

    /// The sender is dropped as soon as all is handed in.
    pub(super) fn dropped(mut self) -> Self {
        self.dropped = true;
        self.end = End::CutShort;
        self
    }

    /// How it ends does not matter, as long as every row has a fate.
    pub(super) fn cut_short(mut self) -> Self {
        self.end = End::CutShort;
        self
    }

    /// Rows may be stored in another order.
    pub(super) fn unordered(mut self) -> Self {
        self.ordered = false;
        self
    }

    pub(super) fn not_opened(mut self, kind: ErrorKind) -> Self {
        self.end = End::NotOpened(kind);
        self
    }

    pub(super) fn fails(mut self, kind: ErrorKind) -> Self {
        self.end = End::Failed(kind);
        self
    }

    pub(super) fn kept_back(mut self) -> Self {
        self.end = End::KeptBack;
        self
    }

    /// The bad rows are rejected for this reason.
    pub(super) fn rejected_as(mut self, kind: &'static str) -> Self {
        self.rejected_as = kind;
        self
    }

    /// No row may be there twice.
    pub(super) fn once(mut self) -> Self {
        self.duplicates = Duplicates::None;
        self
    }

    /// Some rows must be there twice.
    pub(super) fn twice(mut self) -> Self {
        self.duplicates = Duplicates::Real;
        self
    }

    /// Quarantine is on a disk that is full.
    pub(super) fn without_quarantine(mut self) -> Self {
        self.quarantine = Quarantined::OnFullDisk;
        self
    }

    /// Rows are stamped, and the table has the columns for it.
    pub(super) fn stamped(mut self) -> Self {
        self.stamped = true;
        self
    }

    /// Not every fault of the script has to happen.
    pub(super) fn perhaps(mut self) -> Self {
        self.must_fire = false;
        self
    }

    /// The tables are on a disk that is nearly full.
    pub(super) fn on_small_disk(mut self) -> Self {
        self.small_disk = true;
        self
    }

    /// The client has this secret.
    pub(super) fn secret(mut self, secret: &'static str) -> Self {
        self.secret = Some(secret);
        self
    }

    /// The settings of the sender: small requests, a small budget, short waits.
    pub(super) fn set_up(&self, options: SenderOptions) -> SenderOptions {
        let options = options
            .request_rows(20)
            .max_in_flight_bytes(24 << 10)
            .connect_timeout(Duration::from_secs(3))
            .ack_timeout(Duration::from_secs(4))
            .slow_down(SlowDown::never())
            .retry(patient());
        let options = (self.options)(options);
        if self.stamped {
            options.stamp_rows()
        } else {
            options
        }
    }
}
