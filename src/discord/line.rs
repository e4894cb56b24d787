//! An interaction as the line that somebody would have typed, and who it was.

use serde_json::Value as Json;

use super::place::is_id;
use super::schema::{Choices, SUBS, Sub, Value, WHY};

/// Somebody somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    pub user: String,
    /// The server and the channel, where others read too.
    pub shared: Option<(String, String)>,
    /// Whether they may manage the server.
    pub manages: bool,
    pub roles: Vec<u64>,
    /// Whether we may write there, if Discord says so.
    pub open: Option<bool>,
}

/// Permissions of a member: Administrator, Manage Server.
const MANAGES: u64 = ALL | 1 << 5;
const ALL: u64 = 1 << 3;

/// Permissions of ours: View Channel and Embed Links, with Send Messages, or in threads what stands for it.
const SHOWS: u64 = 1 << 10 | 1 << 14;
const WRITES: u64 = 1 << 11;
const WRITES_IN_THREADS: u64 = 1 << 38;

/// All that we ask for when we are let in: these, and Read Message History, for what may have arrived.
pub const ASKED_FOR: u64 = SHOWS | WRITES | WRITES_IN_THREADS | 1 << 16;

/// Kinds of channels that are threads.
const THREADS: [u64; 3] = [10, 11, 12];

impl Who {
    /// Somebody, alone with the bot.
    pub fn alone(user: &str) -> Self {
        let (shared, manages, roles, open) = Default::default();
        Self { user: user.to_owned(), shared, manages, roles, open }
    }

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
        let kind = payload.pointer("/channel/type").and_then(Json::as_u64);
        let is_thread = kind.is_some_and(|kind| THREADS.contains(&kind));
        let needed = SHOWS | if is_thread { WRITES_IN_THREADS } else { WRITES };
        let open = ours.map(|ours| ours & ALL != 0 || ours & needed == needed);
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
        return Some((named(Some(name), text(inner, "/name")?)?, list(inner, "/options")));
    }
    Some((named(None, name)?, list(first, "/options")))
}

/// The subcommand of a name. Another version, or another way to register them, has it in another group,
/// or calls it as its line begins.
fn named(group: Option<&str>, name: &str) -> Option<&'static Sub> {
    let subs = || SUBS.iter();
    let here = subs().find(|sub| sub.group == group && sub.name == name);
    let anywhere = || subs().find(|sub| sub.name == name);
    let begins = || subs().find(|sub| sub.begins == name);
    here.or_else(anywhere).or_else(begins)
}

/// What was given for each value of a subcommand. What has another name stands for what has none, in order.
fn given<'a>(sub: &'static Sub, options: &'a [Json]) -> Vec<(&'static Value, Option<&'a Json>)> {
    let is_for = |option: &Json, value: &Value| text(option, "/name") == Some(value.name);
    let is_other = |option: &&Json| !sub.values.iter().any(|value| is_for(option, value));
    let mut others = options.iter().filter(is_other);
    let mut of = |value: &'static Value| {
        let option = options.iter().find(|option| is_for(option, value));
        (value, option.or_else(|| others.next()))
    };
    sub.values.iter().map(&mut of).collect()
}

/// The line of a command; `None` for one that is not ours, or is of another version.
pub fn of(data: &Json) -> Option<String> {
    if text(data, "/name") == Some(WHY) {
        return Some(format!("why {}", address_in(data)?));
    }
    let (sub, options) = chosen(data)?;
    let mut line = sub.begins.to_owned();
    for (value, option) in given(sub, options) {
        let said = match option.and_then(|option| option.pointer("/value")) {
            Some(Json::String(text)) => text.clone(),
            Some(Json::Number(number)) => number.to_string(),
            Some(Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_)) | None => {
                value.unsaid.to_owned()
            }
        };
        if said.is_empty() {
            continue;
        }
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
    let is_typed = |option: &Json| option.pointer("/focused").and_then(Json::as_bool) == Some(true);
    let given = given(sub, options);
    let (value, option) = given.iter().find_map(|(value, option)| {
        option.filter(|option| is_typed(option)).map(|option| (value, option))
    })?;
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
        let flat = |name: &str, options: Json| json!({ "name": "jobs", "options": [{ "type": 1, "name": name, "options": options }] });
        for (name, options, want) in [
            // The word at the end is of what is looked for.
            ("watch", json!([{ "name": "looks-for", "value": "x email" }]), "watch x email dm"),
            (
                "watch",
                json!([{ "name": "where", "value": "here" }, { "name": "looks-for", "value": "x" }]),
                "watch x here",
            ),
            // As others register them.
            ("watch", json!([{ "name": "filter", "value": "rust" }]), "watch rust dm"),
            ("timezone", json!([{ "name": "zone", "value": "UTC" }]), "timezone UTC"),
            ("mute", json!([{ "name": "company", "value": "Acme" }]), "mute company Acme"),
            (
                "deliver",
                json!([{ "name": "number", "value": 3 }, { "name": "when", "value": "hourly" }]),
                "deliver 3 hourly",
            ),
            ("channels", json!([]), "channels"),
        ] {
            assert_eq!(of(&flat(name, options)).as_deref(), Some(want));
        }
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
