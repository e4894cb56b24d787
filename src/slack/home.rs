//! The home page of the app: filters to turn on and off, what was kept, how boards do.

use serde_json::json;

use super::blocks::Blocks;
use super::desk::Desk;
use super::forms;
use super::people::Who;
use crate::commands::{self, Actor};
use crate::db;
use crate::db::own_filters::{FilterState, OwnFilter};
use crate::domain::reply::{Button, Part, Press, Reply};
use crate::render::replies::welcome;

/// Filters that get buttons of their own; `list` shows all.
const FILTERS: usize = 20;

impl Desk {
    /// Shows somebody's home page as it is now.
    pub async fn open_home(&self, who: &Who) {
        let view = match self.home(who).await {
            Ok(view) => view,
            Err(error) => return tracing::error!("Slack: {error}"),
        };
        let body = json!({ "user_id": who.user, "view": view });
        self.call(&who.team, "views.publish", &body).await;
    }

    async fn home(&self, who: &Who) -> sqlx::Result<serde_json::Value> {
        let actor = Actor { here: None, ..self.met(who).await?.actor };
        let filters = db::own_filters::of_account(&self.context.pool, actor.account).await?;
        let live = filters.iter().filter(|filter| filter.state != FilterState::Removed);
        let live: Vec<&OwnFilter> = live.collect();
        let mut blocks = Blocks::default();
        blocks.heading("Your filters");
        if live.is_empty() {
            blocks.text("None yet. Say what you look for, as in: remote rust -senior pay>=80k");
            blocks.buttons(&welcome().buttons);
        }
        for filter in live.iter().take(FILTERS) {
            let paused = filter.state == FilterState::Paused;
            let state = if paused { " (paused)" } else { "" };
            let text = format!("{} {}{state}\n{}", filter.number, filter.name, filter.query);
            blocks.menu(&text, &filter_menu(filter));
        }
        blocks.buttons(&[button("New filter", Press::Fill("watch ".to_owned()))]);
        let sections =
            [("Plan and use", "plan"), ("Saved postings", "saved"), ("Boards", "status")];
        for (heading, line) in sections {
            blocks.heading(heading);
            let reply = self.said_of(actor, line).await;
            for part in reply.parts {
                match part {
                    Part::Text(text) | Part::Code(text) => blocks.text(&text),
                    Part::List(lines) => blocks.list(&lines),
                    Part::Link { label, url } => blocks.link(&label, &url),
                    Part::Card { .. } => {}
                }
            }
            blocks.buttons(&reply.buttons);
        }
        Ok(forms::home(blocks))
    }

    async fn said_of(&self, actor: Actor, line: &str) -> Reply {
        let _turn = if commands::asks_others(line) { None } else { self.turn().await };
        commands::say(&self.context, actor, line).await
    }
}

fn filter_menu(filter: &OwnFilter) -> [Button; 4] {
    let OwnFilter { number, .. } = filter;
    let turn = match filter.state {
        FilterState::Paused => button("Resume", Press::Say(format!("resume {number}"))),
        FilterState::Active | FilterState::Removed => {
            button("Pause", Press::Say(format!("pause {number}")))
        }
    };
    // An option holds less than a filter has; the form looks it up.
    let edit = button("Edit", Press::Fill(format!("edit {number}")));
    let show = button("Show", Press::Say(format!("show {number}")));
    [turn, edit, show, button("Remove", Press::Say(format!("remove {number}")))]
}

fn button(label: &str, press: Press) -> Button {
    Button { label: label.to_owned(), press }
}
