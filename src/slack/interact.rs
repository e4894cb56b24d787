//! Buttons, forms and shortcuts.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value as Json, json};
use slack_morphism::prelude::SlackView;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use url::Url;

use super::desk::{Desk, Ephemeral, Instead, digest, typed_text};
use super::filter_form::{FORM, FilterForm, Problem};
use super::forms;
use super::home;
use super::people::Who;
use super::press::Value;
use crate::db;
use crate::render::replies;

/// A form that was sent shows its answer at once if that takes no longer.
const FORM_AT_ONCE: Duration = Duration::from_millis(1_500);

/// After which Slack shows what it was told at once, so that the answer takes its place and not the other way
/// round.
const SHOWN_AFTER: Duration = Duration::from_secs(1);

/// Where somebody pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Surface {
    Message,
    /// A form that is open.
    Form,
    Home,
}

/// What somebody did, as Slack tells it.
#[derive(Debug)]
pub struct Interaction {
    payload: Json,
    pub who: Who,
    response_url: Option<Url>,
    trigger: Option<String>,
}

impl Interaction {
    pub fn read(payload: Json) -> Option<Self> {
        let team = text(&payload, "/team/id").or_else(|| text(&payload, "/user/team_id"))?;
        let channel =
            text(&payload, "/channel/id").or_else(|| text(&payload, "/container/channel_id"));
        let channel = channel.map(str::to_owned).or_else(|| forms::channel(&payload));
        let channel = channel.or_else(|| home::channel(&payload));
        let who = Who::new(team, text(&payload, "/user/id")?, channel.as_deref())?;
        let response_url = text(&payload, "/response_url").and_then(|url| Url::parse(url).ok());
        let trigger = text(&payload, "/trigger_id").map(str::to_owned);
        Some(Self { payload, who, response_url, trigger })
    }

    fn text(&self, path: &str) -> Option<&str> {
        text(&self.payload, path)
    }

    /// The line of a form that was sent.
    pub fn line(&self) -> String {
        match self.form().and_then(|form| form.said().ok()) {
            Some(line) => line,
            None => self.text(forms::LINE).map(typed_text).unwrap_or_default(),
        }
    }

    /// What is the same when Slack brings it again, and no other time.
    fn name(&self) -> Option<String> {
        let of = ["/actions/0/action_ts", "/view/id"].into_iter().find_map(|path| self.text(path));
        let named = self.trigger.as_deref().or(of).is_some_and(|name| !name.is_empty());
        named.then(|| digest(&self.payload))
    }

    fn surface(&self) -> Surface {
        match self.text("/view/type") {
            Some("modal") => Surface::Form,
            Some(_) => Surface::Home,
            None if self.response_url.is_none() => Surface::Home,
            None => Surface::Message,
        }
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
    /// Takes a button, a form or a shortcut; what comes back is what Slack is answered at once.
    pub async fn did(self: &Arc<Self>, interaction: Interaction) -> Option<Json> {
        if interaction.text("/type") == Some("view_submission") {
            return self.sent(interaction).await;
        }
        let desk = Arc::clone(self);
        self.tasks.spawn(async move { desk.work_on(&interaction).await });
        None
    }

    /// Takes a form. It shows what came of it, or that it is at work and then what came of it.
    async fn sent(self: &Arc<Self>, interaction: Interaction) -> Option<Json> {
        if let Some(Err(Problem { block, why })) = interaction.form().map(|it| it.said()) {
            let why: String = why.chars().take(150).collect();
            return Some(json!({ "response_action": "errors", "errors": { block: why } }));
        }
        let channel = interaction.who.shared().map(str::to_owned);
        let (answer, mut answered) = oneshot::channel();
        let desk = Arc::clone(self);
        self.tasks.spawn(async move {
            let view = match desk.is_first("form", interaction.name().as_deref()).await {
                Ok(true) => Some(desk.submitted(&interaction).await),
                Ok(false) => None,
                Err(error) => {
                    tracing::error!("Slack: {error}");
                    Some(forms::shown(&replies::something_went_wrong(), interaction.who.shared()))
                }
            };
            if let Err(Some(late)) = answer.send(view) {
                sleep(SHOWN_AFTER).await;
                desk.update(&interaction, &late).await;
            }
            desk.open_home(&interaction.who).await;
        });
        let view = if let Ok(view) = timeout(FORM_AT_ONCE, &mut answered).await {
            view.ok()
        } else {
            answered.close();
            answered.try_recv().ok()
        };
        let view = view.unwrap_or_else(|| Some(forms::at_work(channel.as_deref())))?;
        Some(json!({ "response_action": "update", "view": view }))
    }

    async fn work_on(self: &Arc<Self>, interaction: &Interaction) {
        match self.is_first("press", interaction.name().as_deref()).await {
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
                return self.show(interaction, &forms::of(&line, who.shared())).await;
            }
            Err(_) => replies::unknown_button(),
        };
        if interaction.surface() != Surface::Message {
            self.show(interaction, &forms::shown(&reply, who.shared())).await;
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
        let Some(number) = line.strip_prefix("edit ") else { return line };
        let (of_channel, number) = match number.strip_prefix('c') {
            Some(number) => (true, number),
            None => (false, number),
        };
        let (Ok(number), Ok(known)) = (number.parse::<i64>(), self.known(who).await) else {
            return line;
        };
        let actor = if of_channel { known.actor.for_all_here() } else { known.actor };
        match db::own_filters::of_account(&self.context.pool, actor.account).await {
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
        let form = forms::of(format!("watch {said}").trim_end(), interaction.who.shared());
        self.open(interaction, &form).await;
    }

    /// Takes a line from a form, and gives what the form shows then.
    async fn submitted(&self, interaction: &Interaction) -> SlackView {
        let reply = self.say(&interaction.who, &interaction.line()).await;
        forms::shown(&reply, interaction.who.shared())
    }

    /// Shows a form where somebody pressed: a new one, or instead of the one that is open.
    async fn show(&self, interaction: &Interaction, view: &(impl Serialize + Sync)) {
        match interaction.surface() {
            Surface::Form => self.update(interaction, view).await,
            Surface::Message | Surface::Home => self.open(interaction, view).await,
        }
    }

    async fn open(&self, interaction: &Interaction, view: &(impl Serialize + Sync)) {
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

    async fn update(&self, interaction: &Interaction, view: &(impl Serialize + Sync)) {
        let Some(id) = interaction.text("/view/id") else { return };
        let body = json!({ "view_id": id, "view": view });
        self.call(&interaction.who.team, "views.update", &body).await;
    }

    /// Calls a method whose failure costs an answer, nothing else.
    pub async fn call(&self, team: &str, method: &str, body: &Json) {
        if let Err(failure) = self.caller.write(team, method, body).await {
            tracing::warn!(slack.team = team, "{method}: {failure}");
        }
    }
}
