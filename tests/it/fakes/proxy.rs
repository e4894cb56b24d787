//! A line between the service and Postgres that can be cut.

use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_util::sync::CancellationToken;

/// What the line does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    Whole,
    /// Connections end, and new ones too.
    Cut,
    /// Nothing passes, and nobody is told.
    Dead,
    /// Whoever listens for notifications hears nothing any more, and is not told.
    Deaf,
    /// The next COMMIT reaches the server, its answer nobody; then the line is whole.
    AnswerLost,
}

/// The line, and what ends its connections.
#[derive(Clone)]
struct State {
    line: Arc<Mutex<Line>>,
    end: Arc<Mutex<CancellationToken>>,
}

pub struct Proxy {
    address: SocketAddr,
    state: State,
    options: PgConnectOptions,
}

impl Proxy {
    /// To the server of this address.
    pub async fn to(url: &SecretString) -> Self {
        let options = PgConnectOptions::from_str(url.expose_secret()).unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = State { line: Arc::new(Mutex::new(Line::Whole)), end: Arc::default() };
        let (of, server) = (state.clone(), options.clone());
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (state, server) = (of.clone(), server.clone());
                let end = state.end.lock().unwrap().clone();
                if *state.line.lock().unwrap() != Line::Cut {
                    tokio::spawn(async move {
                        end.run_until_cancelled(serve(client, server, state)).await;
                    });
                }
            }
        });
        Self { address, state, options }
    }

    /// The address by which the database is reached over the line.
    pub fn url(&self) -> SecretString {
        let (user, port) = (self.options.get_username(), self.address.port());
        let database = self.options.get_database().unwrap();
        format!("postgres://{user}@127.0.0.1:{port}/{database}?sslmode=disable").into()
    }

    pub fn set(&self, line: Line) {
        *self.state.line.lock().unwrap() = line;
        if line == Line::Cut {
            std::mem::take(&mut *self.state.end.lock().unwrap()).cancel();
        }
    }
}

async fn serve(client: TcpStream, server: PgConnectOptions, state: State) {
    if let Some(folder) = server.get_socket() {
        let path = folder.join(format!(".s.PGSQL.{}", server.get_port()));
        pass(client, UnixStream::connect(path).await.unwrap(), &state).await;
    } else {
        let to = (server.get_host(), server.get_port());
        pass(client, TcpStream::connect(to).await.unwrap(), &state).await;
    }
}

/// Both ways, until one of them ends.
async fn pass(client: TcpStream, server: impl AsyncRead + AsyncWrite, state: &State) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let listens = AtomicBool::new(false);
    tokio::select! {
        () = copy(&mut from_client, &mut to_server, state, (true, &listens)) => {}
        () = copy(&mut from_server, &mut to_client, state, (false, &listens)) => {}
    }
}

async fn copy(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    state: &State,
    (asks, listens): (bool, &AtomicBool),
) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(some @ 1..) = from.read(&mut bytes).await {
        let line = *state.line.lock().unwrap();
        let says = |word: &[u8]| bytes[..some].windows(word.len()).any(|said| said == word);
        if asks && says(b"LISTEN") {
            listens.store(true, Ordering::SeqCst);
        }
        let is_deaf = line == Line::Deaf && !asks && listens.load(Ordering::SeqCst);
        if line == Line::Dead || is_deaf {
            std::future::pending::<()>().await;
        }
        if to.write_all(&bytes[..some]).await.is_err() {
            return;
        }
        if line == Line::AnswerLost && asks && says(b"COMMIT") {
            *state.line.lock().unwrap() = Line::Whole;
            // The server answers; nobody hears it.
            from_nobody(to).await;
            return;
        }
    }
}

/// Lets the server take in what it was sent before the line ends.
async fn from_nobody(to: &mut (impl AsyncWrite + Unpin)) {
    to.flush().await.ok();
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
}
