//! Postings that somebody saved, applied for or dismissed.

use chrono::TimeDelta;

use super::{only, say};
use crate::domain::reply::{Mark, Part, Reply};
use crate::render::span::span;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    pub title: String,
    pub company: Option<String>,
    pub url: Option<String>,
    pub closed: bool,
    /// The plan has no room for its board: what becomes of it is not seen.
    pub paused: bool,
    /// Since it was marked.
    pub ago: TimeDelta,
}

impl Marked {
    /// `Cook · Acme · closed · 3 d ago · https://…`
    fn line(&self) -> String {
        let state = match (self.closed, self.paused) {
            (true, _) => Some("closed".to_owned()),
            (false, true) => Some("its board is paused by the plan".to_owned()),
            (false, false) => None,
        };
        let ago = Some(format!("{} ago", span(self.ago)));
        let parts = [Some(self.title.clone()), self.company.clone(), state, ago, self.url.clone()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }
}

pub fn marked_list(mark: Mark, found: &[Marked], page: usize, more: bool) -> Reply {
    if found.is_empty() {
        let what = match mark {
            Mark::Saved => "You have saved nothing",
            Mark::Applied => "You have marked nothing as applied",
            Mark::Dismissed => "You have dismissed nothing",
        };
        let end = if page > 1 { " so far back." } else { " yet; each card has a button for it." };
        return only(format!("{what}{end}"));
    }
    let lines = found.iter().map(Marked::line).collect();
    let mut reply = Reply { parts: vec![Part::List(lines)], buttons: Vec::new() };
    if more {
        reply.buttons.push(say("More", format!("{} {}", mark.as_str(), page + 1)));
    }
    reply
}
