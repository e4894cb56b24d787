//! `why`: what became of a posting, and what each filter says of it.

use super::{Actor, Context, Outcome};
use crate::db;
use crate::db::own_filters::{FilterState, OwnFilter};
use crate::db::posting_row::StoredPosting;
use crate::domain::ids::OpeningId;
use crate::domain::rates::Rates;
use crate::filter_lang::parse;
use crate::matching::{Document, explain};
use crate::normalize::canonical;
use crate::normalize::fingerprint::company_key;
use crate::render::replies::{self, Became, Opinion, PausedBy, Why};

pub async fn why(context: &Context, actor: Actor, written: &str) -> Outcome {
    // As postings keep their address: without tracking parameters.
    let Some(url) = canonical(written, None) else {
        return Err(replies::not_an_address().into());
    };
    let postings = db::why::postings(&context.pool, actor.account, &url).await?;
    let Some(stored) = postings.first() else {
        return Err(replies::never_seen(&paused_boards(context, actor).await?).into());
    };
    of_posting(context, actor, stored).await
}

/// Boards that are not read for somebody, by number and name.
async fn paused_boards(context: &Context, actor: Actor) -> sqlx::Result<Vec<(i64, String)>> {
    let boards = db::board_status::of_account(&context.pool, actor.account).await?;
    let paused = boards.into_iter().filter(|board| board.paused);
    Ok(paused.filter_map(|board| Some((board.number?, board.name))).collect())
}

/// The same for a card: of all who read here, if it was theirs.
pub async fn of_opening(context: &Context, actor: Actor, opening: OpeningId) -> Outcome {
    for actor in [actor.for_all_here(), actor] {
        if let Some(stored) = db::why::card(&context.pool, actor.account, opening).await? {
            return of_posting(context, actor, &stored).await;
        }
    }
    Err(replies::card_is_gone().into())
}

async fn of_posting(context: &Context, actor: Actor, stored: &StoredPosting) -> Outcome {
    let now = context.now();
    let told = db::why::told(&context.pool, actor.account, stored.opening).await?;
    let became = told.map(|told| Became {
        instead: told.board.filter(|_| told.posting != Some(stored.id.0)),
        state: told.state,
        waits: told.due_at.map(|due| due - now),
        settled: told.settled_at.map(|at| now - at),
        trouble: told.last_error,
    });
    let paused = db::why::paused_by(&context.pool, actor.account, stored.id).await?;
    let key = stored.posting.company.as_deref().and_then(company_key);
    let muted = db::habits::muted(&context.pool, actor.account).await?;
    let is_muted = key.is_some_and(|key| muted.iter().any(|(_, muted)| *muted == key));
    let rates = db::rates::newest(&context.pool).await?;
    let filters = db::own_filters::of_account(&context.pool, actor.account).await?;
    let live = filters.iter().filter(|filter| filter.state != FilterState::Removed);
    Ok(replies::why(&Why {
        title: &stored.posting.title,
        board: &stored.board,
        seen: now - stored.first_seen_at,
        became,
        paused,
        muted: stored.posting.company.as_deref().filter(|_| is_muted),
        opinions: live.map(|filter| opinion(actor, filter, stored, &rates)).collect(),
    }))
}

fn opinion(actor: Actor, filter: &OwnFilter, stored: &StoredPosting, rates: &Rates) -> Opinion {
    let document = Document::new(&stored.posting, rates, stored.first_seen_at);
    let explained = parse(&filter.query).ok().map(|expr| explain(&expr, &document));
    let clauses = explained.iter().flat_map(|explained| &explained.clauses);
    Opinion {
        number: actor.number(filter.number),
        name: filter.name.clone(),
        accepts: explained.as_ref().is_some_and(|explained| explained.matches),
        paused: (filter.state == FilterState::Paused).then_some(if filter.paused_by_plan {
            PausedBy::Plan
        } else {
            PausedBy::Owner
        }),
        later: filter.active_from > stored.first_seen_at,
        because: clauses.map(|seen| format!("{} — {}", seen.clause, seen.saw)).collect(),
    }
}
