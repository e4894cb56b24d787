//! The items of an XML document whose elements a feed reader does not know, one by one, so that a fault
//! costs the item that it stands in and no other. Namespaces are not resolved: boards change the
//! address of theirs, and never its prefix.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, Event};
use quick_xml::reader::Reader;

use super::feed_text::feed_text;
use super::{CUT_OFF, Problem, RawItems, Response, Unreadable};
use crate::normalize::RawPosting;

/// Items that are read: as many as are kept of any board.
const MOST: usize = 20_000;

/// To find the end of what has none the whole text is searched, each time.
const MOST_FAULTS: usize = 100;

/// Open elements of one item, or around the items; of deeper ones the text is the parent's.
const DEEPEST: usize = 32;

/// Elements that are read: fifty of each item. Others would take much more memory than their text.
const MOST_ELEMENTS: usize = 50 * MOST;

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

/// What was read of a document.
#[derive(Debug, Default)]
pub struct Listed {
    pub items: Vec<Element>,
    /// The title beside the items, of a feed the name of its channel.
    pub title: String,
    pub problems: Vec<Problem>,
}

impl Listed {
    /// Makes a posting of each item.
    pub fn postings(self, posting: impl Fn(&Element) -> RawPosting) -> RawItems {
        let place = |index: usize| format!("item {index}");
        let items = self.items.iter().enumerate();
        (items.map(|(index, item)| (place(index), posting(item))).collect(), self.problems)
    }
}

/// Reads each item of a document as a posting.
pub fn xml_board(
    response: Response<'_>,
    shape: Shape<'_>,
    posting: fn(&Element) -> RawPosting,
) -> Result<RawItems, Unreadable> {
    Ok(xml_items(&feed_text(response)?, shape)?.postings(posting))
}

/// The items that can be read, and what can't.
pub fn xml_items(text: &str, shape: Shape<'_>) -> Result<Listed, Unreadable> {
    let mut state = State::of(shape);
    let mut text = text;
    while let Some(behind) = state.read(text)? {
        // At the next item everything is as it was.
        let Some(next) = next_item(behind, shape.item) else { break };
        if state.read.problems.len() >= MOST_FAULTS {
            break;
        }
        text = next;
    }
    if !state.root_seen {
        let first = state.read.problems.first();
        let why = first.map_or("no element", |problem| problem.what.as_str());
        return Err(Unreadable::Format(format!("not a document of {}: {why}", shape.root)));
    }
    Ok(state.read)
}

/// The text from the next start of an item on.
fn next_item<'t>(text: &'t str, item: &str) -> Option<&'t str> {
    let mut starts = text.match_indices('<').filter_map(|(at, _)| text.get(at..));
    starts.find(|tag| {
        let name = tag.get(1..).and_then(|tag| tag.strip_prefix(item));
        name.is_some_and(|after| after.starts_with(|c: char| c == '>' || c.is_whitespace()))
    })
}

struct State<'n> {
    shape: Shape<'n>,
    root_seen: bool,
    /// Those that were opened so far.
    elements: usize,
    /// What is open around the items.
    around: Vec<String>,
    /// The item that is being read and what is open in it.
    open: Vec<Element>,
    read: Listed,
}

impl<'n> State<'n> {
    fn of(shape: Shape<'n>) -> Self {
        let (around, open, read) = Default::default();
        Self { shape, root_seen: false, elements: 0, around, open, read }
    }

    /// Why nothing more is read.
    fn enough(&self) -> Option<String> {
        if self.read.items.len() >= MOST {
            Some(format!("the first {MOST} are read, and nothing of what follows"))
        } else if self.elements >= MOST_ELEMENTS {
            Some(format!(
                "the first {MOST_ELEMENTS} elements are read, and nothing of what follows"
            ))
        } else {
            None
        }
    }

    /// Reads to the end, or to a fault: then gives what stands behind the start of the item that it
    /// is in.
    fn read<'t>(&mut self, text: &'t str) -> Result<Option<&'t str>, Unreadable> {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.allow_dangling_amp = true;
        // What does not belong together is told apart here.
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        let mut behind = text.get(1..).unwrap_or_default();
        loop {
            let opened = self.open.len();
            let fault = match (reader.read_event(), self.enough()) {
                (Ok(Event::Eof), _) if self.open.is_empty() => return Ok(None),
                (Ok(Event::Eof), _) => CUT_OFF.to_owned(),
                (Ok(_), Some(enough)) => enough,
                (Ok(event), None) => {
                    self.take(event)?;
                    if self.open.len() == 1 && opened != 1 {
                        let at = usize::try_from(reader.buffer_position()).unwrap_or(text.len());
                        behind = text.get(at..).unwrap_or_default();
                    }
                    continue;
                }
                (Err(error), _) => error.to_string(),
            };
            self.open.clear();
            let place = format!("after item {}", self.read.items.len());
            self.read.problems.push(Problem { place, what: fault });
            return Ok(self.enough().is_none().then_some(behind));
        }
    }

    fn take(&mut self, event: Event<'_>) -> Result<(), Unreadable> {
        match event {
            Event::Start(start) => self.open(start.name().0)?,
            Event::Empty(empty) => {
                self.open(empty.name().0)?;
                self.close(empty.name().0);
            }
            Event::End(end) => self.close(end.name().0),
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
        }
        self.elements += 1;
        if name == self.shape.item {
            // The one before was not closed.
            self.close(name);
            self.open.push(Element { name: name.to_owned(), ..Element::default() });
        } else if self.open.is_empty() {
            if self.around.len() < DEEPEST {
                self.around.push(name.to_owned());
            }
        } else if self.open.len() < DEEPEST {
            self.open.push(Element { name: name.to_owned(), ..Element::default() });
        }
        Ok(())
    }

    /// Ends the element of that name, and with it what was left open inside it: markup that nobody
    /// escaped, whose text is the element's.
    fn close(&mut self, name: &str) {
        if self.open.is_empty() {
            if let Some(at) = self.around.iter().rposition(|open| open == name) {
                self.around.truncate(at);
            }
            return;
        }
        let Some(at) = self.open.iter().rposition(|open| open.name == name) else { return };
        while let Some(mut element) = self.open.pop() {
            let left_open = self.open.len() > at;
            let of_item = self.open.len() == 1;
            match self.open.last_mut() {
                // A part of the item that was not closed: what follows it was not meant to be in it.
                Some(item) if left_open && of_item => {
                    let after = std::mem::take(&mut element.children);
                    item.children.push(element);
                    item.children.extend(after);
                }
                Some(parent) if left_open => {
                    parent.text.push_str(&element.text);
                    parent.children.extend(element.children);
                }
                Some(parent) => parent.children.push(element),
                None => self.read.items.push(element),
            }
            if !left_open {
                break;
            }
        }
    }

    fn add(&mut self, text: &str) {
        if let Some(element) = self.open.last_mut() {
            element.text.push_str(text);
        } else if self.read.items.is_empty()
            && self.around.len() == 3
            && self.around.last().is_some_and(|name| name == "title")
        {
            self.read.title.push_str(text);
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

    fn read(body: &str) -> Result<Listed, Unreadable> {
        let response = Response { body: body.as_bytes(), content_type: None };
        xml_items(&feed_text(response)?, Shape { root: "rss", item: "item" })
    }

    #[test]
    fn elements_are_found_by_their_written_names() {
        let body = "<?xml version='1.0'?><rss><channel><title>Jobs &amp; more</title><item><title> A &amp; B \
                    &nbsp;&#x43;</title><x:all><x:one><x:n>1</x:n></x:one><x:one/></x:all>\
                    <d><![CDATA[<p>R&D</p>]]></d><e>a & b</e></item></channel></rss>";
        let Listed { items, title, problems } = read(body).unwrap();
        assert_eq!((items.len(), title.as_str(), problems), (1, "Jobs & more", vec![]));
        assert_eq!(items[0].text("title"), Some("A & B &nbsp;C"));
        assert_eq!((items[0].text("d"), items[0].text("e")), (Some("<p>R&D</p>"), Some("a & b")));
        assert_eq!(items[0].all("x:all/x:one").count(), 2);
        assert_eq!(items[0].text("x:all/x:one/x:n"), Some("1"));
        assert_eq!(items[0].text("x:all/none"), None);
    }

    #[test]
    fn items_before_a_fault_are_kept() {
        let Listed { items, problems, .. } = read("<rss><item><a>1</a></item><item><a>2").unwrap();
        assert_eq!((items.len(), problems[0].place.as_str()), (1, "after item 1"));
        assert!(read("<rss/>").unwrap().items.is_empty());
    }

    #[test]
    fn a_fault_costs_nothing_but_its_item() {
        for (poison, want, problems) in [
            ("<item><a>x <b>2</a><l>y</l></item>", "1|x 2|3", 0),
            ("<item><a>2</b></a></item>", "1|2|3", 0),
            ("<item><a>2<br>x<p>y</p></a>", "1|2x|3", 0),
            ("<item><a>2</a>", "1|2|3", 0),
            ("<item><b>x<a>2</a></item>", "1|2|3", 0),
            ("<item><a>2 < 3</a><l>y</l></item>", "1|2|3", 0),
            ("<item><a><![CDATA[2</a></item>", "1|3", 1),
            ("<item><a><!-- 2</a></item>", "1|3", 1),
            ("<item><a x='", "1|3", 1),
        ] {
            let body = format!(
                "<rss><channel><item><a>1</a></item>{poison}<item><a>3</a></item></channel></rss>"
            );
            let read = read(&body).unwrap();
            let texts: Vec<&str> = read.items.iter().filter_map(|item| item.text("a")).collect();
            assert_eq!(
                (texts.join("|").as_str(), read.problems.len()),
                (want, problems),
                "{poison}"
            );
        }
        let deep =
            format!("<rss><item><a>1{}</a></item><item><a>2</a></item></rss>", "<b>".repeat(9_999));
        assert_eq!(read(&deep).unwrap().items.len(), 2);
    }

    /// However much is open, each end is looked for in little; and elements are counted, not only items.
    #[test]
    fn what_nobody_closes_is_bounded() {
        let mut state = State::of(Shape { root: "rss", item: "item" });
        let around = format!("<rss>{}<item/>", "<a></x>".repeat(999));
        assert_eq!(state.read(&around), Ok(None));
        assert_eq!((state.around.len(), state.read.items.len()), (DEEPEST, 1));
        state.elements = MOST_ELEMENTS - 3;
        assert_eq!(state.read("<item><a/></item><item><a/><a/><a/></item>"), Ok(None));
        assert_eq!((state.read.items.len(), state.read.problems.len()), (2, 1));
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
        assert_eq!(read(body).unwrap().items[0].text("t"), Some("&a;&x;"));
    }
}
