//! How a web page is read as a board, as its operator wrote it.

use serde::{Deserialize, Serialize};

/// CSS selectors, one for each part of a posting. All but `item` and `empty` are looked for inside
/// an item, and may end in `@attribute`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// One element for each posting.
    pub item: String,
    pub title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pay: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Each element that fits is a tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<String>,
    /// What the page shows where it has no posting; without it, no item is a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub empty: Option<String>,
}
