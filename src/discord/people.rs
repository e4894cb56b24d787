//! Who typed or pressed in Discord, as commands know them.

use sqlx::PgConnection;

use super::desk::Desk;
use super::line::Who;
use super::place::Place;
use crate::commands::{self, Actor, Here};
use crate::db;
use crate::domain::account::{AccountKind, ChannelFilters};
use crate::domain::reply::{Action, Press, Reply};
use crate::domain::target::Platform;
use crate::render::replies;

/// Who it is for us.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    pub actor: Actor,
    /// They were never heard of before.
    pub is_new: bool,
}

impl Desk {
    /// Looks somebody up, or makes their account: by default cards go to them alone, and where others read
    /// too, the server's own account is at hand.
    pub async fn known(&self, who: &Who) -> sqlx::Result<Known> {
        db::in_tx(&self.context.pool, async |tx| self.known_in(tx, who).await).await
    }

    pub(super) async fn known_in(&self, tx: &mut PgConnection, who: &Who) -> sqlx::Result<Known> {
        let (now, platform) = (self.context.clock.now(), Platform::Discord);
        let person = who.person();
        let is_new = !db::accounts::is_known(&mut *tx, &person).await?;
        let account = db::accounts::of_identity(tx, &person, AccountKind::Person, now).await?;
        let address = Place::Person(who.user.clone()).to_string();
        let target = db::accounts::target(tx, account, platform, &address, now).await?;
        let here = match who.server().zip(who.shared.clone()) {
            None => None,
            Some((team, (guild, channel))) => {
                let account = db::accounts::of_identity(tx, &team, AccountKind::Team, now).await?;
                let address = Place::Channel { guild, channel }.to_string();
                let target = db::accounts::target(tx, account, platform, &address, now).await?;
                let rule = db::accounts::channel_filters(&mut *tx, account).await?;
                let is_theirs =
                    matches!(rule, ChannelFilters::Role(theirs) if who.roles.contains(&theirs));
                let in_role = Some(is_theirs);
                // Discord says where we may write; where it did not, it is not tried.
                let open = Some(who.open == Some(true));
                Some(Here { account, target, is_admin: who.manages, in_role, open })
            }
        };
        Ok(Known { actor: Actor { here, ..Actor::alone(account, target) }, is_new })
    }

    /// Answers a line; who is new is welcomed, unless the answer leads on by itself.
    pub async fn say(&self, who: &Who, text: &str) -> Reply {
        let Known { actor, is_new } = match self.known(who).await {
            Ok(known) => known,
            Err(error) => return failed(&error),
        };
        if who.open == Some(false) && shows_here(text) {
            return replies::cannot_write_here();
        }
        let mut reply = commands::say(&self.context, actor, text).await;
        let decides = reply.buttons.iter().any(|button| matches!(button.press, Press::Act(_)));
        if is_new && !decides {
            let welcome = replies::welcome();
            reply.parts.extend(welcome.parts);
            reply.buttons.extend(welcome.buttons);
        }
        reply
    }

    /// Answers a button.
    pub async fn press(&self, who: &Who, action: Action) -> Reply {
        match self.known(who).await {
            Ok(known) => commands::press(&self.context, known.actor, action).await,
            Err(error) => failed(&error),
        }
    }
}

/// Whether a line has cards come where it is typed.
fn shows_here(line: &str) -> bool {
    let mut words = line.trim_start().trim_start_matches("/jobs").split_whitespace();
    matches!(words.next(), Some("watch" | "to"))
        && words.last().is_some_and(|word| word.eq_ignore_ascii_case("here"))
}

pub fn failed(error: &sqlx::Error) -> Reply {
    tracing::error!("Discord: {error}");
    replies::something_went_wrong()
}
