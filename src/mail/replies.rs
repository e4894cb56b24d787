//! What a server's refusal means and who must act: one table, by the step at which it came.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use lettre::transport::smtp::Error;

use crate::domain::delivery::Verdict;
use crate::domain::email::one_line;
use crate::domain::limit::ALL_MAIL;

/// Least rest after a server that is busy or greylists: most let one in after five minutes.
const BUSY_REST: Duration = Duration::from_mins(5);

/// Least rest where only a person can mend it: a full mailbox, a blocked sender.
const PERSON_REST: Duration = Duration::from_hours(1);

/// Longest reply that is kept, in characters.
const WHY_LEN: usize = 200;

/// Why a mail was not accepted, by who must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// No such mailbox, for good: nobody writes to this address again.
    Gone,
    /// The mailbox takes no mail for now.
    Full,
    /// The far side refuses us, not the address: all mail to this host rests.
    Policy,
    /// This mail will never be taken: our mistake.
    Message,
    /// Our relay, our login, our sender, our TLS: the operator must act.
    Operator,
    /// Try later.
    Busy,
    /// Nobody answered before the mail was handed over.
    Unreachable,
    /// The mail was handed over and nobody said that it arrived.
    Unknown,
}

/// A mail that was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub trouble: Trouble,
    /// Without addresses.
    pub why: String,
}

impl Failure {
    /// What the sender must do. Whoever sees `trouble` may do more: suppress, pause a host, alert.
    pub fn verdict(&self) -> Verdict {
        let why = self.why.clone();
        match self.trouble {
            Trouble::Gone => Verdict::Gone { why },
            Trouble::Message => Verdict::Rejected { why },
            Trouble::Unknown => Verdict::Unknown { why },
            Trouble::Full | Trouble::Policy => Verdict::Retry { why, after: Some(PERSON_REST) },
            Trouble::Busy => Verdict::Retry { why, after: Some(BUSY_REST) },
            // It says nothing of the mail, and no other would leave.
            Trouble::Operator => {
                Verdict::Limited { why, after: Some(BUSY_REST), key: ALL_MAIL.to_owned() }
            }
            Trouble::Unreachable => Verdict::Retry { why, after: None },
        }
    }
}

/// The steps of handing a mail over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Up to the answer to EHLO.
    Connect,
    Tls,
    Login,
    /// MAIL FROM
    From,
    /// RCPT TO
    To,
    /// DATA, and the text up to its last dot.
    Data,
    /// After the last dot.
    End,
}

impl Step {
    fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Tls => "STARTTLS",
            Self::Login => "login",
            Self::From => "MAIL FROM",
            Self::To => "RCPT TO",
            Self::Data => "DATA",
            Self::End => "end of mail",
        }
    }
}

/// A failure of lettre's, judged.
pub(super) fn judge(step: Step, error: &Error) -> Failure {
    let said = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    let trouble = match error.status() {
        Some(_) if is_about_relaying(step, &said) => Trouble::Operator,
        Some(code) => refused(step, u16::from(code), enhanced(&said)),
        None if step == Step::End => Trouble::Unknown,
        // Without TLS or a way to log in that we speak, no mail will ever leave.
        None if is_tls(error) || error.is_client() => Trouble::Operator,
        None => Trouble::Unreachable,
    };
    let code = error.status().map(|code| format!("{code} ")).unwrap_or_default();
    Failure { trouble, why: format!("mail: {}: {code}{}", step.as_str(), without_addresses(&said)) }
}

/// The table, read from top to bottom. `enhanced` is what RFC 3463 adds to a code: `5.1.1` as `(1, 1)`.
#[expect(clippy::match_same_arms, reason = "one row a reason; the order decides")]
fn refused(step: Step, code: u16, enhanced: Option<(u16, u16)>) -> Trouble {
    use Step::{Connect, Data, End, From, Login, Tls, To};
    match (step, code, enhanced) {
        // Not now.
        (_, 400..=499, Some((2, 2))) => Trouble::Full,
        (_, 400..=499, _) => Trouble::Busy,
        // Before a receiver was named, all that is refused is us.
        (Connect | Tls | Login, _, _) => Trouble::Operator,
        (_, 530 | 534 | 535 | 538, _) | (_, _, Some((7, 8 | 9 | 11))) => Trouble::Operator,
        (_, _, Some((3, 4) | (2, 3))) => Trouble::Message,
        (From, _, _) | (_, _, Some((1, 7 | 8))) => Trouble::Operator,
        // The mailbox. Outlook says 5.5.0 and 5.4.1 of those that it does not have.
        (_, _, Some((1, 0..=3 | 6 | 10) | (2, 1) | (4, 1 | 4))) => Trouble::Gone,
        (To, 550, Some((5, 0))) => Trouble::Gone,
        (_, _, Some((2, 0 | 2))) => Trouble::Full,
        // What we said.
        (_, _, Some((5 | 6, _))) => Trouble::Message,
        // What they think of us.
        (_, _, Some(_)) => Trouble::Policy,
        // Servers that give no reason.
        (To, 550 | 551 | 553 | 556, None) => Trouble::Gone,
        (_, 552, None) => Trouble::Full,
        (_, 500..=504 | 555, None) => Trouble::Message,
        (To | Data | End, _, None) => Trouble::Policy,
    }
}

/// Whether a relay says that it does not relay for us: its operator or ours must act, and the address is good.
fn is_about_relaying(step: Step, said: &str) -> bool {
    let said = said.to_lowercase();
    let refuses = [
        "denied",
        "not permitted",
        "not allowed",
        "prohibited",
        "unable to",
        "cannot",
        "we do not",
    ];
    let mailbox = matches!(enhanced(&said), Some((1, _)));
    step == Step::To
        && said.contains("relay")
        && refuses.iter().any(|word| said.contains(word))
        && !mailbox
}

/// `(1, 1)` of the first word that looks like `5.1.1`, `#5.1.1` or `5.1.1:`.
fn enhanced(said: &str) -> Option<(u16, u16)> {
    said.split_whitespace().find_map(|word| {
        let mut numbers = word.trim_matches(|c: char| !c.is_ascii_digit()).split('.');
        let class = numbers.next().filter(|class| ["4", "5"].contains(class));
        let parts = (class?, numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
        numbers.next().is_none().then_some((parts.1, parts.2))
    })
}

/// rustls' errors come wrapped.
fn is_tls(error: &Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if error.is::<rustls::Error>()
            || inner.is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>)
        {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Servers repeat the address that they refuse, and it is kept nowhere in clear.
fn without_addresses(said: &str) -> String {
    let words =
        said.split_whitespace().map(|word| if word.contains('@') { "(address)" } else { word });
    one_line(&words.collect::<Vec<_>>().join(" "), WHY_LEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(step: Step, reply: &str, want: Trouble) {
        let (code, said) = reply.split_once(' ').unwrap_or((reply, ""));
        assert_eq!(refused(step, code.parse().unwrap(), enhanced(said)), want, "{step:?} {reply}");
    }

    #[test]
    fn temporary_refusals_are_tried_again_at_any_step() {
        for step in [Step::Connect, Step::Login, Step::From, Step::To, Step::Data, Step::End] {
            for reply in [
                "421 4.3.2 shutting down",
                "421",
                "450 4.2.0 greylisted",
                "450",
                "451 4.7.1 try again later",
                "451",
                "452 4.3.1 out of storage",
                "454 4.7.0 temporary",
                "499",
            ] {
                check(step, reply, Trouble::Busy);
            }
        }
        check(Step::To, "452 4.2.2 over quota", Trouble::Full);
    }

    #[test]
    fn a_mailbox_that_is_not_there_is_gone() {
        for reply in [
            "550 5.1.1 no such user",
            "550 5.1.10 recipient not found",
            "550 #5.1.0 Address rejected.",
            "550 rejected by [192.0.2.1]: 5.1.1: unknown",
            "550 5.1.2 bad host",
            "501 5.1.3 bad address",
            "551 5.1.6 moved",
            "550 5.2.1 disabled",
            "550 5.5.0 mailbox unavailable",
            "550 5.4.1 recipient address rejected: access denied",
            "550",
            "551",
            "553",
            "556",
        ] {
            check(Step::To, reply, Trouble::Gone);
        }
        check(Step::End, "550 5.1.1 no such user", Trouble::Gone);
    }

    #[test]
    fn a_full_mailbox_is_waited_for() {
        for reply in ["552 5.2.2 full", "550 5.2.2 full", "552", "550 5.2.0 trouble"] {
            check(Step::To, reply, Trouble::Full);
        }
    }

    #[test]
    fn what_they_think_of_us_is_not_the_addresses_fault() {
        for step in [Step::To, Step::Data, Step::End] {
            for reply in [
                "550 5.7.1 blocked",
                "550 5.7.26 not authenticated",
                "554 5.7.1 spam",
                "554",
                "571 5.7.1 refused",
                "550 5.3.0 system",
                "521",
                "599",
            ] {
                check(step, reply, Trouble::Policy);
            }
        }
        check(Step::Data, "550", Trouble::Policy);
        check(Step::End, "550 content refused", Trouble::Policy);
    }

    #[test]
    fn what_no_server_would_take_is_ours() {
        for reply in
            ["500", "501", "502", "503", "504", "555", "552 5.3.4 too big", "554 5.6.0 bad content"]
        {
            check(Step::End, reply, Trouble::Message);
        }
    }

    #[test]
    fn login_sender_and_relay_are_the_operators() {
        for reply in ["535 5.7.8 bad password", "534", "530 5.7.0 login first", "538", "550", "554"]
        {
            check(Step::Login, reply, Trouble::Operator);
            check(Step::From, reply, Trouble::Operator);
        }
        check(Step::Connect, "554 5.7.1 no service", Trouble::Operator);
        check(Step::To, "530 5.7.0 login first", Trouble::Operator);
        check(Step::From, "553 5.7.1 not your sender", Trouble::Operator);
        check(Step::To, "550 5.1.8 sender has no host", Trouble::Operator);
        check(Step::From, "552 5.3.4 too big", Trouble::Message);
    }

    #[test]
    fn a_relay_that_does_not_relay_says_nothing_of_the_address() {
        for said in [
            "relay not permitted",
            "5.7.1 Unable to relay",
            "5.7.1 <(address)>: Relay access denied",
        ] {
            assert!(is_about_relaying(Step::To, said), "{said}");
        }
        let unknown = "5.1.1 Recipient denied: User unknown in relay recipient table";
        assert!(
            !is_about_relaying(Step::To, unknown) && !is_about_relaying(Step::To, "no such user")
        );
    }

    #[test]
    fn a_reason_holds_no_address_and_is_short() {
        let said = "5.1.1 <ada@example.com>: \r\n Recipient\u{202e} rejected ada@example.com.";
        let why = "5.1.1 (address) Recipient rejected (address)";
        assert_eq!(without_addresses(said), why);
        assert_eq!(without_addresses(&"x ".repeat(500)).chars().count(), WHY_LEN);
    }

    #[test]
    fn verdicts_rest_as_long_as_the_trouble_lasts() {
        let of = |trouble| Failure { trouble, why: "x".to_owned() }.verdict();
        let why = || "x".to_owned();
        assert_eq!(of(Trouble::Gone), Verdict::Gone { why: why() });
        assert_eq!(of(Trouble::Message), Verdict::Rejected { why: why() });
        assert_eq!(of(Trouble::Unknown), Verdict::Unknown { why: why() });
        let retry = |after| Verdict::Retry { why: why(), after };
        assert_eq!(of(Trouble::Busy), retry(Some(BUSY_REST)));
        let all = Verdict::Limited { why: why(), after: Some(BUSY_REST), key: ALL_MAIL.to_owned() };
        assert_eq!(of(Trouble::Operator), all);
        assert_eq!(of(Trouble::Policy), retry(Some(PERSON_REST)));
        assert_eq!(of(Trouble::Full), retry(Some(PERSON_REST)));
        assert_eq!(of(Trouble::Unreachable), retry(None));
    }
}
