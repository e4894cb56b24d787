//! The items of a JSON array, one by one, so that a response that was cut off still gives its
//! first items. The array is the response, or stands in an object.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Problem, Unreadable};

/// An object with the array of items in it; both as far as they could be read.
#[derive(Debug, Default)]
pub struct Document {
    /// What stands beside the array.
    pub fields: Map<String, Value>,
    /// `None` where the object has no such array.
    pub items: Option<Vec<Value>>,
    pub fault: Option<Problem>,
}

/// The items before the first fault, and the fault.
pub fn json_items(body: &[u8]) -> Result<(Vec<Value>, Option<Problem>), Unreadable> {
    let mut rest = Rest::of(body);
    if !rest.take(b'[') {
        return Err(rest.expected("a JSON array"));
    }
    Ok(rest.items())
}

/// An object, with the items of the first of its arrays that has one of these names. An array
/// alone will do.
pub fn json_document(body: &[u8], names: &[&str]) -> Result<Document, Unreadable> {
    let mut rest = Rest::of(body);
    if rest.take(b'[') {
        let (items, fault) = rest.items();
        return Ok(Document { items: Some(items), fault, ..Document::default() });
    }
    if !rest.take(b'{') {
        return Err(rest.expected("a JSON object"));
    }
    let mut document = Document::default();
    while !rest.take(b'}') {
        if let Err(what) = rest.field(names, &mut document) {
            document.fault = Some(Problem { place: format!("byte {}", rest.at()), what });
        }
        if document.fault.is_some() {
            break;
        }
        rest.take(b',');
    }
    Ok(document)
}

/// An id, which is a number here and a text there.
pub fn id(value: &Value) -> Option<String> {
    let number = || value.is_number().then(|| value.to_string());
    value.as_str().map(str::to_owned).or_else(number).filter(|id| !id.is_empty())
}

/// What is still to be read.
struct Rest<'a> {
    bytes: &'a [u8],
    whole: usize,
}

impl<'a> Rest<'a> {
    fn of(body: &'a [u8]) -> Self {
        let bytes = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        Self { bytes, whole: bytes.len() }
    }

    fn at(&self) -> usize {
        self.whole - self.bytes.len()
    }

    /// Takes this byte if it is the next after any space.
    fn take(&mut self, byte: u8) -> bool {
        self.bytes = self.bytes.trim_ascii_start();
        let after = self.bytes.strip_prefix(&[byte]);
        self.bytes = after.unwrap_or(self.bytes);
        after.is_some()
    }

    fn value<T: DeserializeOwned>(&mut self) -> Result<T, String> {
        let mut stream = serde_json::Deserializer::from_slice(self.bytes).into_iter::<T>();
        let value = match stream.next() {
            Some(Ok(value)) => value,
            Some(Err(error)) => return Err(error.to_string()),
            None => return Err("the response ends in the middle".to_owned()),
        };
        self.bytes = self.bytes.get(stream.byte_offset()..).unwrap_or_default();
        Ok(value)
    }

    /// One name and what it stands for.
    fn field(&mut self, names: &[&str], document: &mut Document) -> Result<(), String> {
        let name: String = self.value()?;
        if !self.take(b':') {
            return Err(format!("no value for {name:.40}"));
        }
        if document.items.is_none() && names.contains(&name.as_str()) && self.take(b'[') {
            let (items, fault) = self.items();
            (document.items, document.fault) = (Some(items), fault);
        } else {
            let value = self.value()?;
            document.fields.insert(name, value);
        }
        Ok(())
    }

    /// Behind the bracket that opens an array.
    fn items(&mut self) -> (Vec<Value>, Option<Problem>) {
        let mut items = Vec::new();
        while !self.take(b']') {
            match self.value() {
                Ok(item) => items.push(item),
                Err(what) => {
                    let place = format!("byte {}, after item {}", self.at(), items.len());
                    return (items, Some(Problem { place, what }));
                }
            }
            self.take(b',');
        }
        (items, None)
    }

    fn expected(&self, what: &str) -> Unreadable {
        let found =
            if self.bytes.starts_with(b"<") { "a web page or XML" } else { "something else" };
        Unreadable::Format(format!("expected {what}, found {found}"))
    }
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
        assert!(json_document(b" <html>", &[]).unwrap_err().to_string().contains("web page"));
    }

    #[track_caller]
    fn check_document(body: &str, fields: usize, items: Option<usize>, place: Option<&str>) {
        let read = json_document(body.as_bytes(), &["jobs"]).unwrap();
        assert_eq!(read.fields.len(), fields, "{body}");
        assert_eq!(read.items.map(|items| items.len()), items, "{body}");
        assert_eq!(read.fault.map(|fault| fault.place).as_deref(), place, "{body}");
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
