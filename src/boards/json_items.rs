//! The items of a JSON array, one by one, so that a response that was cut off still gives its
//! first items.

use serde_json::Value;

use super::{Problem, Unreadable};

/// The items before the first fault, and the fault.
pub fn json_items(body: &[u8]) -> Result<(Vec<Value>, Option<Problem>), Unreadable> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let start = body.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(body.len());
    let text = body.get(start..).unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(b"[") else {
        let what = if text.starts_with(b"<") { "a web page or XML" } else { "something else" };
        return Err(Unreadable::Format(format!("expected a JSON array, found {what}")));
    };
    let mut items = Vec::new();
    loop {
        rest = skip(rest, |byte| byte.is_ascii_whitespace());
        if rest.starts_with(b"]") {
            return Ok((items, None));
        }
        let mut stream = serde_json::Deserializer::from_slice(rest).into_iter::<Value>();
        match stream.next() {
            Some(Ok(item)) => items.push(item),
            fault => {
                let what = match fault {
                    Some(Err(error)) => error.to_string(),
                    _ => "the response ends in the middle".to_owned(),
                };
                let place = format!("byte {}, after item {}", body.len() - rest.len(), items.len());
                return Ok((items, Some(Problem { place, what })));
            }
        }
        rest = rest.get(stream.byte_offset()..).unwrap_or_default();
        rest = skip(rest, |byte| byte.is_ascii_whitespace());
        rest = rest.strip_prefix(b",").unwrap_or(rest);
    }
}

fn skip(bytes: &[u8], which: impl Fn(u8) -> bool) -> &[u8] {
    let end = bytes.iter().position(|byte| !which(*byte)).unwrap_or(bytes.len());
    bytes.get(end..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, items: usize, place: Option<&str>) {
        let (read, problem) = json_items(body.as_bytes()).unwrap();
        assert_eq!((read.len(), problem.map(|problem| problem.place).as_deref()), (items, place));
    }

    #[test]
    fn items_before_a_fault_are_kept_and_the_fault_is_placed() {
        check("[]", 0, None);
        check("\u{feff} [1, {\"a\":2} , 3]", 3, None);
        check("[1,{\"a\":", 1, Some("byte 3, after item 1"));
        check("[1,2", 2, Some("byte 4, after item 2"));
        check("[1,nope]", 1, Some("byte 3, after item 1"));
    }

    #[test]
    fn what_is_no_array_is_refused() {
        assert!(json_items(b"{}").is_err());
        assert!(json_items(b"<html>").unwrap_err().to_string().contains("web page"));
    }
}
