//! The home page of the app: filters to turn on and off, what was kept, how boards do.

use serde_json::{Value as Json, json};

use super::blocks::Blocks;
use super::desk::Desk;
use super::forms;
use super::people::Who;
use super::place::Place;
use crate::commands::{self, Actor, Here};
use crate::db;
use crate::db::own_filters::{FilterState, OwnFilter};
use crate::domain::account::AccountKind;
use crate::domain::ids::AccountId;
use crate::domain::number::FilterNumber;
use crate::domain::reply::{Button, Part, Press, Reply};
use crate::domain::target::Platform;
use crate::render::replies::welcome;

/// Filters that get buttons of their own, and as many of channels; `list` shows all.
const FILTERS: usize = 20;

/// What the name of a block begins with whose menu is of a channel's filter: what is pressed there is pressed
/// in the channel.
const IN: &str = "in:";

/// The channel that something on the home page is of.
pub fn channel(payload: &Json) -> Option<String> {
    let block = payload.pointer("/actions/0/block_id")?.as_str()?;
    let (channel, _) = block.strip_prefix(IN)?.split_once(':')?;
    Some(channel.to_owned())
}

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

    async fn home(&self, who: &Who) -> sqlx::Result<Json> {
        let actor = Actor { here: None, ..self.met(who).await?.actor };
        let live = self.live(actor.account).await?;
        let mut blocks = Blocks::default();
        blocks.heading("Your filters");
        if live.is_empty() {
            blocks.text("None yet. Say what you look for, as in: remote rust -senior pay>=80k");
            blocks.buttons(&welcome().buttons);
        }
        for filter in live.iter().take(FILTERS) {
            show(&mut blocks, AccountKind::Person, filter, None);
        }
        blocks.buttons(&[button("New filter", Press::Fill("watch ".to_owned()))]);
        self.channels(who, actor, &mut blocks).await?;
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

    async fn live(&self, account: AccountId) -> sqlx::Result<Vec<OwnFilter>> {
        let mut filters = db::own_filters::of_account(&self.context.pool, account).await?;
        filters.retain(|filter| filter.state != FilterState::Removed);
        Ok(filters)
    }

    /// The filters of the workspace's channels, for whoever may change them.
    async fn channels(&self, who: &Who, actor: Actor, blocks: &mut Blocks) -> sqlx::Result<()> {
        let pool = &self.context.pool;
        let Some(account) = db::accounts::known(pool, &who.workspace()).await? else {
            return Ok(());
        };
        let addresses = db::accounts::addresses(pool, account, Platform::Slack).await?;
        let place = |filter: &OwnFilter| addresses.get(&filter.target)?.parse::<Place>().ok();
        let live = self.live(account).await?;
        let mut filters: Vec<(Place, &OwnFilter)> =
            live.iter().filter_map(|filter| Some((place(filter)?, filter))).collect();
        filters.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
        let Some((_, first)) = filters.first() else { return Ok(()) };
        let here =
            Here { account, target: first.target, is_admin: false, in_role: None, open: None };
        let actor = self.ranked(who, Actor { here: Some(here), ..actor }, false).await;
        if commands::may_change(&self.context, actor).await.is_err() {
            return Ok(());
        }
        blocks.heading("Filters of channels");
        let mut above = None;
        for (place, filter) in filters.iter().take(FILTERS) {
            if above != Some(&place.id) {
                let Place { team, id } = place;
                blocks
                    .link("In this channel:", &format!("https://app.slack.com/client/{team}/{id}"));
                above = Some(&place.id);
            }
            let name = format!("{IN}{}:{}", place.id, filter.number);
            show(blocks, AccountKind::Team, filter, Some(name));
        }
        Ok(())
    }

    async fn said_of(&self, actor: Actor, line: &str) -> Reply {
        let _turn = if commands::asks_others(line) { None } else { self.turn().await };
        commands::say(&self.context, actor, line).await
    }
}

/// A filter with its menu, in a block of that name.
fn show(blocks: &mut Blocks, of: AccountKind, filter: &OwnFilter, block: Option<String>) {
    let state = if filter.state == FilterState::Paused { " (paused)" } else { "" };
    let number = FilterNumber { of, number: filter.number };
    let text = format!("{number} {}{state}\n{}", filter.name, filter.query);
    blocks.menu(block, &text, &filter_menu(filter.state, number));
}

fn filter_menu(state: FilterState, number: FilterNumber) -> [Button; 4] {
    let turn = match state {
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
