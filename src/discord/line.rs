//! An interaction as the line that somebody would have typed, and who it was.

use serde_json::Value as Json;

use super::place::is_id;
use super::schema::{Choices, SUBS, Sub, WHY};

/// Somebody somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    pub user: String,
    /// The server and the channel, where others read too.
    pub shared: Option<(String, String)>,
    /// Whether they may manage the server.
    pub manages: bool,
    pub roles: Vec<u64>,
    /// Whether we may write there.
    pub open: bool,
}

/// Permissions of a member: Administrator, Manage Server.
const MANAGES: u64 = ALL | 1 << 5;
const ALL: u64 = 1 << 3;

/// Permissions of ours: View Channel, Send Messages, Embed Links.
const WRITES: u64 = 1 << 10 | 1 << 11 | 1 << 14;

impl Who {
    /// `None` if Discord could not have said so.
    pub fn read(payload: &Json) -> Option<Self> {
        let user = text(payload, "/member/user/id").or_else(|| text(payload, "/user/id"))?;
        let guild = text(payload, "/guild_id").filter(|id| is_id(id));
        let channel = text(payload, "/channel_id")
            .or_else(|| text(payload, "/channel/id"))
            .filter(|id| is_id(id));
        let shared = guild.zip(channel).map(|(guild, at)| (guild.to_owned(), at.to_owned()));
        let may = text(payload, "/member/permissions").and_then(|bits| bits.parse::<u64>().ok());
        let manages = may.is_some_and(|may| may & MANAGES != 0);
        let ours = text(payload, "/app_permissions").and_then(|bits| bits.parse::<u64>().ok());
        let open = ours.is_some_and(|ours| ours & ALL != 0 || ours & WRITES == WRITES);
        let roles =
            list(payload, "/member/roles").iter().filter_map(|role| role.as_str()?.parse().ok());
        let roles = roles.collect();
        is_id(user).then(|| Self { user: user.to_owned(), shared, manages, roles, open })
    }
}

pub fn text<'a>(json: &'a Json, path: &str) -> Option<&'a str> {
    json.pointer(path).and_then(Json::as_str)
}

fn list<'a>(json: &'a Json, path: &str) -> &'a [Json] {
    json.pointer(path).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

/// The subcommand of a command, and its options.
fn chosen(data: &Json) -> Option<(&'static Sub, &[Json])> {
    let first = list(data, "/options").first()?;
    let name = text(first, "/name")?;
    // A group holds the subcommand.
    if first.pointer("/type").and_then(Json::as_u64) == Some(2) {
        let inner = list(first, "/options").first()?;
        let inner_name = text(inner, "/name")?;
        let sub = SUBS.iter().find(|it| it.group == Some(name) && it.name == inner_name)?;
        return Some((sub, list(inner, "/options")));
    }
    let sub = SUBS.iter().find(|it| it.group.is_none() && it.name == name)?;
    Some((sub, list(first, "/options")))
}

/// The line of a command; `None` for one that is not ours, or is of another version.
pub fn of(data: &Json) -> Option<String> {
    if text(data, "/name") == Some(WHY) {
        return Some(format!("why {}", address_in(data)?));
    }
    let (sub, options) = chosen(data)?;
    let mut line = sub.begins.to_owned();
    for value in sub.values {
        let said = options.iter().find(|option| text(option, "/name") == Some(value.name));
        let said = said.and_then(|option| option.pointer("/value"));
        let said = match said {
            Some(Json::String(text)) => text.clone(),
            Some(Json::Number(number)) => number.to_string(),
            Some(Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_)) | None => continue,
        };
        let said: String = said.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        line.push(' ');
        line.push_str(said.trim());
    }
    Some(line)
}

/// The address of the posting that a message is about.
fn address_in(data: &Json) -> Option<String> {
    let id = text(data, "/target_id")?;
    let message = data.pointer("/resolved/messages")?.get(id)?;
    let mut embeds = list(message, "/embeds").iter();
    let linked = embeds.find_map(|embed| text(embed, "/url"));
    let mut said = text(message, "/content").into_iter().flat_map(str::split_whitespace);
    let address = linked.or_else(|| said.find(|word| word.starts_with("http")));
    Some(address.unwrap_or("?").to_owned())
}

/// What somebody is typing into, and what it is so far.
pub fn typing(data: &Json) -> Option<(Choices, String)> {
    let (sub, options) = chosen(data)?;
    let is_typed =
        |option: &&Json| option.pointer("/focused").and_then(Json::as_bool) == Some(true);
    let option = options.iter().find(is_typed)?;
    let value = sub.values.iter().find(|value| text(option, "/name") == Some(value.name))?;
    Some((value.choices, text(option, "/value").unwrap_or_default().to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn options_become_the_line_in_the_order_of_the_line() {
        let sub = json!({ "name": "jobs", "options": [{ "type": 1, "name": "edit", "options": [
            { "name": "looks-for", "value": "rust\ngo" }, { "name": "filter", "value": "3" }] }] });
        assert_eq!(of(&sub).as_deref(), Some("edit 3 rust go"));
        let group = json!({ "name": "jobs", "options": [{ "type": 2, "name": "company",
            "options": [{ "type": 1, "name": "mute", "options": [
                { "name": "name", "value": "Acme" }] }] }] });
        assert_eq!(of(&group).as_deref(), Some("mute company Acme"));
        let boards = json!({ "name": "jobs", "options": [{ "type": 2, "name": "boards",
            "options": [{ "type": 1, "name": "list" }] }] });
        assert_eq!(of(&boards).as_deref(), Some("boards"));
        for strange in [json!({}), json!({ "options": [] }), json!({ "options": [{ "name": 1 }] })]
        {
            assert_eq!(of(&strange), None, "{strange}");
        }
    }

    #[test]
    fn a_message_is_asked_about_by_what_it_links_to() {
        let message = |message: Json| {
            of(
                &json!({ "name": WHY, "target_id": "5", "resolved": { "messages": { "5": message } } }),
            )
        };
        let card = message(json!({ "embeds": [{}, { "url": "https://a.example/1" }] }));
        assert_eq!(card.as_deref(), Some("why https://a.example/1"));
        let said = message(json!({ "content": "look: https://a.example/2 now" }));
        assert_eq!(said.as_deref(), Some("why https://a.example/2"));
        assert_eq!(message(json!({})).as_deref(), Some("why ?"));
    }

    #[test]
    fn who_it_was_is_believed_if_it_can_be() {
        let member = json!({ "guild_id": "7", "channel_id": "8",
            "member": { "user": { "id": "1" }, "permissions": "32" } });
        let who = Who::read(&member).unwrap();
        assert_eq!((who.user.as_str(), who.manages), ("1", true));
        assert_eq!(who.shared, Some(("7".to_owned(), "8".to_owned())));
        let direct = Who::read(&json!({ "user": { "id": "1" }, "channel_id": "8" })).unwrap();
        assert_eq!((direct.shared, direct.manages), (None, false));
        assert_eq!(Who::read(&json!({ "user": { "id": "../1" } })), None);
        assert_eq!(Who::read(&json!({})), None);
    }
}
