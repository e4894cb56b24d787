//! A fingerprint as it is stored beside its posting: whoever compares others with that need not read its
//! words, place and address again.

use chrono::{DateTime, Utc};

use super::address::Address;
use super::company::Company;
use super::place::Place;
use super::title::Title;
use super::{Fingerprint, Sketch};

/// Which reader wrote it. To be raised whenever names, titles, places or addresses are read differently:
/// then what an older one kept is read anew. A test says so.
pub const READER: u32 = 2;

impl Fingerprint {
    /// All but the time and the sketch, which have columns of their own.
    pub fn kept(&self) -> String {
        let Self { company, title, place, address, .. } = self;
        // Plain data with texts as keys: there is nothing that could fail.
        serde_json::to_string(&(READER, company, title, place, address)).unwrap_or_default()
    }

    /// From what was kept; `None` if another reader kept it.
    pub fn from_kept(
        kept: &str,
        posted_at: Option<DateTime<Utc>>,
        sketch: Option<Sketch>,
    ) -> Option<Self> {
        type Kept = (u32, Option<Company>, Title, Place, Option<Address>);
        let (reader, company, title, place, address): Kept = serde_json::from_str(kept).ok()?;
        (reader == READER).then_some(Self { company, title, place, address, sketch, posted_at })
    }
}
