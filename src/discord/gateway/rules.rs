//! What the gateway's rules say: when a session may begin, what the end of a connection means, where to
//! connect. Pure.
//!
//! Source: Discord's documentation of the gateway, as of November 2026.

use chrono::{DateTime, TimeDelta, Utc};
use tokio_tungstenite::tungstenite::http::Uri;

/// Sessions begun: how many within how long. Discord allows one in five seconds, and makes the token invalid
/// after a thousand in a day.
const BUDGET: [(usize, TimeDelta); 3] =
    [(1, TimeDelta::seconds(6)), (20, TimeDelta::minutes(10)), (800, TimeDelta::hours(24))];

/// What has to be known of the past.
pub const REMEMBERED: TimeDelta = TimeDelta::hours(24);

/// When the next session may begin, if not now; `begun` has the latest first.
pub fn next_identify(begun: &[DateTime<Utc>], now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let free = BUDGET.iter().filter_map(|(count, within)| Some(*begun.get(count - 1)? + *within));
    free.max().filter(|free| *free > now)
}

/// What follows the end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// The session goes on with the next.
    Resume,
    /// There is no session any more.
    Identify,
    /// Nothing will help but the operator.
    Stop(&'static str),
}

/// What a close code means.
pub fn after_close(code: Option<u16>) -> Then {
    match code {
        Some(4_003 | 4_007 | 4_009) => Then::Identify,
        Some(4_004) => Then::Stop("the token is not taken: DISCORD_TOKEN"),
        Some(4_010 | 4_011) => Then::Stop("the bot is in too many servers for one connection"),
        Some(4_012) => Then::Stop("this version of the gateway is gone"),
        Some(4_013 | 4_014) => Then::Stop("the intents are not allowed"),
        Some(_) | None => Then::Resume,
    }
}

/// Whose gateway may be told the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Discord's.
    Discord,
    /// Any that the operator's own API or address leads to; without TLS if that has none.
    Operator { tls: bool },
}

/// Where to connect, if the address may be told the token.
pub fn address(base: &str, trust: Trust) -> Option<String> {
    let uri: Uri = base.parse().ok()?;
    let (host, scheme) = (uri.host()?, uri.scheme_str()?);
    let is_right = match (trust, scheme) {
        (Trust::Discord, "wss") => host == "discord.gg" || host.ends_with(".discord.gg"),
        (Trust::Operator { .. }, "wss") => true,
        (Trust::Operator { tls }, "ws") => !tls,
        _ => false,
    };
    let authority = uri.authority()?;
    is_right.then(|| format!("{scheme}://{authority}{}?v=10&encoding=json", uri.path()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + seconds, 0).unwrap()
    }

    /// Begins a session whenever it may, from the first second on.
    fn eager(seconds: i64) -> Vec<i64> {
        let mut begun: Vec<DateTime<Utc>> = Vec::new();
        let mut when = Vec::new();
        let mut now = 0;
        while now < seconds {
            if let Some(free) = next_identify(&begun, at(now)) {
                now = (free - at(0)).num_seconds();
            } else {
                begun.insert(0, at(now));
                when.push(now);
            }
        }
        when
    }

    #[test]
    fn sessions_keep_to_discords_limits() {
        let when = eager(3 * 24 * 3_600);
        assert!(when.windows(2).all(|pair| pair[1] - pair[0] >= 6));
        for (count, within) in [(20, 600), (800, 24 * 3_600)] {
            for (index, from) in when.iter().enumerate() {
                let later = when[index..].iter().filter(|at| **at < from + within).count();
                assert!(later <= count, "{later} within {within} s of {from}");
            }
        }
        assert_eq!(when.len(), 3 * 800);
    }

    #[test]
    fn some_ends_are_final() {
        for code in [4_004, 4_010, 4_011, 4_012, 4_013, 4_014] {
            assert!(matches!(after_close(Some(code)), Then::Stop(_)), "{code}");
        }
        for code in [1_000, 1_001, 1_006, 4_000, 4_001, 4_002, 4_005, 4_008, 9_999] {
            assert_eq!(after_close(Some(code)), Then::Resume, "{code}");
        }
        assert_eq!(after_close(None), Then::Resume);
        assert_eq!(after_close(Some(4_007)), Then::Identify);
        assert_eq!(after_close(Some(4_009)), Then::Identify);
    }

    #[test]
    fn the_token_is_told_to_discord_alone() {
        let query = "?v=10&encoding=json";
        for (base, trusted, good) in [
            ("wss://gateway.discord.gg", None, Some("wss://gateway.discord.gg/")),
            (
                "wss://gateway-us-east1-b.discord.gg/",
                None,
                Some("wss://gateway-us-east1-b.discord.gg/"),
            ),
            ("wss://gateway.discord.gg/?v=9", None, Some("wss://gateway.discord.gg/")),
            ("ws://gateway.discord.gg", None, None),
            ("wss://evil-discord.gg", None, None),
            ("wss://discord.gg.evil.example", None, None),
            ("wss://x@evil.example/discord.gg", None, None),
            ("wss://other.example", Some(true), Some("wss://other.example/")),
            ("ws://127.0.0.1:9/x", Some(false), Some("ws://127.0.0.1:9/x")),
            ("ws://127.0.0.1:9/x", Some(true), None),
            ("https://gateway.discord.gg", None, None),
            ("", None, None),
        ] {
            let want = good.map(|good| format!("{good}{query}"));
            let trust = trusted.map_or(Trust::Discord, |tls| Trust::Operator { tls });
            assert_eq!(address(base, trust), want, "{base}");
        }
    }
}
