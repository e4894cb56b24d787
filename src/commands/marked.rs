//! What somebody made of postings: `saved`, `applied`, `dismissed`.

use super::{Actor, Context, Outcome};
use crate::db;
use crate::domain::reply::Mark;
use crate::render::replies::{self, Marked};

/// Postings on one page.
const PAGE: usize = 10;

pub async fn list(context: &Context, actor: Actor, mark: Mark, page: usize) -> Outcome {
    // One more tells whether there is a next page.
    let found =
        db::marks::list(&context.pool, actor.account, mark, (page - 1) * PAGE, PAGE + 1).await?;
    let more = found.len() > PAGE;
    let now = context.now();
    let lines = found.into_iter().take(PAGE).map(|found| Marked {
        title: found.title,
        company: found.company,
        url: found.url,
        closed: found.closed,
        paused: found.paused,
        ago: now - found.marked_at,
    });
    Ok(replies::marked_list(mark, &lines.collect::<Vec<_>>(), page, more))
}
