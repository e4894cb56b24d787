//! Where a message goes: one text in `targets.address`.

use std::fmt;
use std::str::FromStr;

/// A place in Discord, by Discord's numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `@1`: a person, by direct message.
    Person(String),
    /// `2/3`: a server, and a channel there.
    Channel { guild: String, channel: String },
}

/// The text names no place.
#[derive(Debug, thiserror::Error)]
#[error("this is no place in Discord")]
pub struct NoPlace;

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(user) => write!(f, "@{user}"),
            Self::Channel { guild, channel } => write!(f, "{guild}/{channel}"),
        }
    }
}

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let known = |id: &str| is_id(id).then(|| id.to_owned()).ok_or(NoPlace);
        if let Some(user) = text.strip_prefix('@') {
            return Ok(Self::Person(known(user)?));
        }
        let (guild, channel) = text.split_once('/').ok_or(NoPlace)?;
        Ok(Self::Channel { guild: known(guild)?, channel: known(channel)? })
    }
}

/// Discord's ids (snowflakes) are numbers of 64 bits.
pub fn is_id(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Tokens are parts of addresses: nothing of theirs may end such a part, or lead out of it.
pub fn is_token(token: &str) -> bool {
    let is_sound = |c: char| c.is_ascii_alphanumeric() || "-_.~=:+!$,;@".contains(c);
    token.chars().all(is_sound) && token.chars().any(|c| c != '.') && token.len() <= 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_stays_within_its_part_of_an_address() {
        for sound in ["aW50", "a.b-c_d", "aW50ZXI6==", "v1:a~b", ".x"] {
            assert!(is_token(sound), "{sound}");
        }
        for strange in ["", ".", "..", "a/b", "a?b", "a#b", "a%2fb", "a b", "a\\b", "ä"] {
            assert!(!is_token(strange), "{strange}");
        }
    }

    #[test]
    fn a_place_survives_its_text() {
        for text in ["@1", "22/333"] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        }
        for strange in ["", "@", "1", "/1", "1/", "@1/2", "1/2/3", "@../1", "@x"] {
            assert!(strange.parse::<Place>().is_err(), "{strange}");
        }
    }
}
