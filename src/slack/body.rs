//! What the body of a request of Slack's says, before anything is done about it.

use chrono::{DateTime, Utc};
use serde_json::Value as Json;
use url::{Url, form_urlencoded};

use super::desk::Typed;
use super::event::Event;
use super::interact::Interaction;
use super::people::Who;

/// What is brought; `None` where it cannot be read.
#[derive(Debug)]
pub enum Brought {
    Command(Option<Typed>),
    Interaction(Option<Interaction>),
    /// An event, or the question whether the address is ours.
    Event(Option<Json>),
}

impl Brought {
    /// Reads a body of a content type.
    pub fn read(kind: &str, body: &[u8]) -> Self {
        let Some(form) = Form::read(kind, body) else {
            return Self::Event(serde_json::from_slice(body).ok());
        };
        match form.text("payload") {
            Some(payload) => {
                let payload = serde_json::from_str(payload).ok();
                Self::Interaction(payload.and_then(Interaction::read))
            }
            None => Self::Command(typed(|name| form.text(name))),
        }
    }

    /// Who says which line.
    pub fn said(&self, now: DateTime<Utc>) -> Option<(Who, String)> {
        match self {
            Self::Command(typed) => typed.as_ref().map(|it| (it.who.clone(), it.line())),
            Self::Interaction(it) => it.as_ref().map(|it| (it.who.clone(), it.line())),
            Self::Event(envelope) => {
                let event = Event::read(envelope.as_ref()?, now)?;
                Some((event.who()?, event.line(None)))
            }
        }
    }
}

/// Whether Slack only looks whether somebody is there, which it does without a signature.
pub fn looks(kind: &str, body: &[u8]) -> bool {
    Form::read(kind, body).is_some_and(|form| form.text("ssl_check") == Some("1"))
}

/// A line behind the command, by the names that Slack gives its parts.
pub fn typed<'a>(part: impl Fn(&str) -> Option<&'a str>) -> Option<Typed> {
    Some(Typed {
        who: Who::new(part("team_id")?, part("user_id")?, part("channel_id"))?,
        text: part("text").unwrap_or_default().to_owned(),
        response_url: part("response_url").and_then(|url| Url::parse(url).ok()),
        trigger: part("trigger_id").map(str::to_owned),
    })
}

/// A form's fields; of two with one name the first.
struct Form(Vec<(String, String)>);

impl Form {
    /// `None` if it is none.
    fn read(kind: &str, body: &[u8]) -> Option<Self> {
        let pairs = form_urlencoded::parse(body);
        kind.starts_with("application/x-www-form-urlencoded").then(|| {
            Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
        })
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::slack::place::is_id;

    const FORM: &str = "application/x-www-form-urlencoded";

    #[track_caller]
    fn check(kind: &str, body: &[u8]) -> Option<(Who, String)> {
        let said = Brought::read(kind, body).said(DateTime::UNIX_EPOCH);
        if let Some((who, _)) = &said {
            let ids = [Some(&who.team), Some(&who.user), who.channel.as_ref()];
            assert!(ids.into_iter().flatten().all(|id| is_id(id)), "{who:?}");
        }
        said
    }

    #[test]
    fn who_says_what_is_read_whichever_way_it_is_brought() {
        let who = Who::new("T1", "U1", Some("C1")).unwrap();
        let said = |line: &str| Some((who.clone(), line.to_owned()));
        let command = "team_id=T1&user_id=U1&channel_id=C1&text=watch+a%26gt%3Bb%00";
        assert_eq!(check(FORM, command.as_bytes()), said("watch a>b"));
        let payload = r#"{"type":"view_submission","team":{"id":"T1"},"user":{"id":"U1"},
            "channel":{"id":"C1"},"view":{"state":{"values":{"line":{"line":{"value":"list\n"}}}}}}"#;
        let body: String = form_urlencoded::Serializer::new(String::new())
            .append_pair("payload", payload)
            .finish();
        assert_eq!(check(FORM, body.as_bytes()), said("list"));
        let event = r#"{"team_id":"T1","event":{"type":"app_mention","user":"U1","channel":"C1",
            "text":"<@U0> remote rust"}}"#;
        assert_eq!(check("application/json", event.as_bytes()), said("remote rust"));
    }

    #[test]
    fn a_form_that_was_changed_too_often_to_be_counted_is_read() {
        let kept =
            r#"{\"command\":\"watch\",\"channel\":null,\"line\":\"\",\"version\":4294967295}"#;
        let payload = format!(
            r#"{{"team":{{"id":"T1"}},"user":{{"id":"U1"}},
                "view":{{"callback_id":"filter","private_metadata":"{kept}"}}}}"#
        );
        let body: String = form_urlencoded::Serializer::new(String::new())
            .append_pair("payload", &payload)
            .finish();
        assert!(check(FORM, body.as_bytes()).is_some());
    }

    proptest! {
        #[test]
        fn no_body_ends_the_process(
            kind in prop_oneof![Just(FORM), Just("application/json"), Just("")],
            begin in prop_oneof![Just(""), Just("payload="), Just("team_id=T1&user_id=U1&text=")],
            body in prop::collection::vec(any::<u8>(), 0..400),
        ) {
            check(kind, &[begin.as_bytes(), &body].concat());
        }

        #[test]
        fn no_field_of_a_sound_body_ends_the_process(text in ".{0,60}", number in any::<u64>()) {
            let kept = serde_json::json!({ "command": text, "channel": text, "line": text,
                                           "version": u32::try_from(number % 9).unwrap() });
            let payload = serde_json::json!({
                "type": text, "team": { "id": "T1" }, "user": { "id": "U1" }, "channel": { "id": text },
                "trigger_id": text, "actions": [{ "block_id": text, "value": text }],
                "view": { "callback_id": "filter", "private_metadata": kept.to_string(),
                          "state": { "values": { "line:0": { "line:0": { "value": text } } } } },
            });
            let mut form = form_urlencoded::Serializer::new(String::new());
            let body: String = form.append_pair("payload", &payload.to_string()).finish();
            prop_assert!(check(FORM, body.as_bytes()).is_some());
            let event = serde_json::json!({
                "team_id": "T1", "event_id": text, "event_time": number,
                "event": { "type": text, "user": "U1", "channel": text, "text": text },
            });
            prop_assert!(check("application/json", event.to_string().as_bytes()).is_some());
        }
    }
}
