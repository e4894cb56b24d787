//! The items of an XML document whose elements a feed reader does not know, one by one, so that one
//! that was cut off still gives its first items. Namespaces are not resolved: boards change the
//! address of theirs, and never its prefix.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, Event};
use quick_xml::reader::Reader;

use super::feed_text::feed_text;
use super::{Problem, RawItems, Response, Unreadable};
use crate::normalize::RawPosting;

/// One element of an item.
#[derive(Debug, Default)]
pub struct Element {
    /// With its prefix, as written.
    name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// The text of the first element on a path of names, trimmed; `None` when blank.
    pub fn text(&self, path: &str) -> Option<&str> {
        let end = self.all(path).next()?;
        Some(end.text.trim()).filter(|text| !text.is_empty())
    }

    pub fn string(&self, path: &str) -> Option<String> {
        self.text(path).map(str::to_owned)
    }

    /// The elements on a path of names: `tt:locations/tt:location`. Of every name but the last the
    /// first counts.
    pub fn all(&self, path: &str) -> impl Iterator<Item = &Element> {
        let (parents, last) = path.rsplit_once('/').unwrap_or(("", path));
        let mut names = parents.split('/').filter(|name| !name.is_empty());
        let parent = names.try_fold(self, |element, name| {
            element.children.iter().find(|child| child.name == name)
        });
        parent.into_iter().flat_map(|parent| &parent.children).filter(move |it| it.name == last)
    }
}

/// What the document is made of.
#[derive(Debug, Clone, Copy)]
pub struct Shape<'n> {
    pub root: &'n str,
    pub item: &'n str,
}

/// Reads each item of a document as a posting.
pub fn xml_board(
    response: Response<'_>,
    shape: Shape<'_>,
    posting: fn(&Element) -> RawPosting,
) -> Result<RawItems, Unreadable> {
    let (items, fault) = xml_items(response, shape)?;
    let place = |index: usize| format!("item {index}");
    let raw = items.iter().enumerate().map(|(index, item)| (place(index), posting(item)));
    Ok((raw.collect(), fault.into_iter().collect()))
}

/// The items before the first fault, and the fault.
fn xml_items(
    response: Response<'_>,
    shape: Shape<'_>,
) -> Result<(Vec<Element>, Option<Problem>), Unreadable> {
    let text = feed_text(response)?;
    let mut reader = Reader::from_str(&text);
    reader.config_mut().allow_dangling_amp = true;
    let mut state = State { shape, root_seen: false, open: Vec::new(), items: Vec::new() };
    let fault = loop {
        match reader.read_event() {
            Ok(Event::Eof) if state.open.is_empty() => break None,
            Ok(Event::Eof) => break Some("the response ends in the middle".to_owned()),
            Ok(event) => state.take(event)?,
            Err(error) => break Some(error.to_string()),
        }
    };
    if !state.root_seen {
        let why = fault.unwrap_or_else(|| "no element".to_owned());
        return Err(Unreadable::Format(format!("not a document of {}: {why}", shape.root)));
    }
    let place = format!("after item {}", state.items.len());
    Ok((state.items, fault.map(|what| Problem { place, what })))
}

struct State<'n> {
    shape: Shape<'n>,
    root_seen: bool,
    /// The item that is being read and what is open in it.
    open: Vec<Element>,
    items: Vec<Element>,
}

impl State<'_> {
    fn take(&mut self, event: Event<'_>) -> Result<(), Unreadable> {
        match event {
            Event::Start(start) => self.open(start.name().0)?,
            Event::Empty(empty) => {
                self.open(empty.name().0)?;
                self.close();
            }
            Event::End(_) => self.close(),
            Event::Text(text) => self.add(&text.xml_content(XmlVersion::Implicit1_0)),
            Event::CData(text) => self.add(&text.xml_content(XmlVersion::Implicit1_0)),
            Event::GeneralRef(entity) => self.add(&resolved(&entity)),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Eof => {}
        }
        Ok(())
    }

    fn open(&mut self, name: &str) -> Result<(), Unreadable> {
        if !self.root_seen {
            if name != self.shape.root {
                let (root, name) = (self.shape.root, name.chars().take(40).collect::<String>());
                return Err(Unreadable::Format(format!("expected <{root}>, found <{name}>")));
            }
            self.root_seen = true;
        } else if !self.open.is_empty() || name == self.shape.item {
            self.open.push(Element { name: name.to_owned(), ..Element::default() });
        }
        Ok(())
    }

    fn close(&mut self) {
        let Some(element) = self.open.pop() else { return };
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.items.push(element),
        }
    }

    fn add(&mut self, text: &str) {
        if let Some(element) = self.open.last_mut() {
            element.text.push_str(text);
        }
    }
}

/// What an entity stands for; one that XML does not know stays, since the text may be HTML.
fn resolved(entity: &BytesRef<'_>) -> String {
    if let Ok(Some(found)) = entity.resolve_char_ref() {
        return found.to_string();
    }
    match &**entity {
        "amp" => "&".to_owned(),
        "lt" => "<".to_owned(),
        "gt" => ">".to_owned(),
        "quot" => "\"".to_owned(),
        "apos" => "'".to_owned(),
        other => format!("&{other};"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<(Vec<Element>, Option<Problem>), Unreadable> {
        let response = Response { body: body.as_bytes(), content_type: None };
        xml_items(response, Shape { root: "rss", item: "item" })
    }

    #[test]
    fn elements_are_found_by_their_written_names() {
        let body = "<?xml version='1.0'?><rss><channel><title>No</title><item><title> A &amp; B \
                    &nbsp;&#x43;</title><x:all><x:one><x:n>1</x:n></x:one><x:one/></x:all>\
                    <d><![CDATA[<p>R&D</p>]]></d><e>a & b</e></item></channel></rss>";
        let (items, fault) = read(body).unwrap();
        assert_eq!((items.len(), fault), (1, None));
        assert_eq!(items[0].text("title"), Some("A & B &nbsp;C"));
        assert_eq!((items[0].text("d"), items[0].text("e")), (Some("<p>R&D</p>"), Some("a & b")));
        assert_eq!(items[0].all("x:all/x:one").count(), 2);
        assert_eq!(items[0].text("x:all/x:one/x:n"), Some("1"));
        assert_eq!(items[0].text("x:all/none"), None);
    }

    #[test]
    fn items_before_a_fault_are_kept() {
        let (items, fault) = read("<rss><item><a>1</a></item><item><a>2").unwrap();
        assert_eq!((items.len(), fault.unwrap().place.as_str()), (1, "after item 1"));
        let (items, fault) = read("<rss><item><a>1</b></item></rss>").unwrap();
        assert_eq!((items.len(), fault.is_some()), (0, true));
        assert!(read("<rss/>").unwrap().0.is_empty());
    }

    #[test]
    fn what_is_no_such_document_is_refused() {
        for (body, want) in [
            ("<workzag-jobs/>", "expected <rss>, found <workzag-jobs>"),
            ("{}", "not a document of rss"),
            ("<!doctype html><title>Log in</title>", "web page"),
        ] {
            let error = read(body).unwrap_err().to_string();
            assert!(error.contains(want), "{error}");
        }
    }

    /// The parser does not expand what a document declares.
    #[test]
    fn entities_of_the_document_are_not_expanded() {
        let body = "<!DOCTYPE rss [<!ENTITY a 'aaaa'><!ENTITY x SYSTEM 'file:///etc/passwd'>]>\
                    <rss><item><t>&a;&x;</t></item></rss>";
        assert_eq!(read(body).unwrap().0[0].text("t"), Some("&a;&x;"));
    }
}
