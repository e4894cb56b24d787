//! A board is asked: one response, or two where the first says only what to ask next.

use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use tokio::sync::Semaphore;
use url::Url;

use super::details::add_details;
use super::fetch::{FetchError, Fetched, Fetcher, Request, Whose};
use super::kinds::of;
use super::limits::Limits;
use super::pages::{Page, read_on};
use super::{ReadBoard, Reading, Response, Unreadable, next_address, next_page, read, rhythm};
use crate::domain::board::{BoardKind, Validators, Visibility};
use crate::domain::posting::Posting;
use crate::domain::rules::Rules;
use crate::http::Turn;
use crate::normalize::BoardContext;

/// Responses that are read at a time: what is read takes several times its memory.
pub(super) static READERS: Semaphore = Semaphore::const_new(4);

/// A board that is to be asked.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub slug: &'a str,
    /// The company's, for a board that shows one.
    pub name: &'a str,
    pub kind: BoardKind,
    /// For a web page.
    pub rules: Option<&'a Rules>,
    pub url: &'a Url,
    /// Of its dates that state none.
    pub zone: Tz,
    pub visibility: Visibility,
    pub validators: &'a Validators,
}

/// What a board answered.
#[derive(Debug)]
pub struct Answered {
    /// When the response was here: what it shows was first seen then.
    pub at: DateTime<Utc>,
    pub read: ReadBoard,
    /// Whether the board answered anew, and not that nothing has changed.
    pub anew: bool,
    pub validators: Validators,
    /// How long it says that it stays as it is.
    pub stays: Option<Duration>,
    /// Why a further request was refused, where what came before it was read.
    pub refused: Option<FetchError>,
}

/// What whoever asks takes care of.
pub trait Manners: Sync {
    fn now(&self) -> DateTime<Utc>;

    /// Waits until an address's host may be asked once more.
    fn turn(&self, url: &Url) -> impl Future<Output = Result<(), FetchError>> + Send;

    /// Whether there is time for more than the first page.
    fn has_time(&self) -> bool {
        true
    }

    /// Which of these postings nobody has seen before, so that their texts are worth a request each.
    fn unknown(
        &self,
        _postings: &[Posting],
    ) -> impl Future<Output = Result<Vec<usize>, FetchError>> + Send {
        std::future::ready(Ok(Vec::new()))
    }

    /// Is told each response and where it lies before it is read, which may be the last that this process
    /// does.
    fn before_reading(
        &self,
        url: &Url,
        body: &[u8],
    ) -> impl Future<Output = Result<(), FetchError>> + Send;
}

/// What one response says.
enum Said {
    Read(ReadBoard, Option<Page>),
    AskFurther(Url),
}

impl<'a> Asked<'a> {
    /// A request without conditions.
    pub(super) fn request<'u>(&self, url: &'u Url, now: DateTime<Utc>) -> Request<'u>
    where
        'a: 'u,
    {
        let Self { kind, visibility, .. } = *self;
        Request { url, kind, visibility, validators: &NONE, now }
    }
}

static NONE: Validators = Validators { etag: None, last_modified: None };

/// A response that is to be read.
struct Body {
    url: Url,
    bytes: Vec<u8>,
    content_type: Option<String>,
    turn: Option<Turn>,
}

/// Asks a board and reads what it answers.
pub async fn ask(
    fetcher: &Fetcher,
    manners: &impl Manners,
    board: Asked<'_>,
) -> Result<Answered, FetchError> {
    let conditional =
        Request { validators: board.validators, ..board.request(board.url, manners.now()) };
    let first = match fetcher.fetch(conditional).await {
        Err(missing) if missing.whose == Whose::Missing => {
            let Some(other) = of(board.kind).elsewhere(board.url) else { return Err(missing) };
            let found = ask_further(fetcher, manners, board, other).await;
            // Where neither has it, it is missing at the address that people know.
            return found
                .map_err(|error| if error.whose == Whose::Missing { missing } else { error });
        }
        first => first?,
    };
    let at = manners.now();
    let (body, validators, stays) = match first {
        Fetched::NotModified { stays } => {
            let (read, validators) = (ReadBoard::default(), board.validators.clone());
            return Ok(Answered { at, read, anew: false, validators, stays, refused: None });
        }
        Fetched::Body { body, content_type, validators, stays, turn, .. } => {
            let stays = stays.max(rhythm::of_feed(&body));
            (Body { url: board.url.clone(), bytes: body, content_type, turn }, validators, stays)
        }
    };
    let kind = board.kind;
    let said = parse(manners, board, body, move |reading, response, context| {
        let further = context.base.map(|url| next_address(kind, response, url));
        if let Some(further) = further.transpose()?.flatten() {
            return Ok(Said::AskFurther(further));
        }
        let page = context.base.map(Page::first);
        let next = page.and_then(|page| next_page(kind, response, &page));
        Ok(Said::Read(read(reading, response, context)?, next))
    });
    match said.await? {
        Said::Read(mut read, next) => {
            // The first page may stay as it is while others change.
            let validators = if next.is_some() { Validators::default() } else { validators };
            let mut refused = read_on(fetcher, manners, board, next, &mut read).await;
            read.keep_newest(most(board));
            // Whoever said when to come again is asked for nothing more.
            if refused.as_ref().is_none_or(|refused| refused.asked.is_none()) {
                let of_details = add_details(fetcher, manners, board, &mut read).await?;
                refused = of_details.or(refused);
            }
            // Nothing may hide those that wait for the next poll.
            let validators = if read.missing { Validators::default() } else { validators };
            Ok(Answered { at, read, anew: true, validators, stays, refused })
        }
        Said::AskFurther(url) => ask_further(fetcher, manners, board, url).await,
    }
}

/// The second of two requests, at an address of the first one's origin or, where there is nothing, at another
/// of the company's. Neither is conditional, and nothing is kept to make the next so:
/// a first answer that stays the same must not hide what is new in the second, and validators
/// of the second say nothing once the first names another address.
async fn ask_further(
    fetcher: &Fetcher,
    manners: &impl Manners,
    board: Asked<'_>,
    url: Url,
) -> Result<Answered, FetchError> {
    manners.turn(&url).await?;
    let further = fetcher.fetch(board.request(&url, manners.now())).await?;
    let at = manners.now();
    let Fetched::Body { body, content_type, stays, turn, .. } = further else {
        return Err("answered 304 to a request without conditions".to_owned().into());
    };
    let mut read =
        parse(manners, board, Body { url, bytes: body, content_type, turn }, read).await?;
    read.keep_newest(most(board));
    let validators = Validators::default();
    Ok(Answered { at, read, anew: true, validators, stays, refused: None })
}

fn most(board: Asked<'_>) -> usize {
    Limits::of(board.kind, board.visibility).postings
}

/// Reads one page, and which comes behind it.
pub(super) async fn parse_page(
    manners: &impl Manners,
    board: Asked<'_>,
    page: Page,
    (bytes, content_type, turn): (Vec<u8>, Option<String>, Option<Turn>),
) -> Result<(ReadBoard, Option<Page>), FetchError> {
    let (kind, url) = (board.kind, page.url.clone());
    let body = Body { url, bytes, content_type, turn };
    parse(manners, board, body, move |reading, response, context| {
        Ok((read(reading, response, context)?, next_page(kind, response, &page)))
    })
    .await
}

/// Reads a response where it may take long. A parser that panics is a fault of this board alone.
async fn parse<T: Send + 'static>(
    manners: &impl Manners,
    board: Asked<'_>,
    response: Body,
    read: impl FnOnce(Reading<'_>, Response<'_>, &BoardContext<'_>) -> Result<T, Unreadable>
    + Send
    + 'static,
) -> Result<T, FetchError> {
    let at = Some(manners.now());
    let turn = READERS.acquire().await.map_err(|_| "nobody reads any more".to_owned())?;
    // Not before its turn has come: what ends the process while it waits is something else.
    manners.before_reading(&response.url, &response.bytes).await?;
    let (kind, rules, slug, zone) =
        (board.kind, board.rules.cloned(), board.slug.to_owned(), board.zone);
    let company = kind.shows_one_company().then(|| board.name.to_owned());
    let company = company.filter(|name| !name.is_empty());
    let read = tokio::task::spawn_blocking(move || {
        let Body { url, bytes, content_type, turn: _turn } = response;
        let response = Response { body: &bytes, content_type: content_type.as_deref() };
        let (slug, company, base) = (&slug, company.as_deref(), Some(&url));
        let context = BoardContext { slug, company, base, zone, at };
        read(Reading { kind, rules: rules.as_ref() }, response, &context)
    });
    let read = read.await.map_err(|_| "its response broke the parser".to_owned())?;
    drop(turn);
    Ok(read.map_err(|error| error.to_string())?)
}
