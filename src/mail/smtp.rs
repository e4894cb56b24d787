//! Hands mails to one SMTP server, over connections that are kept for the next.
//!
//! Drives lettre's connection step by step: its own transport does not say whether the last dot was
//! sent before a failure, and that alone decides if a mail may be sent again without doubt.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Severity;
use secrecy::ExposeSecret;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::letter::Composed;
use super::replies::{Failure, Step, Trouble, judge};
use crate::config::{SmtpServer, Tls};

/// Connections at a time; relays refuse many more.
pub const MOST_CONNECTIONS: usize = 4;

/// A connection that rested so long is not used again: servers end them after minutes.
const LONGEST_REST: Duration = Duration::from_mins(1);

/// Mails after which a connection is given up, before the server does so.
const MAILS_A_CONNECTION: u32 = 100;

/// Deadline of one mail, from dialling to its last dot.
const PATIENCE: Duration = Duration::from_secs(9);

/// How much longer the answer to its last dot is waited for: without one it is in doubt, and sent twice.
const FOR_AN_ANSWER: Duration = Duration::from_secs(14);

/// Deadline of a sender, with a moment to say good-bye.
pub const WHOLE: Duration = Duration::from_secs(PATIENCE.as_secs() + FOR_AN_ANSWER.as_secs() + 2);

/// How long a connection may take to prove that it lives, or to say good-bye.
const MOMENT: Duration = Duration::from_secs(1);

/// Bytes written at a time.
const CHUNK: usize = 8 << 10;

/// The server and the connections to it.
pub struct Smtp {
    server: SmtpServer,
    hello: ClientId,
    tls: Option<TlsParameters>,
    resting: Mutex<Vec<Connection>>,
    turns: Semaphore,
    patience: Duration,
    for_an_answer: Duration,
}

struct Connection {
    smtp: AsyncSmtpConnection,
    mails: u32,
    since: Instant,
}

/// A step that failed.
struct Stopped {
    step: Step,
    failure: Failure,
    /// The server's code, if it said anything.
    code: Option<u16>,
}

impl Stopped {
    fn new(step: Step, error: &Error) -> Self {
        Self { step, failure: judge(step, error), code: error.status().map(u16::from) }
    }

    fn because(step: Step, trouble: Trouble, why: &str) -> Self {
        Self { step, failure: Failure { trouble, why: format!("mail: {why}") }, code: None }
    }

    /// Whether it was only the connection that had ended while it rested.
    fn is_stale(&self) -> bool {
        self.step == Step::From && matches!(self.code, None | Some(421))
    }
}

impl Smtp {
    /// `hello` is the host that this service says it is.
    pub fn new(server: &SmtpServer, hello: &str) -> anyhow::Result<Self> {
        let tls = match server.tls {
            Tls::Never => None,
            Tls::FromTheStart | Tls::StartTls => {
                let mut parameters = TlsParameters::builder(server.host.clone());
                if let Some(root) = &server.root {
                    parameters = parameters.add_root_certificate(Certificate::from_pem(root)?);
                }
                Some(parameters.build_rustls()?)
            }
        };
        Ok(Self {
            server: server.clone(),
            hello: ClientId::Domain(hello.to_owned()),
            tls,
            resting: Mutex::default(),
            turns: Semaphore::new(MOST_CONNECTIONS),
            patience: PATIENCE,
            for_an_answer: FOR_AN_ANSWER,
        })
    }

    /// Other deadlines, for tests of servers that do not answer: before the last dot, and after it.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration, for_an_answer: Duration) -> Self {
        (self.patience, self.for_an_answer) = (patience, for_an_answer);
        self
    }

    /// Dials and logs in, without a mail.
    pub async fn check(&self) -> Result<(), Failure> {
        let connected = timeout(self.patience, self.connect()).await.map_err(|_| late())?;
        let mut connection = connected.map_err(|stopped| stopped.failure)?;
        // What a server says to a good-bye changes nothing.
        drop(timeout(MOMENT, connection.smtp.quit()).await);
        Ok(())
    }

    /// Sends once; on a connection that had ended while it rested, once more on a new one.
    pub(super) async fn send(&self, mail: &Composed) -> Result<(), Failure> {
        // Whoever waits for a connection has not begun.
        let _turn = self.turns.acquire().await.map_err(|_| late())?;
        let handed_over = AtomicBool::new(false);
        let mut sending = pin!(self.send_now(mail, &handed_over));
        let mut ended = timeout(self.patience, sending.as_mut()).await;
        if ended.is_err() && handed_over.load(Ordering::Relaxed) {
            ended = timeout(self.for_an_answer, sending).await;
        }
        match ended {
            Ok(Ok(())) => Ok(()),
            Ok(Err(stopped)) => Err(stopped.failure),
            Err(_) if handed_over.load(Ordering::Relaxed) => {
                let why = "mail: no answer after the end of the mail".to_owned();
                Err(Failure { trouble: Trouble::Unknown, why })
            }
            Err(_) => Err(late()),
        }
    }

    async fn send_now(&self, mail: &Composed, handed_over: &AtomicBool) -> Result<(), Stopped> {
        if let Some(rested) = self.rested().await {
            match self.hand_over(rested, mail, handed_over).await {
                Err(stopped) if stopped.is_stale() => {}
                other => return other,
            }
        }
        let connection = self.connect().await?;
        self.hand_over(connection, mail, handed_over).await
    }

    /// A connection that still lives.
    async fn rested(&self) -> Option<Connection> {
        loop {
            let mut connection =
                self.resting.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            let young = connection.since.elapsed() < LONGEST_REST;
            if young && timeout(MOMENT, connection.smtp.test_connected()).await == Ok(true) {
                return Some(connection);
            }
        }
    }

    async fn connect(&self) -> Result<Connection, Stopped> {
        let from_the_start = self.tls.clone().filter(|_| self.server.tls == Tls::FromTheStart);
        let address = (self.server.host.as_str(), self.server.port);
        let connecting = AsyncSmtpConnection::connect_tokio1(
            address,
            Some(self.patience),
            &self.hello,
            from_the_start,
            None,
        );
        let mut smtp = connecting.await.map_err(|error| Stopped::new(Step::Connect, &error))?;
        if let (Tls::StartTls, Some(tls)) = (self.server.tls, &self.tls) {
            if !smtp.can_starttls() {
                let why = "the server offers no STARTTLS; nothing was sent in clear";
                return Err(Stopped::because(Step::Tls, Trouble::Operator, why));
            }
            let upgraded = smtp.starttls(tls.clone(), &self.hello).await;
            upgraded.map_err(|error| Stopped::new(Step::Tls, &error))?;
        }
        if let Some(login) = &self.server.login {
            let password = login.password.expose_secret().to_owned();
            let login = Credentials::new(login.user.clone(), password);
            let logged_in = smtp.auth(&[Mechanism::Plain, Mechanism::Login], &login).await;
            logged_in.map_err(|error| Stopped::new(Step::Login, &error))?;
        }
        Ok(Connection { smtp, mails: 0, since: Instant::now() })
    }

    async fn hand_over(
        &self,
        mut connection: Connection,
        mail: &Composed,
        handed_over: &AtomicBool,
    ) -> Result<(), Stopped> {
        let outcome = talk(&mut connection.smtp, mail, handed_over).await;
        connection.mails += 1;
        connection.since = Instant::now();
        match &outcome {
            Ok(()) if connection.mails < MAILS_A_CONNECTION => {
                self.resting.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            }
            Err(Stopped { code: None | Some(421), .. }) => {}
            // What a server says to a good-bye changes nothing.
            Ok(()) | Err(_) => drop(timeout(MOMENT, connection.smtp.quit()).await),
        }
        outcome
    }
}

fn late() -> Failure {
    Failure { trouble: Trouble::Unreachable, why: "mail: no answer in time".to_owned() }
}

/// MAIL, RCPT, DATA, the mail. `handed_over` is set before the last dot is written.
async fn talk(
    smtp: &mut AsyncSmtpConnection,
    mail: &Composed,
    handed_over: &AtomicBool,
) -> Result<(), Stopped> {
    let from = Mail::new(mail.envelope.from().cloned(), Vec::new());
    smtp.command(from).await.map_err(|error| Stopped::new(Step::From, &error))?;
    for to in mail.envelope.to() {
        let to = Rcpt::new(to.clone(), Vec::new());
        smtp.command(to).await.map_err(|error| Stopped::new(Step::To, &error))?;
    }
    let go = smtp.command(Data).await.map_err(|error| Stopped::new(Step::Data, &error))?;
    if !go.has_code(354) {
        let why = "DATA was not answered with 354";
        return Err(Stopped::because(Step::Data, Trouble::Unreachable, why));
    }
    let last_dot = std::iter::from_fn(|| {
        handed_over.store(true, Ordering::Relaxed);
        None
    });
    let answer = smtp.message_iter(mail.bytes.chunks(CHUNK).chain(last_dot)).await;
    let answer = answer.map_err(|error| {
        let ended = handed_over.load(Ordering::Relaxed);
        Stopped::new(if ended { Step::End } else { Step::Data }, &error)
    })?;
    if answer.code().severity != Severity::PositiveCompletion {
        let why = "the end of the mail was not answered with 250";
        return Err(Stopped::because(Step::End, Trouble::Unknown, why));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::SocketAddr;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use lettre::address::Envelope;
    use lettre::transport::smtp::client::AsyncTokioStream;
    use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};

    use super::*;
    use crate::domain::delivery::MessageRef;

    /// A line that holds little, so that what is not read is not written.
    #[derive(Debug)]
    struct Line(DuplexStream);

    impl AsyncRead for Line {
        fn poll_read(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            into: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_read(context, into)
        }
    }

    impl AsyncWrite for Line {
        fn poll_write(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            from: &[u8],
        ) -> Poll<io::Result<usize>> {
            Pin::new(&mut self.0).poll_write(context, from)
        }

        fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_flush(context)
        }

        fn poll_shutdown(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_shutdown(context)
        }
    }

    impl AsyncTokioStream for Line {
        fn peer_addr(&self) -> io::Result<SocketAddr> {
            Err(io::ErrorKind::Unsupported.into())
        }
    }

    /// Answers each command in turn, reads so much of the mail, and ends.
    async fn serve(mut line: DuplexStream, most: usize) {
        line.write_all(b"220 x\r\n").await.unwrap();
        for answer in ["250 x", "250 from", "250 to", "354 go"] {
            let mut command = Vec::new();
            while !command.ends_with(b"\r\n") {
                command.push(line.read_u8().await.unwrap());
            }
            line.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
        }
        let mut mail = Vec::new();
        while mail.len() < most && !mail.ends_with(b"\r\n.\r\n") {
            mail.push(line.read_u8().await.unwrap());
        }
    }

    async fn cut_after(most: usize) -> Step {
        let (ours, theirs) = tokio::io::duplex(64);
        let hello = ClientId::Domain("example.com".to_owned());
        let talking = async {
            let stream = Box::new(Line(ours));
            let mut smtp =
                AsyncSmtpConnection::connect_with_transport(stream, &hello).await.unwrap();
            let address: lettre::Address = "a@example.com".parse().unwrap();
            let envelope = Envelope::new(Some(address.clone()), vec![address]).unwrap();
            let bytes = b"x\r\n".repeat(20_000);
            let mail = Composed { envelope, bytes, id: MessageRef(String::new()) };
            talk(&mut smtp, &mail, &AtomicBool::new(false)).await.unwrap_err().step
        };
        let (step, ()) = tokio::join!(talking, serve(theirs, most));
        step
    }

    #[tokio::test]
    async fn a_connection_that_ends_before_the_last_dot_leaves_no_doubt_and_after_it_does() {
        assert_eq!(cut_after(0).await, Step::Data);
        assert_eq!(cut_after(50_000).await, Step::Data);
        assert_eq!(cut_after(usize::MAX).await, Step::End);
    }
}
