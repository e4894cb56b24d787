//! What happened in Discord: interactions are answered by calls of their own, servers and channels come and
//! go.

use std::sync::Arc;

use reqwest::Method;
use serde_json::Value as Json;

use crate::db;
use crate::discord::api::Failure;
use crate::discord::desk::{Answer, Desk, unknown};
use crate::discord::line::text;
use crate::discord::place::{Place, is_id, is_token};
use crate::domain::target::Platform;

/// Takes an event; what is to be done about it is done beside the connection.
pub fn take(desk: &Arc<Desk>, name: &str, event: Json) {
    let id = |path: &str| text(&event, path).filter(|id| is_id(id)).map(str::to_owned);
    match name {
        "INTERACTION_CREATE" => {
            let ours = Arc::clone(desk);
            desk.tasks.spawn(async move { answer(&ours, event).await });
        }
        // A server that is unavailable has trouble of its own.
        "GUILD_DELETE" if event.pointer("/unavailable").and_then(Json::as_bool) != Some(true) => {
            let Some(guild) = id("/id") else { return };
            note(desk, async move |desk| desk.left(&guild).await);
        }
        "GUILD_CREATE" => {
            let Some(guild) = id("/id") else { return };
            note(desk, async move |desk| desk.came(&guild).await);
        }
        "CHANNEL_DELETE" => {
            let Some((guild, channel)) = id("/guild_id").zip(id("/id")) else { return };
            note(desk, async move |desk| desk.closed(guild, channel).await);
        }
        _ => {}
    }
}

fn note<F>(desk: &Arc<Desk>, work: impl FnOnce(Arc<Desk>) -> F)
where
    F: Future<Output = sqlx::Result<()>> + Send + 'static,
{
    let work = work(Arc::clone(desk));
    desk.tasks.spawn(async move {
        if let Err(error) = work.await {
            tracing::error!("Discord: {error}");
        }
    });
}

/// Answers an interaction, within three seconds.
async fn answer(desk: &Arc<Desk>, payload: Json) {
    let id = text(&payload, "/id").filter(|id| is_id(id)).map(str::to_owned);
    let token = text(&payload, "/token").filter(|token| is_token(token)).map(str::to_owned);
    let Some((id, token)) = id.zip(token) else {
        return tracing::warn!("Discord brought an interaction that cannot be answered");
    };
    let answer = match desk.interaction(payload).await {
        Some(Answer::This(answer)) => answer,
        Some(Answer::Again(_)) => return,
        None => unknown(),
    };
    let path = format!("interactions/{id}/{token}/callback");
    match desk.api.call(Method::POST, &path, &answer).await {
        // The second: another replica answered it.
        Ok(_) | Err(Failure::Refused { code: 40_060, .. }) => {}
        Err(failure) => tracing::warn!("an answer was not taken: {failure}"),
    }
}

impl Desk {
    /// We are in a server no more: nothing is sent there.
    async fn left(&self, guild: &str) -> sqlx::Result<()> {
        let now = self.context.clock.now();
        db::discord::leave(&self.context.pool, guild, now).await
    }

    /// We are in a server again, or still.
    async fn came(&self, guild: &str) -> sqlx::Result<()> {
        let now = self.context.clock.now();
        for target in db::discord::came_back(&self.context.pool, guild).await? {
            let mended = async |tx: &mut _| db::broken_targets::mend(tx, target, now).await;
            db::in_tx(&self.context.pool, mended).await?;
        }
        Ok(())
    }

    async fn closed(&self, guild: String, channel: String) -> sqlx::Result<()> {
        let address = Place::Channel { guild, channel }.to_string();
        let gone = (address.as_str(), db::discord::DELETED);
        let now = self.context.clock.now();
        db::broken_targets::place_is_gone(&self.context.pool, Platform::Discord, gone, now).await
    }
}
