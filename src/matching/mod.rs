//! Which filters accept a posting, and why; pure.
//!
//! A clause is true, false or unknown, and groups combine them as Kleene does. A filter accepts a
//! posting when each direct part of its top-level AND is true, or unknown without being an OR:
//! pay that is not stated neither hides a posting nor lets an alternative win, and an exclusion
//! excludes only what is known. `remote`, `location` and `country` are never unknown: not stated is
//! false; neither is a fact with `!`.

mod clause;
mod document;
mod explain;
mod facts;
mod index;
pub mod naive;
mod needle;
mod outline;
mod tokens;

#[cfg(test)]
mod agreement;

pub use clause::Truth;
pub use document::Document;
pub use explain::{Explanation, Seen, explain, tree};
pub use index::{Matcher, Scratch};
pub use outline::{Outline, words_of};
