//! What somebody can choose while they type. Nothing is written, and nobody waits long.

use std::time::Duration;

use chrono_tz::TZ_VARIANTS;
use serde_json::{Value as Json, json};
use tokio::time::timeout;

use super::desk::Desk;
use super::line::Who;
use super::schema::Choices;
use crate::commands::COMMANDS;
use crate::db;
use crate::db::own_filters::FilterState;
use crate::domain::account::Identity;
use crate::domain::ids::AccountId;
use crate::domain::target::Platform;

/// Choices that Discord shows at the most, and the longest name of one.
const MOST: usize = 25;
const LONGEST: usize = 100;

/// Whoever types has gone on by then.
const DEADLINE: Duration = Duration::from_millis(1_500);

/// What most people want.
const RHYTHMS: [&str; 7] = [
    "instant",
    "hourly",
    "daily 08:00",
    "daily 12:00",
    "daily 18:00",
    "weekly mon 08:00",
    "weekly fri 16:00",
];

/// A choice: what is shown, and what is typed for it.
type Choice = (String, String);

/// An answer with these.
pub fn answer(choices: &[Choice]) -> Json {
    let shown = choices.iter().take(MOST).map(|(name, value)| {
        let name: String = name.chars().take(LONGEST).collect();
        json!({ "name": name, "value": value })
    });
    json!({ "type": 8, "data": { "choices": shown.collect::<Vec<_>>() } })
}

/// Texts as they are compared: names of zones have no spaces.
fn folded(text: &str) -> String {
    text.trim().to_lowercase().replace('_', " ")
}

fn numbered(sign: &str, number: i64, name: &str) -> Choice {
    let number = format!("{sign}{number}");
    (format!("{number} {name}"), number)
}

fn alike(names: impl IntoIterator<Item = String>) -> Vec<Choice> {
    names.into_iter().map(|name| (name.clone(), name)).collect()
}

impl Desk {
    /// What fits what is typed so far.
    pub async fn choose(&self, who: &Who, choices: Choices, typed: &str) -> Json {
        let mut found = match timeout(DEADLINE, self.all(who, choices)).await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => {
                tracing::error!("Discord: {error}");
                Vec::new()
            }
            Err(_) => Vec::new(),
        };
        // Any time of day can be typed.
        if choices == Choices::Rhythms && !typed.trim().is_empty() {
            found.insert(0, (typed.trim().to_owned(), typed.trim().to_owned()));
        }
        let typed = folded(typed);
        found.retain(|(shown, value)| {
            folded(shown).contains(&typed) || folded(value).starts_with(&typed)
        });
        found.dedup();
        // Discord takes no value that is longer, and none that is empty.
        found.retain(|(_, value)| (1..=LONGEST).contains(&value.chars().count()));
        answer(&found)
    }

    async fn all(&self, who: &Who, choices: Choices) -> sqlx::Result<Vec<Choice>> {
        let pool = &self.context.pool;
        Ok(match choices {
            Choices::None | Choices::Words(_) | Choices::Roles | Choices::UpTo(_) => Vec::new(),
            Choices::Zones => alike(TZ_VARIANTS.iter().map(|zone| zone.name().to_owned())),
            Choices::Rhythms => alike(RHYTHMS.map(str::to_owned)),
            Choices::Commands => COMMANDS
                .iter()
                .map(|spec| (spec.help.usage.to_owned(), spec.name.to_owned()))
                .collect(),
            Choices::Filters => self.filters(who).await?,
            Choices::Boards => self.boards(who).await?,
            Choices::Companies => {
                let Some(account) = self.account(who.person()).await? else {
                    return Ok(Vec::new());
                };
                alike(db::marks::recent_companies(pool, account, 100).await?)
            }
            Choices::Muted => {
                let Some(account) = self.account(who.person()).await? else {
                    return Ok(Vec::new());
                };
                let muted = db::habits::muted(pool, account).await?;
                alike(muted.into_iter().map(|(name, _)| name))
            }
        })
    }

    /// An account that is there already: whoever only types has none made.
    async fn account(&self, identity: Identity) -> sqlx::Result<Option<AccountId>> {
        db::accounts::known(&self.context.pool, &identity).await
    }

    /// One's own account and the channel's server's, with what stands before their numbers.
    async fn accounts(&self, who: &Who) -> sqlx::Result<Vec<(AccountId, &'static str)>> {
        let mut all = Vec::new();
        let server = who.server().map(|server| (server, "c"));
        for (identity, sign) in [(who.person(), "")].into_iter().chain(server) {
            all.extend(self.account(identity).await?.map(|account| (account, sign)));
        }
        Ok(all)
    }

    async fn filters(&self, who: &Who) -> sqlx::Result<Vec<Choice>> {
        let mut all = Vec::new();
        for (account, sign) in self.accounts(who).await? {
            let filters = db::own_filters::of_account(&self.context.pool, account).await?;
            let live = filters.into_iter().filter(|filter| filter.state != FilterState::Removed);
            all.extend(live.map(|filter| numbered(sign, filter.number, &filter.name)));
        }
        Ok(all)
    }

    async fn boards(&self, who: &Who) -> sqlx::Result<Vec<Choice>> {
        let mut all = Vec::new();
        for (account, sign) in self.accounts(who).await? {
            let boards = db::added_boards::of_account(&self.context.pool, account).await?;
            all.extend(boards.into_iter().map(|board| numbered(sign, board.number, &board.name)));
        }
        Ok(all)
    }
}

impl Who {
    /// The person, as accounts know them.
    pub fn person(&self) -> Identity {
        let (platform, workspace) = (Platform::Discord, String::new());
        Identity { platform, workspace, user: self.user.clone() }
    }

    /// All who are in the server.
    pub fn server(&self) -> Option<Identity> {
        let (guild, _) = self.shared.as_ref()?;
        Some(server(guild))
    }
}

/// All who are in a server, as accounts know them.
pub fn server(guild: &str) -> Identity {
    let (platform, user) = (Platform::Discord, String::new());
    Identity { platform, workspace: guild.to_owned(), user }
}
