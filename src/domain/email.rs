//! E-mail: addresses, and what is said in one mail.

use std::fmt;
use std::str::FromStr;

use url::Host;

/// Longest address that SMTP can carry (RFC 5321, 4.5.3.1).
const ADDRESS_LEN: usize = 254;
const LOCAL_LEN: usize = 64;

/// Longest name before an address.
const NAME_LEN: usize = 64;

/// One address of one mailbox. The name before the @ is plain ASCII, what follows is a host's name,
/// in its ASCII form. It does not print, so that no log holds it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress {
    text: String,
    /// Where the @ is.
    at: usize,
}

/// Why a text is not an address: a sentence for the person who typed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    #[error("an e-mail address looks like you@example.com")]
    NoAddress,
    #[error("only one address at a time, please")]
    MoreThanOne,
    #[error("this address is too long")]
    TooLong,
    #[error("before the @ only letters of English, digits and signs such as . _ + - can be used")]
    BadName,
    #[error("what stands after the @ is not the name of a host")]
    BadHost,
}

impl EmailAddress {
    /// As mail is sent to it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The part before the @.
    pub fn local(&self) -> &str {
        self.text.split_at(self.at).0
    }

    /// The host, in lower case.
    pub fn host(&self) -> &str {
        self.text.split_at(self.at).1.trim_start_matches('@')
    }

    /// What two spellings of one address have in common: hosts ignore case by law, and names do so
    /// in practice.
    pub fn folded(&self) -> String {
        self.text.to_ascii_lowercase()
    }
}

impl FromStr for EmailAddress {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let text = text.trim();
        let (local, host) = text.rsplit_once('@').ok_or(BadAddress::NoAddress)?;
        if local.is_empty() || host.is_empty() {
            return Err(BadAddress::NoAddress);
        }
        if local.contains('@') || text.contains([',', ';']) {
            return Err(BadAddress::MoreThanOne);
        }
        if local.len() > LOCAL_LEN {
            return Err(BadAddress::TooLong);
        }
        let sign = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c);
        if !local.split('.').all(|part| !part.is_empty() && part.chars().all(sign)) {
            return Err(BadAddress::BadName);
        }
        let host = host_name(host).ok_or(BadAddress::BadHost)?;
        let text = format!("{local}@{host}");
        if text.len() > ADDRESS_LEN {
            return Err(BadAddress::TooLong);
        }
        Ok(Self { at: local.len(), text })
    }
}

/// The ASCII form of a name with a dot in it that is no number.
fn host_name(text: &str) -> Option<String> {
    if text.contains(['/', '\\', '?', '#', '%', ':', '[', ' ']) || text.ends_with('.') {
        return None;
    }
    let Ok(Host::Domain(name)) = Host::parse(text) else { return None };
    let sign = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let label = |part: &str| {
        (1..=63).contains(&part.len())
            && part.chars().all(sign)
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    (name.contains('.') && name.split('.').all(label)).then_some(name)
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

/// Who a mail is from: `earlybrd <alerts@example.com>` or the address alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    pub name: Option<String>,
    pub address: EmailAddress,
}

impl FromStr for Sender {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let text = text.trim();
        let Some((name, rest)) = text.split_once('<') else {
            return Ok(Self { name: None, address: text.parse()? });
        };
        let address = rest.strip_suffix('>').ok_or(BadAddress::NoAddress)?;
        let name = one_line(name.trim().trim_matches('"'), NAME_LEN);
        Ok(Self { name: Some(name).filter(|name| !name.is_empty()), address: address.parse()? })
    }
}

/// What one mail says, whoever gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    /// One line.
    pub subject: String,
    /// All of it, for readers that show no HTML.
    pub text: String,
    pub html: String,
}

/// A stranger's text as one line of at most `most` characters: nothing that breaks a line, ends a
/// header, turns the direction of what follows, or cannot be seen.
pub fn one_line(text: &str, most: usize) -> String {
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    let text: String = text.chars().filter(|c| !is_unseen(*c)).map(shown).collect();
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let cut: String = line.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", cut.trim_end())
}

/// Marks of direction, and characters without width that are not part of how a word is written.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Result<&str, BadAddress>) {
        let address = text.parse::<EmailAddress>();
        assert_eq!(address.as_ref().map(EmailAddress::as_str), want.as_ref().copied());
    }

    #[test]
    fn an_address_has_one_name_and_one_host() {
        check(" Ada.L+jobs@Example.COM ", Ok("Ada.L+jobs@example.com"));
        check("o'neil@x-y.example", Ok("o'neil@x-y.example"));
        check("ada@bücher.example", Ok("ada@xn--bcher-kva.example"));
        let long = format!("{}@example.com", "a".repeat(64));
        check(&long, Ok(&long));
        let address: EmailAddress = "Ada@Example.com".parse().unwrap();
        assert_eq!((address.local(), address.host()), ("Ada", "example.com"));
        assert_eq!(address.folded(), "ada@example.com");
        assert!(!format!("{address:?}").contains("Ada"));
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_reason() {
        for text in ["", "ada", "@example.com", "ada@"] {
            check(text, Err(BadAddress::NoAddress));
        }
        for text in ["a@b.c, evil@x", "a@b@example.com", "a@b.example;c@d.example"] {
            check(text, Err(BadAddress::MoreThanOne));
        }
        for text in
            ["\"a b\"@x.example", "a b@x.example", "a..b@x.example", ".a@x.example", "ä@x.example"]
        {
            check(text, Err(BadAddress::BadName));
        }
        for text in [
            "a@localhost",
            "a@127.0.0.1",
            "a@[127.0.0.1]",
            "a@x.example.",
            "a@-x.example",
            "a@x..example",
            "a@x.example\r\nBcc: b@x.example",
            "a@x_y.example",
            "a@1.2",
            "a@x y.example",
        ] {
            assert!(text.parse::<EmailAddress>().is_err(), "{text}");
        }
        check(&format!("{}@example.com", "a".repeat(65)), Err(BadAddress::TooLong));
        check(&format!("a@{}.com", "a".repeat(64)), Err(BadAddress::BadHost));
        check(
            &format!("{}@{}com", "a".repeat(64), "abcdefgh.".repeat(22)),
            Err(BadAddress::TooLong),
        );
    }

    #[test]
    fn a_sender_may_have_a_name() {
        let sender: Sender = "\"early brd\" <alerts@example.com>".parse().unwrap();
        assert_eq!(sender.name.as_deref(), Some("early brd"));
        let sender: Sender = "alerts@example.com".parse().unwrap();
        assert_eq!((sender.name, sender.address.as_str()), (None, "alerts@example.com"));
        assert!("a <b@example.com".parse::<Sender>().is_err());
        assert!("a <b@example.com> c".parse::<Sender>().is_err());
    }

    #[test]
    fn a_strangers_line_stays_one_line_and_keeps_its_direction() {
        assert_eq!(one_line(" a\r\nBcc: b\tc\0 ", 99), "a Bcc: b c");
        assert_eq!(one_line("user\u{202e}gpj.exe\u{200b}!", 99), "usergpj.exe!");
        assert_eq!(one_line("äöü xyz", 5), "äöü…");
        assert_eq!(one_line("👩\u{200d}💻", 9), "👩\u{200d}💻");
    }
}
