//! Makes Discord know our commands.

use reqwest::Method;
use serde_json::{Map, Value as Json, json};

use super::api::{Api, Failure};
use super::gateway::INTENTS;
use super::line::ASKED_FOR;
use super::schema::commands;

/// What commands of one server say nothing of, and Discord does not keep.
const OF_ALL_SERVERS: [&str; 2] = ["contexts", "integration_types"];

/// All that Discord is asked for: commands, and what the app may do and hears of.
pub fn manifest() -> Json {
    json!({
        "commands": commands(),
        "intents": INTENTS,
        "permissions": ASKED_FOR.to_string(),
        "scopes": ["applications.commands", "bot"],
    })
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registered {
    /// They were told.
    Changed,
    /// They were known as they are.
    Known,
}

/// Registers them for all servers, or one, unless they are known already.
pub async fn register(api: &Api, app: &str, guild: Option<&str>) -> Result<Registered, Failure> {
    let path = path(app, guild);
    let ours = ours(guild);
    let known = api.get(&path).await?;
    if is_known(&ours, &known) {
        return Ok(Registered::Known);
    }
    api.call(Method::PUT, &path, &ours).await?;
    Ok(Registered::Changed)
}

/// Whether Discord knows them for all servers as they are.
pub async fn is_registered(api: &Api, app: &str) -> Result<bool, Failure> {
    Ok(is_known(&ours(None), &api.get(&path(app, None)).await?))
}

fn path(app: &str, guild: Option<&str>) -> String {
    match guild {
        Some(guild) => format!("applications/{app}/guilds/{guild}/commands"),
        None => format!("applications/{app}/commands"),
    }
}

/// The commands, as they are registered there.
fn ours(guild: Option<&str>) -> Json {
    let mut ours = commands();
    let each = ours.as_array_mut().into_iter().flatten().filter_map(Json::as_object_mut);
    for command in each.filter(|_| guild.is_some()) {
        command.retain(|name, _| !OF_ALL_SERVERS.contains(&name.as_str()));
    }
    ours
}

/// Whether what Discord knows says all that we say. It adds fields of its own, and may leave out what is
/// as if it were not said.
fn is_known(ours: &Json, known: &Json) -> bool {
    let (Some(ours), Some(known)) = (ours.as_array(), known.as_array()) else { return false };
    ours.len() == known.len() && ours.iter().all(|command| known.iter().any(|it| says(it, command)))
}

fn says(known: &Json, ours: &Json) -> bool {
    match (known, ours) {
        (Json::Object(known), Json::Object(ours)) => {
            let is_said = |(name, value): (&String, &Json)| match known.get(name) {
                Some(known) => says(known, value),
                None => is_nothing(value),
            };
            ours.iter().all(is_said) && options(known).len() == options(ours).len()
        }
        (Json::Array(known), Json::Array(ours)) => {
            known.len() == ours.len()
                && known.iter().zip(ours).all(|(known, ours)| says(known, ours))
        }
        (known, ours) => known == ours || (is_nothing(known) && is_nothing(ours)),
    }
}

fn options(command: &Map<String, Json>) -> &[Json] {
    command.get("options").and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

fn is_nothing(value: &Json) -> bool {
    [json!(null), json!(false), json!([]), json!({}), json!("")].contains(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_discord_adds_and_leaves_out_is_no_change() {
        let ours = commands();
        let mut known = ours.clone();
        for command in known.as_array_mut().unwrap() {
            let command = command.as_object_mut().unwrap();
            command.insert("id".to_owned(), json!("1"));
            command.insert("version".to_owned(), json!("2"));
            command.retain(|_, value| !is_nothing(value));
        }
        assert!(is_known(&ours, &known));
        known[0]["options"][0]["description"] = json!("other");
        assert!(!is_known(&ours, &known));
        assert!(!is_known(&ours, &json!([])));
        assert!(!is_known(&ours, &json!({ "message": "no" })));
    }
}
