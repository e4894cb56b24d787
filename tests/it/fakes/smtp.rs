//! An SMTP server that takes nothing which the standard forbids, fails as it is told, and keeps a
//! ledger of what it accepted. `smtp/` holds its certificate, made for this and trusted by nobody.

mod session;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The certificate that the server shows, for `localhost`.
pub const CERTIFICATE: &[u8] = include_bytes!("smtp/cert.pem");
const KEY: &[u8] = include_bytes!("smtp/key.pem");

/// Where in a conversation something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Connect,
    Ehlo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// After the last dot, before the mail is taken.
    Dot,
    /// After the mail was taken, before that is said.
    Taken,
    /// After it was said.
    Said,
    Noop,
    Quit,
}

/// What happens there, once.
#[derive(Debug, Clone)]
pub enum Act {
    /// Says this instead.
    Say(&'static str),
    /// Says this and ends.
    SayAndClose(&'static str),
    Close,
    /// Says nothing for an hour.
    Hang,
    /// Goes on after a while.
    Late(Duration),
}

/// What the server is.
#[derive(Clone, Default)]
pub struct Setup {
    pub starttls: bool,
    /// Wants TLS from the first byte.
    pub smtps: bool,
    /// Takes no mail before this user has logged in.
    pub login: Option<(&'static str, &'static str)>,
}

/// A mail that was accepted.
#[derive(Debug, Clone)]
pub struct Accepted {
    pub from: String,
    pub to: Vec<String>,
    /// As it was before dots were doubled, with CRLF.
    pub text: String,
    pub encrypted: bool,
}

#[derive(Default)]
struct Seen {
    script: VecDeque<(Stage, Act)>,
    ledger: Vec<Accepted>,
    commands: Vec<String>,
    violations: Vec<String>,
    connections: usize,
    open: usize,
    most_open: usize,
}

struct Shared {
    setup: Setup,
    acceptor: TlsAcceptor,
    seen: Mutex<Seen>,
}

/// The server; it ends with the test's runtime.
#[derive(Clone)]
pub struct FakeSmtp {
    shared: Arc<Shared>,
    pub port: u16,
}

impl FakeSmtp {
    pub async fn start(setup: Setup) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared { setup, acceptor: acceptor(), seen: Mutex::default() });
        let server = Self { shared, port };
        let accepting = server.clone();
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                accepting.arrived();
                let server = accepting.clone();
                #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
                tokio::spawn(async move {
                    session::serve(&server, stream).await;
                    server.seen().open -= 1;
                });
            }
        });
        server
    }

    /// At the next time of `stage`, this happens; before it, what was said earlier for that stage.
    pub fn at(&self, stage: Stage, act: Act) {
        self.seen().script.push_back((stage, act));
    }

    /// What was accepted. Fails if anything was said that the standard forbids.
    pub fn mails(&self) -> Vec<Accepted> {
        let seen = self.seen();
        assert!(seen.violations.is_empty(), "{:?}", seen.violations);
        seen.ledger.clone()
    }

    /// Every line that was said to it outside of mails.
    pub fn commands(&self) -> Vec<String> {
        self.seen().commands.clone()
    }

    pub fn violations(&self) -> Vec<String> {
        self.seen().violations.clone()
    }

    /// Connections so far, and the most at one time.
    pub fn connections(&self) -> (usize, usize) {
        let seen = self.seen();
        (seen.connections, seen.most_open)
    }

    /// Waits until nobody is connected any more.
    pub async fn alone(&self) {
        while self.seen().open > 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    fn arrived(&self) {
        let mut seen = self.seen();
        seen.connections += 1;
        seen.open += 1;
        seen.most_open = seen.most_open.max(seen.open);
    }

    /// What was told to happen here.
    fn act(&self, stage: Stage) -> Option<Act> {
        let mut seen = self.seen();
        let at = seen.script.iter().position(|(known, _)| *known == stage)?;
        seen.script.remove(at).map(|(_, act)| act)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn acceptor() -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE).unwrap();
    let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
