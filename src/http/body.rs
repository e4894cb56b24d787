//! Reads bodies: decompresses them, and stops at whatever grows too large.
//!
//! The clients decompress nothing themselves, since only who sees both ends of a decompressor can tell
//! a bomb from a response that is merely long.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use futures_util::stream::try_unfold;
use reqwest::Response;
use reqwest::header::CONTENT_ENCODING;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::io::StreamReader;

use super::LONGEST_HEAD;

/// What the clients ask for, and [`read_capped`] can read.
pub const ENCODINGS: &str = "gzip, br, zstd";

/// A response may grow so many times when it is decompressed.
const MAX_RATIO: usize = 100;

/// Below this size, in bytes, no ratio is a bomb.
const HARMLESS: usize = 1024 * 1024;

/// Largest window of zstd, as a power of two: 8 MiB, as RFC 9659 demands.
const ZSTD_WINDOW: u32 = 23;

/// How much is decompressed at once, in bytes.
const PIECE: usize = 16 * 1024;

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    #[error("the response is larger than {0} bytes")]
    TooLarge(usize),
    #[error("its headers are longer than 64 KiB")]
    LongHead,
    #[error("the response grows more than {MAX_RATIO} times when it is decompressed")]
    Bomb,
    #[error("the response is compressed in a way that was not asked for")]
    Encoding,
    #[error("the response cannot be decompressed: {0}")]
    Broken(io::Error),
    #[error(transparent)]
    Http(#[from] reqwest::Error),
}

/// Bytes from which on a body is one of the few that are large.
const LARGE: usize = 5 * 1024 * 1024;

/// Large bodies are read, and held, one at a time.
static LARGE_BODIES: Semaphore = Semaphore::const_new(1);

/// The turn of a large body; the next one has it when this is dropped.
pub type Turn = SemaphorePermit<'static>;

/// Reads a body. Neither what is sent nor what it is decompressed to may be larger than `cap`.
pub async fn read_capped(response: Response, cap: usize) -> Result<Vec<u8>, BodyError> {
    read_in_turn(response, cap).await.map(|(body, _)| body)
}

/// Bytes of the headers.
fn head_of(response: &Response) -> u32 {
    let lines = response.headers().iter();
    let size: usize =
        lines.map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len()).sum();
    u32::try_from(size).unwrap_or(u32::MAX)
}

/// Reads a body as [`read_capped`] does; a large one with its turn, to be kept as long as the body.
pub async fn read_in_turn(
    response: Response,
    cap: usize,
) -> Result<(Vec<u8>, Option<Turn>), BodyError> {
    if head_of(&response) > LONGEST_HEAD {
        return Err(BodyError::LongHead);
    }
    let mut turn = None;
    let encoding = encoding(&response);
    let taken = AtomicUsize::new(0);
    let count = &taken;
    let chunks = try_unfold(response, |mut response: Response| async move {
        let chunk = response.chunk().await.map_err(BodyError::from).map_err(io::Error::other)?;
        let Some(chunk) = chunk else { return Ok(None) };
        // Here, since a decompressor may take for ever and give nothing.
        if count.fetch_add(chunk.len(), Ordering::Relaxed) + chunk.len() > cap {
            return Err(io::Error::other(BodyError::TooLarge(cap)));
        }
        Ok(Some((chunk, response)))
    });
    let sent = StreamReader::new(Box::pin(chunks));
    let mut plain = decompressed(sent, &encoding).ok_or(BodyError::Encoding)?;
    let mut body = Vec::new();
    let mut piece = vec![0; PIECE];
    loop {
        let read = match plain.read(&mut piece).await {
            Ok(read) => piece.get(..read).unwrap_or_default(),
            Err(error) => match error.downcast() {
                Ok(error) => return Err(error),
                // Nothing at all is a sound way to compress nothing.
                Err(_) if taken.load(Ordering::Relaxed) == 0 => return Ok((body, turn)),
                Err(error) => return Err(BodyError::Broken(error)),
            },
        };
        if read.is_empty() {
            return Ok((body, turn));
        }
        body.extend_from_slice(read);
        if body.len() > LARGE && turn.is_none() {
            let next = LARGE_BODIES.acquire().await;
            turn = Some(next.map_err(|closed| BodyError::Broken(io::Error::other(closed)))?);
        }
        if body.len() > cap {
            return Err(BodyError::TooLarge(cap));
        }
        if body.len() > HARMLESS && body.len() / MAX_RATIO > taken.load(Ordering::Relaxed) {
            return Err(BodyError::Bomb);
        }
    }
}

/// How a response says it is compressed; several headers are one list.
fn encoding(response: &Response) -> String {
    let all = response.headers().get_all(CONTENT_ENCODING).iter();
    let all: Vec<_> = all.map(|one| String::from_utf8_lossy(one.as_bytes())).collect();
    all.join(",").trim().to_ascii_lowercase()
}

/// `None` for a way to compress that was not asked for, and for several, one in the other.
fn decompressed<'r>(
    sent: impl AsyncBufRead + Send + Unpin + 'r,
    encoding: &str,
) -> Option<Box<dyn AsyncRead + Send + Unpin + 'r>> {
    match encoding {
        "" | "identity" => Some(Box::new(sent)),
        "gzip" | "x-gzip" => {
            let mut decoder = GzipDecoder::new(sent);
            decoder.multiple_members(true);
            Some(Box::new(decoder))
        }
        "br" => Some(Box::new(BrotliDecoder::new(sent))),
        "zstd" => {
            let window = DParameter::window_log_max(ZSTD_WINDOW);
            let mut decoder = ZstdDecoder::with_params(sent, &[window]);
            decoder.multiple_members(true);
            Some(Box::new(decoder))
        }
        _ => None,
    }
}
