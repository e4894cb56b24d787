//! Buttons, forms and shortcuts.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use url::Url;

use super::desk::{Desk, Ephemeral, Instead, typed_text};
use super::filter_form::{FORM, FilterForm, Problem};
use super::forms;
use super::people::Who;
use super::press::Value;
use crate::db;
use crate::domain::reply::Reply;
use crate::render::replies;

/// What somebody did, as Slack tells it.
struct Interaction {
    payload: Json,
    who: Who,
    response_url: Option<Url>,
    trigger: Option<String>,
}

impl Interaction {
    fn read(payload: Json) -> Option<Self> {
        let team = text(&payload, "/team/id").or_else(|| text(&payload, "/user/team_id"))?;
        let channel =
            text(&payload, "/channel/id").or_else(|| text(&payload, "/container/channel_id"));
        let who = Who::new(team, text(&payload, "/user/id")?, channel)?;
        let response_url = text(&payload, "/response_url").and_then(|url| Url::parse(url).ok());
        let trigger = text(&payload, "/trigger_id").map(str::to_owned);
        Some(Self { payload, who, response_url, trigger })
    }

    fn text(&self, path: &str) -> Option<&str> {
        text(&self.payload, path)
    }

    /// The form of a filter that it is about.
    fn form(&self) -> Option<FilterForm> {
        let view = self.payload.pointer("/view")?;
        (text(view, "/callback_id") == Some(FORM)).then(|| FilterForm::read(view))?
    }
}

fn text<'a>(json: &'a Json, path: &str) -> Option<&'a str> {
    json.pointer(path).and_then(Json::as_str)
}

impl Desk {
    /// Takes a button, a form or a shortcut; what comes back is what Slack is answered at once. A form says
    /// that it is at work, and then what came of it.
    pub fn did(self: &Arc<Self>, payload: Json) -> Option<Json> {
        let interaction = Interaction::read(payload)?;
        let is_form = interaction.text("/type") == Some("view_submission");
        if is_form && let Some(Err(Problem { block, why })) = interaction.form().map(|it| it.said())
        {
            let why: String = why.chars().take(150).collect();
            return Some(json!({ "response_action": "errors", "errors": { block: why } }));
        }
        let desk = Arc::clone(self);
        self.tasks.spawn(async move { desk.work_on(&interaction).await });
        is_form.then(|| json!({ "response_action": "update", "view": forms::at_work() }))
    }

    async fn work_on(self: &Arc<Self>, interaction: &Interaction) {
        // What opens a form has three seconds for it.
        let hurries = matches!(interaction.text("/type"), Some("shortcut" | "message_action"));
        let _turn = if hurries { None } else { self.turn().await };
        // A form that is sent is known by its own name; its trigger is new.
        let named = interaction.trigger.as_deref().or_else(|| interaction.text("/view/id"));
        match self.is_first("trigger", named).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                tracing::error!("Slack: {error}");
                let failed = Ephemeral::of(&replies::something_went_wrong());
                return self.respond(interaction.response_url.as_ref(), &failed).await;
            }
        }
        match interaction.text("/type") {
            Some("block_actions") => match interaction.form() {
                Some(form) => self.show_again(interaction, &form).await,
                None => self.pressed(interaction).await,
            },
            Some("view_submission") => self.submitted(interaction).await,
            Some("shortcut" | "message_action") => self.shortcut(interaction).await,
            _ => {}
        }
    }

    async fn pressed(&self, interaction: &Interaction) {
        let value = interaction
            .text("/actions/0/value")
            .or_else(|| interaction.text("/actions/0/selected_option/value"));
        let who = &interaction.who;
        let reply = match value.unwrap_or_default().parse::<Value>() {
            Ok(Value::Act(action)) => self.press(who, action).await,
            Ok(Value::Say(line)) => self.say(who, &line).await,
            Ok(Value::Fill(line)) => {
                let line = self.filled(who, line).await;
                return self.open(interaction, &forms::of(&line)).await;
            }
            Err(_) => replies::unknown_button(),
        };
        if interaction.response_url.is_none() {
            // A button of the home page.
            self.open(interaction, &forms::shown(&reply)).await;
            return self.open_home(who).await;
        }
        let only_theirs = interaction.payload.pointer("/container/is_ephemeral");
        let instead = if only_theirs.and_then(Json::as_bool) == Some(true) {
            Instead::OfIt
        } else {
            Instead::OfNothing
        };
        let answer = Ephemeral::of(&reply).instead(instead);
        self.respond(interaction.response_url.as_ref(), &answer).await;
    }

    /// `edit 3` with the filter as it is now.
    async fn filled(&self, who: &Who, line: String) -> String {
        let number = line.strip_prefix("edit ").and_then(|number| number.parse::<i64>().ok());
        let (Some(number), Ok(known)) = (number, self.known(who).await) else { return line };
        let account = known.actor.account;
        match db::own_filters::of_account(&self.context.pool, account).await {
            Ok(filters) => match filters.iter().find(|own| own.number == number) {
                Some(own) => format!("{line} {}", own.query),
                None => line,
            },
            Err(error) => {
                tracing::error!("Slack: {error}");
                line
            }
        }
    }

    async fn shortcut(&self, interaction: &Interaction) {
        let said = interaction.text("/message/text").map(typed_text).unwrap_or_default();
        let said: String = said.chars().take(300).collect();
        self.open(interaction, &forms::of(format!("watch {said}").trim_end())).await;
    }

    /// Takes a line from a form.
    async fn submitted(&self, interaction: &Interaction) {
        let line = match interaction.form().and_then(|form| form.said().ok()) {
            Some(line) => line,
            None => interaction.text(forms::LINE).map(typed_text).unwrap_or_default(),
        };
        let reply = self.say(&interaction.who, &line).await;
        self.update(interaction, &reply).await;
        self.open_home(&interaction.who).await;
    }

    async fn open(&self, interaction: &Interaction, view: &impl serde::Serialize) {
        let Some(trigger) = &interaction.trigger else { return };
        let body = json!({ "trigger_id": trigger, "view": view });
        self.call(&interaction.who.team, "views.open", &body).await;
    }

    /// Brings the two sides of a filter's form in step.
    async fn show_again(&self, interaction: &Interaction, form: &FilterForm) {
        let Some(id) = interaction.text("/view/id") else { return };
        let view = form.view();
        let body = match interaction.text("/view/hash") {
            // Of two changes at once the later stays.
            Some(hash) => json!({ "view_id": id, "hash": hash, "view": view }),
            None => json!({ "view_id": id, "view": view }),
        };
        self.call(&interaction.who.team, "views.update", &body).await;
    }

    async fn update(&self, interaction: &Interaction, reply: &Reply) {
        let Some(id) = interaction.text("/view/id") else { return };
        let body = json!({ "view_id": id, "view": forms::shown(reply) });
        self.call(&interaction.who.team, "views.update", &body).await;
    }

    /// Calls a method whose failure costs an answer, nothing else.
    pub async fn call(&self, team: &str, method: &str, body: &Json) {
        let token = match self.workspaces.token(team).await {
            Ok(token) => token,
            Err(error) => return tracing::warn!(slack.team = team, "{method}: {error}"),
        };
        if let Err(failure) = self.api.call(method, &token.secret, body).await {
            self.workspaces.note(team, &token, &failure).await;
            tracing::warn!(slack.team = team, "{method}: {failure}");
        }
    }
}
