//! The items of a JSON array, one by one, so that a response that was cut off still gives its
//! first items. The array is the response, or stands in an object.

use std::borrow::Cow;

use encoding_rs::Encoding;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::feed_text::declared_in_header;
use super::json_mend::{is_too_long, mended, value_text};
use super::{CUT_OFF, Problem, Response, Unreadable};

/// Items that are read: as many as are kept of any board.
const MOST: usize = 20_000;

/// An object with the array of items in it; both as far as they could be read.
#[derive(Debug, Default)]
pub struct Document {
    /// What stands beside the array.
    pub fields: Map<String, Value>,
    /// `None` where the object has no such array.
    pub items: Option<Vec<Value>>,
    /// What could not be read; what stands around it was.
    pub faults: Vec<Problem>,
}

/// The items that can be read, and what can't.
pub fn json_items(response: Response<'_>) -> Result<(Vec<Value>, Vec<Problem>), Unreadable> {
    let text = text_of(response);
    let mut rest = Rest::of(&text);
    if !rest.take('[') {
        return Err(rest.expected("a JSON array"));
    }
    Ok(rest.items())
}

/// An object, with the items of the first of its arrays that has one of these names. An array
/// alone will do.
pub fn json_document(response: Response<'_>, names: &[&str]) -> Result<Document, Unreadable> {
    let text = text_of(response);
    let mut rest = Rest::of(&text);
    if rest.take('[') {
        let (items, faults) = rest.items();
        return Ok(Document { items: Some(items), faults, ..Document::default() });
    }
    if !rest.take('{') {
        return Err(rest.expected("a JSON object"));
    }
    let mut document = Document::default();
    while !rest.take('}') {
        if let Err(what) = rest.field(names, &mut document) {
            document.faults.push(Problem { place: format!("byte {}", rest.at()), what });
            if !rest.skip() {
                break;
            }
        } else if rest.text.is_empty() && !document.faults.is_empty() {
            break;
        }
        rest.take(',');
    }
    Ok(document)
}

/// An id, which is a number here and a text there.
pub fn id(value: &Value) -> Option<String> {
    let number = || value.is_number().then(|| value.to_string());
    value.as_str().map(str::to_owned).or_else(number).filter(|id| !id.is_empty())
}

/// JSON is UTF-8, but for boards that say otherwise. Bytes that are none are replaced.
fn text_of(response: Response<'_>) -> Cow<'_, str> {
    let stated = declared_in_header(response.content_type);
    let marked = Encoding::for_bom(response.body).map(|(encoding, _)| encoding);
    marked.or(stated).unwrap_or(encoding_rs::UTF_8).decode(response.body).0
}

/// What is still to be read.
struct Rest<'a> {
    text: &'a str,
    whole: usize,
}

impl<'a> Rest<'a> {
    fn of(text: &'a str) -> Self {
        Self { text, whole: text.len() }
    }

    fn at(&self) -> usize {
        self.whole - self.text.len()
    }

    /// Takes this character if it is the next after any space.
    fn take(&mut self, character: char) -> bool {
        self.text = self.text.trim_ascii_start();
        let after = self.text.strip_prefix(character);
        self.text = after.unwrap_or(self.text);
        after.is_some()
    }

    /// The next value; where it is not as it should be, as far as it can be mended.
    fn value<T: DeserializeOwned>(&mut self) -> Result<T, String> {
        if is_too_long(self.text) && value_text(self.text).is_none_or(is_too_long) {
            return Err("it is too long".to_owned());
        }
        let mut stream = serde_json::Deserializer::from_str(self.text).into_iter::<T>();
        match stream.next() {
            Some(Ok(value)) => {
                self.text = self.text.get(stream.byte_offset()..).unwrap_or_default();
                Ok(value)
            }
            Some(Err(error)) if error.is_eof() => Err(CUT_OFF.to_owned()),
            Some(Err(error)) => self.mended().ok_or_else(|| error.to_string()),
            None => Err(CUT_OFF.to_owned()),
        }
    }

    fn mended<T: DeserializeOwned>(&mut self) -> Option<T> {
        let text = value_text(self.text)?;
        let value = serde_json::from_str(&mended(text)).ok()?;
        self.text = self.text.get(text.len()..).unwrap_or_default();
        Some(value)
    }

    /// Passes over a value that can't be read. `false` where there is none, or no end of it.
    fn skip(&mut self) -> bool {
        let Some(value) = value_text(self.text) else { return false };
        self.text = self.text.get(value.len()..).unwrap_or_default();
        !value.is_empty() || self.text.starts_with(',')
    }

    /// One name and what it stands for.
    fn field(&mut self, names: &[&str], document: &mut Document) -> Result<(), String> {
        let name: String = self.value()?;
        if !self.take(':') {
            return Err(format!("no value for {name:.40}"));
        }
        if document.items.is_none() && names.contains(&name.as_str()) && self.take('[') {
            let (items, mut faults) = self.items();
            document.items = Some(items);
            document.faults.append(&mut faults);
        } else {
            let value = self.value()?;
            document.fields.insert(name, value);
        }
        Ok(())
    }

    /// Behind the bracket that opens an array.
    fn items(&mut self) -> (Vec<Value>, Vec<Problem>) {
        let (mut items, mut faults) = (Vec::new(), Vec::new());
        while !self.take(']') {
            let read = if items.len() < MOST { self.value() } else { Err(enough()) };
            match read {
                Ok(item) => items.push(item),
                Err(what) => {
                    let place = format!("byte {}, after item {}", self.at(), items.len());
                    faults.push(Problem { place, what });
                    if items.len() == MOST {
                        self.skip_the_rest();
                        break;
                    }
                    if !self.skip() {
                        // Cut off: there is nothing behind it.
                        self.text = "";
                        break;
                    }
                }
            }
            self.take(',');
        }
        (items, faults)
    }

    fn skip_the_rest(&mut self) {
        while self.skip() {
            self.take(',');
        }
        self.take(']');
    }

    fn expected(&self, what: &str) -> Unreadable {
        let found = if self.text.starts_with('<') { "a web page or XML" } else { "something else" };
        Unreadable::Format(format!("expected {what}, found {found}"))
    }
}

fn enough() -> String {
    format!("the first {MOST} are read, and nothing of this and what follows")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(body: &str) -> Response<'_> {
        Response { body: body.as_bytes(), content_type: None }
    }

    #[track_caller]
    fn check(body: &str, items: usize, place: Option<&str>) {
        let (read, faults) = json_items(response(body)).unwrap();
        let first = faults.first().map(|fault| fault.place.as_str());
        assert_eq!((read.len(), first), (items, place), "{body}");
    }

    #[test]
    fn items_before_a_fault_are_kept_and_the_fault_is_placed() {
        check("[]", 0, None);
        check("\u{feff} [1, {\"a\":2} , 3]", 3, None);
        check("[1,{\"a\":", 1, Some("byte 3, after item 1"));
        check("[1,2", 2, Some("byte 4, after item 2"));
        check("[1,{\"a\":nope nope}]", 1, Some("byte 3, after item 1"));
    }

    #[test]
    fn an_item_that_is_no_json_is_mended_or_passed_over_and_those_behind_it_are_read() {
        for poison in [r#""cut \ud83d""#, r#""\ude00""#, "\"a\nb\tc\"", "1e999", r#""\x""#] {
            check(&format!(r#"[{{"t":1}},{{"t":{poison}}},{{"t":3}}]"#), 3, None);
            check_document(
                &format!(r#"{{"jobs":[{{"t":{poison}}},{{"t":3}}],"b":1}}"#),
                1,
                Some(2),
                None,
            );
            check_document(&format!(r#"{{"a":{poison},"jobs":[1,2]}}"#), 1, Some(2), None);
        }
        check(r#"[{"t":1},{"t" "]":[},{"t":3}]"#, 1, Some("byte 9, after item 1"));
        check(r#"[{"t":1},{"t" "]":[]},{"t":3}]"#, 2, Some("byte 9, after item 1"));
        check_document(
            r#"{"jobs":[{"t" 1},{"t":3}],"b":1}"#,
            1,
            Some(1),
            Some("byte 9, after item 0"),
        );
        let deep = format!("[1,{}{},3]", "[".repeat(10_000), "]".repeat(10_000));
        check(&deep, 2, Some("byte 3, after item 1"));
    }

    #[test]
    fn bytes_are_read_as_the_board_states_or_else_replaced() {
        let first = |body: &[u8], content_type| {
            json_items(Response { body, content_type }).unwrap().0[0].as_str().map(str::to_owned)
        };
        assert_eq!(
            first(b"[\"K\xf6ln\"]", Some("application/json; charset=latin1")).unwrap(),
            "Köln"
        );
        assert_eq!(first(b"[\"K\xf6ln\"]", None).unwrap(), "K\u{fffd}ln");
        assert_eq!(first(b"\xff\xfe[\0\"\0a\0\"\0]\0", None).unwrap(), "a");
    }

    #[test]
    fn no_more_is_read_than_is_kept() {
        let many = format!("{{\"jobs\":[{}],\"a\":1}}", vec!["{}"; MOST + 3].join(","));
        check_document(&many, 1, Some(MOST), Some("byte 60009, after item 20000"));
        let long = format!("[1,[{}],3]", "0,".repeat(5 * 1024 * 1024));
        check(&long, 2, Some("byte 3, after item 1"));
    }

    #[test]
    fn what_is_no_array_is_refused() {
        assert!(json_items(response("{}")).is_err());
        assert!(json_items(response("<html>")).unwrap_err().to_string().contains("web page"));
        assert!(
            json_document(response(" <html>"), &[]).unwrap_err().to_string().contains("web page")
        );
    }

    #[track_caller]
    fn check_document(body: &str, fields: usize, items: Option<usize>, place: Option<&str>) {
        let read = json_document(response(body), &["jobs"]).unwrap();
        assert_eq!(read.fields.len(), fields, "{body}");
        assert_eq!(read.items.map(|items| items.len()), items, "{body}");
        assert_eq!(read.faults.first().map(|fault| fault.place.as_str()), place, "{body}");
    }

    #[test]
    fn an_array_in_an_object_is_read_as_one_alone_is() {
        check_document("{}", 0, None, None);
        check_document("{\"a\": 1, \"jobs\" : [1, 2], \"b\": [3]}", 2, Some(2), None);
        check_document("[1, 2]", 0, Some(2), None);
        check_document("{\"jobs\": null}", 1, None, None);
        check_document("{\"jobs\":[1,{\"a\"", 0, Some(1), Some("byte 11, after item 1"));
        check_document("{\"jobs\":[1],\"a\":tru", 0, Some(1), Some("byte 16"));
        check_document("{\"a\":1,\"job", 1, None, Some("byte 7"));
        check_document("{\"a\" 1}", 0, None, Some("byte 5"));
        check_document("{1:2}", 0, None, Some("byte 1"));
    }
}
