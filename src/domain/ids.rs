//! One type for each table's key, so that no id fits a function meant for another.

use std::fmt;

use uuid::Uuid;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl From<i64> for $name {
            fn from(key: i64) -> Self {
                Self(key)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

id! {
    /// Key of `accounts`.
    AccountId;
    /// Key of `boards`.
    BoardId;
    /// Key of `postings`.
    PostingId;
    /// Key of `openings`.
    OpeningId;
    /// Key of `filters`; what users see is the filter's number, not this.
    FilterId;
    /// Key of `targets`.
    TargetId;
    /// Key of `deliveries`.
    DeliveryId;
    /// Key of `drafts`.
    DraftId;
}

/// Names one claim of a lane or a board. Settling names it again, so that a claimer whose lease was
/// taken over changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LeaseId(pub Uuid);

/// The number of the last change to any filter; revision order is commit order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct FilterRevision(pub i64);
