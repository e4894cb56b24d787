//! One conversation with the server.

use std::io;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::{Accepted, Act, FakeSmtp, Stage};

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Longest line of a command and of a mail, with its CRLF (RFC 5321, 4.5.3.1).
const COMMAND_LEN: usize = 512;
const LINE_LEN: usize = 1_000;

struct Session<'a> {
    server: &'a FakeSmtp,
    stream: BufReader<Box<dyn Stream>>,
    encrypted: bool,
    greeted: bool,
    logged_in: bool,
    from: Option<String>,
    to: Vec<String>,
}

/// Nobody listens any more, or nobody should.
struct Over;

impl From<io::Error> for Over {
    fn from(_: io::Error) -> Self {
        Self
    }
}

pub async fn serve(server: &FakeSmtp, stream: TcpStream) {
    let smtps = server.shared.setup.smtps;
    let stream: Box<dyn Stream> = if smtps {
        match server.shared.acceptor.accept(stream).await {
            Ok(stream) => Box::new(stream),
            Err(_) => return,
        }
    } else {
        Box::new(stream)
    };
    let mut session = Session {
        server,
        stream: BufReader::new(stream),
        encrypted: smtps,
        greeted: false,
        logged_in: false,
        from: None,
        to: Vec::new(),
    };
    // Whatever ended it, it is over.
    session.talk().await.ok();
}

impl Session<'_> {
    async fn talk(&mut self) -> Result<(), Over> {
        self.answer(Stage::Connect, "220 fake.example ESMTP").await?;
        loop {
            let command = self.line(COMMAND_LEN).await?;
            self.server.seen().commands.push(command.clone());
            let (verb, rest) = command.split_once(' ').unwrap_or((&command, ""));
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" => self.ehlo(rest).await?,
                "STARTTLS" => self.starttls().await?,
                "AUTH" => self.auth(rest).await?,
                "MAIL" => self.mail(rest).await?,
                "RCPT" => self.rcpt(rest).await?,
                "DATA" => self.data().await?,
                "NOOP" => self.answer(Stage::Noop, "250 2.0.0 yes").await.map(drop)?,
                "QUIT" => {
                    self.answer(Stage::Quit, "221 2.0.0 bye").await?;
                    return Ok(());
                }
                _ => self.refuse(&format!("unknown command {verb}")).await?,
            }
        }
    }

    async fn ehlo(&mut self, name: &str) -> Result<(), Over> {
        if name.is_empty() || name.contains(' ') {
            return self.refuse("EHLO without a name").await;
        }
        let setup = &self.server.shared.setup;
        let mut offers = vec!["250-fake.example"];
        if setup.starttls && !self.encrypted {
            offers.push("250-STARTTLS");
        }
        if setup.login.is_some() {
            offers.push("250-AUTH PLAIN LOGIN");
        }
        offers.push("250 ENHANCEDSTATUSCODES");
        self.greeted = self.answer(Stage::Ehlo, &offers.join("\r\n")).await?;
        Ok(())
    }

    async fn starttls(&mut self) -> Result<(), Over> {
        if !self.server.shared.setup.starttls || self.encrypted {
            return self.refuse("STARTTLS was not offered").await;
        }
        if !self.answer(Stage::StartTls, "220 2.0.0 go").await? {
            return Ok(());
        }
        let (nothing, _) = tokio::io::duplex(1);
        let before = std::mem::replace(&mut self.stream, BufReader::new(Box::new(nothing)));
        if !before.buffer().is_empty() {
            self.note("said something before the TLS handshake");
        }
        let stream = self.server.shared.acceptor.accept(before.into_inner()).await?;
        self.stream = BufReader::new(Box::new(stream));
        (self.encrypted, self.greeted) = (true, false);
        Ok(())
    }

    async fn auth(&mut self, rest: &str) -> Result<(), Over> {
        let Some((user, password)) = self.server.shared.setup.login else {
            return self.refuse("AUTH was not offered").await;
        };
        let Some(said) = rest.strip_prefix("PLAIN ") else {
            return self.refuse("AUTH of another kind").await;
        };
        let right = STANDARD.encode(format!("\0{user}\0{password}"));
        let verdict =
            if said == right { "235 2.7.0 welcome" } else { "535 5.7.8 wrong user or password" };
        self.logged_in = self.answer(Stage::Auth, verdict).await? && said == right;
        Ok(())
    }

    async fn mail(&mut self, rest: &str) -> Result<(), Over> {
        if !self.greeted || self.from.is_some() {
            return self.refuse("MAIL out of turn").await;
        }
        if self.server.shared.setup.login.is_some() && !self.logged_in {
            return self.say("530 5.7.0 log in first").await;
        }
        let Some(from) = rest.strip_prefix("FROM:").and_then(path) else {
            return self.refuse("MAIL without FROM:<address>, or with what was not offered").await;
        };
        if self.answer(Stage::Mail, "250 2.1.0 from").await? {
            self.from = Some(from);
        }
        Ok(())
    }

    async fn rcpt(&mut self, rest: &str) -> Result<(), Over> {
        if self.from.is_none() {
            return self.refuse("RCPT out of turn").await;
        }
        let Some(to) = rest.strip_prefix("TO:").and_then(path) else {
            return self.refuse("RCPT without TO:<address>").await;
        };
        if self.answer(Stage::Rcpt, "250 2.1.5 to").await? {
            self.to.push(to);
        }
        Ok(())
    }

    async fn data(&mut self) -> Result<(), Over> {
        if self.to.is_empty() {
            return self.refuse("DATA out of turn").await;
        }
        if !self.answer(Stage::Data, "354 go on").await? {
            return Ok(());
        }
        let mut text = String::new();
        loop {
            let line = self.line(LINE_LEN).await?;
            if line == "." {
                break;
            }
            text += line.strip_prefix('.').unwrap_or(&line);
            text += "\r\n";
        }
        let (from, to) = (self.from.take().unwrap_or_default(), std::mem::take(&mut self.to));
        match self.server.act(Stage::Dot) {
            Some(Act::Late(by)) => tokio::time::sleep(by).await,
            Some(act) => return self.perform(act).await,
            None => {}
        }
        let accepted = Accepted { from, to, text, encrypted: self.encrypted };
        self.server.seen().ledger.push(accepted);
        self.answer(Stage::Taken, "250 2.0.0 taken").await?;
        match self.server.act(Stage::Said) {
            Some(act) => self.perform(act).await,
            None => Ok(()),
        }
    }

    /// Says this, unless something else was told to happen. Whether it was said.
    async fn answer(&mut self, stage: Stage, usual: &str) -> Result<bool, Over> {
        match self.server.act(stage) {
            None => self.say(usual).await.map(|()| true),
            Some(Act::Late(by)) => {
                tokio::time::sleep(by).await;
                self.say(usual).await.map(|()| true)
            }
            Some(act) => self.perform(act).await.map(|()| false),
        }
    }

    async fn perform(&mut self, act: Act) -> Result<(), Over> {
        match act {
            Act::Say(said) => self.say(said).await,
            Act::SayAndClose(said) => {
                self.say(said).await?;
                Err(Over)
            }
            Act::Close | Act::Late(_) => Err(Over),
            Act::Hang => {
                tokio::time::sleep(Duration::from_hours(1)).await;
                Err(Over)
            }
        }
    }

    async fn refuse(&mut self, why: &str) -> Result<(), Over> {
        self.note(why);
        self.say("503 5.5.1 no").await
    }

    fn note(&self, violation: &str) {
        self.server.seen().violations.push(violation.to_owned());
    }

    async fn say(&mut self, said: &str) -> Result<(), Over> {
        self.stream.get_mut().write_all(format!("{said}\r\n").as_bytes()).await?;
        Ok(self.stream.get_mut().flush().await?)
    }

    /// A line without its CRLF. 8BITMIME and SMTPUTF8 are never offered.
    async fn line(&mut self, most: usize) -> Result<String, Over> {
        let mut line = Vec::new();
        if self.stream.read_until(b'\n', &mut line).await? == 0 {
            return Err(Over);
        }
        if line.len() > most {
            self.note(&format!("a line of {} bytes", line.len()));
        }
        if !line.is_ascii() {
            self.note("bytes above 127");
        }
        let Some(text) = line.strip_suffix(b"\r\n") else {
            self.note("a line without CRLF");
            return Err(Over);
        };
        if text.contains(&b'\r') || text.contains(&0) {
            self.note("a bare carriage return, or NUL");
        }
        Ok(String::from_utf8_lossy(text).into_owned())
    }
}

/// The address between angle brackets, with nothing after it: no parameter is offered.
fn path(text: &str) -> Option<String> {
    let address = text.strip_prefix('<')?.strip_suffix('>')?;
    (address.contains('@') && !address.contains(['<', '>', ' '])).then(|| address.to_owned())
}
