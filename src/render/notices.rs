//! What is said to people of their own accord, without a posting.

use url::Url;

/// A board that somebody added is not asked any more.
pub fn board_given_up(number: i64, name: &str, url: &Url, why: &str, gone: bool) -> String {
    let since = if gone { "is gone for good" } else { "could not be read for a week" };
    format!(
        "Your board {number}, {name}, {since} ({why}) and is not asked any more. To try again: \
         boards add {url}"
    )
}
