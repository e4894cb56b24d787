//! What somebody can choose while they type.

use chrono_tz::TZ_VARIANTS;
use serde_json::{Value as Json, json};

use super::desk::Desk;
use super::line::Who;
use super::schema::Choices;
use crate::commands::COMMANDS;
use crate::db;
use crate::db::own_filters::FilterState;

/// Choices that Discord shows at the most, and the longest name of one.
const MOST: usize = 25;
const LONGEST: usize = 100;

/// A choice: what is shown, and what is typed for it.
type Choice = (String, String);

impl Desk {
    /// What fits what is typed so far.
    pub async fn choose(&self, who: &Who, choices: Choices, typed: &str) -> Json {
        let found = match self.all(who, choices).await {
            Ok(found) => found,
            Err(error) => {
                tracing::error!("Discord: {error}");
                Vec::new()
            }
        };
        let typed = typed.trim().to_lowercase();
        let fits = |(shown, value): &&Choice| {
            shown.to_lowercase().contains(&typed) || value.to_lowercase().starts_with(&typed)
        };
        let shown = found.iter().filter(fits).take(MOST).map(|(name, value)| {
            let name: String = name.chars().take(LONGEST).collect();
            json!({ "name": name, "value": value })
        });
        json!({ "type": 8, "data": { "choices": shown.collect::<Vec<_>>() } })
    }

    async fn all(&self, who: &Who, choices: Choices) -> sqlx::Result<Vec<Choice>> {
        match choices {
            Choices::None | Choices::Words(_) | Choices::Roles => Ok(Vec::new()),
            Choices::Zones => {
                let names = TZ_VARIANTS.iter().map(|zone| zone.name().to_owned());
                Ok(names.map(|name| (name.clone(), name)).collect())
            }
            Choices::Commands => Ok(COMMANDS
                .iter()
                .map(|spec| (spec.help.usage.to_owned(), spec.name.to_owned()))
                .collect()),
            Choices::Filters => self.filters(who).await,
            Choices::OwnBoards => {
                let actor = self.known(who).await?;
                let own = db::added_boards::of_account(&self.context.pool, actor.account).await?;
                Ok(own.into_iter().map(|board| (board.name, board.number.to_string())).collect())
            }
        }
    }

    /// One's own, and those of the channel's server.
    async fn filters(&self, who: &Who) -> sqlx::Result<Vec<Choice>> {
        let actor = self.known(who).await?;
        let mut all = Vec::new();
        let own = [(actor.account, "")].into_iter();
        for (account, sign) in own.chain(actor.here.map(|here| (here.account, "c"))) {
            let filters = db::own_filters::of_account(&self.context.pool, account).await?;
            let live = filters.into_iter().filter(|filter| filter.state != FilterState::Removed);
            all.extend(live.map(|filter| {
                let number = format!("{sign}{}", filter.number);
                (format!("{number} {}", filter.name), number)
            }));
        }
        Ok(all)
    }
}
