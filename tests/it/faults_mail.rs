//! Faults 47 to 51: what servers refuse, drop and leave open, and what becomes of the mail.

use std::time::Duration;

use chrono::DateTime;
use earlybrd::config::{Login, MailConfig, MailTo, SmtpServer, Tls};
use earlybrd::domain::delivery::Verdict;
use earlybrd::domain::email::Email;
use earlybrd::domain::ids::DeliveryId;
use earlybrd::mail::letter::Letter;
use earlybrd::mail::{Failure, Mail, Memory, Smtp, Transport, Trouble};
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::fakes::smtp::{Act, CERTIFICATE, FakeSmtp, Setup, Stage};

/// How long a server that hangs is waited for.
const PATIENCE: Duration = Duration::from_millis(300);

fn server(fake: &FakeSmtp, tls: Tls) -> SmtpServer {
    // Clients of rustls panic without it; another test may have been quicker.
    rustls::crypto::ring::default_provider().install_default().ok();
    let root = Some(CERTIFICATE.to_vec());
    SmtpServer { host: "localhost".to_owned(), port: fake.port, tls, login: None, root }
}

fn mail_to(server: &SmtpServer) -> Mail {
    let from = "earlybrd <alerts@example.com>".parse().unwrap();
    let to = MailTo::Smtp(server.clone());
    Mail::new(&MailConfig { to, from, mailgun: None }).unwrap()
}

fn impatient(fake: &FakeSmtp) -> Mail {
    let smtp = Smtp::new(&server(fake, Tls::Never), "example.com").unwrap();
    let transport = Transport::Smtp(Box::new(smtp.with_patience(PATIENCE, PATIENCE)));
    Mail { from: "alerts@example.com".parse().unwrap(), transport }
}

pub async fn plain() -> (FakeSmtp, Mail) {
    let fake = FakeSmtp::start(Setup::default()).await;
    let mail = mail_to(&server(&fake, Tls::Never));
    (fake, mail)
}

async fn send_text(mail: &Mail, delivery: i64, text: &str) -> Result<String, Failure> {
    let email = Email {
        subject: "Rust bei Müller".to_owned(),
        text: text.to_owned(),
        html: format!("<pre>{text}</pre>"),
    };
    let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    let letter = Letter {
        to: &"ada@example.org".parse().unwrap(),
        email: &email,
        delivery: DeliveryId(delivery),
        created: now,
        unsubscribe: Some(&"https://example.com/unsubscribe/x".parse().unwrap()),
    };
    mail.send(&letter, now).await.map(|reference| reference.0)
}

async fn send(mail: &Mail, delivery: i64) -> Result<String, Failure> {
    send_text(mail, delivery, "Grüße\r\n.\r\n..x\n").await
}

async fn trouble(mail: &Mail) -> Trouble {
    send(mail, 1).await.unwrap_err().trouble
}

#[tokio::test]
async fn a_mail_arrives_whole_with_its_headers() {
    let (fake, mail) = plain().await;
    let long = format!(".{}\n.\n.. dots\n{}", "x".repeat(3_000), "é".repeat(2_000));
    let reference = send_text(&mail, 7, &long).await.unwrap();
    assert_eq!(reference, "delivery.7.1700000000@example.com");
    let mails = fake.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (mails[0].from.as_str(), &mails[0].to[..]),
        ("alerts@example.com", &["ada@example.org".to_owned()][..])
    );
    for part in [
        "\r\nMessage-ID: <delivery.7.1700000000@example.com>\r\n",
        "\r\nList-Unsubscribe: <https://example.com/unsubscribe/x>\r\n",
        "\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
        "\r\nTo: ada@example.org\r\n",
    ] {
        assert!(mails[0].text.contains(part), "{part}: {}", mails[0].text);
    }
    send(&mail, 8).await.unwrap();
    assert_eq!((fake.mails().len(), fake.connections().0), (2, 1), "over one connection");
}

/// Fault 47.
#[tokio::test]
async fn a_busy_or_greylisting_server_is_asked_again_later_over_a_new_connection() {
    let (fake, mail) = plain().await;
    let stages = [Stage::Connect, Stage::Ehlo, Stage::Mail, Stage::Rcpt, Stage::Data, Stage::Dot];
    for stage in stages {
        for reply in
            ["421 4.3.2 closing", "450 4.2.0 greylisted", "451 4.7.1 later", "452 4.3.1 storage"]
        {
            fake.alone().await;
            fake.at(stage, Act::Say(reply));
            // A connection that rested and says 421 has only ended: it is replaced at once.
            let failure = send(&mail, 1).await.unwrap_err();
            assert_eq!(failure.trouble, Trouble::Busy, "{stage:?} {reply}: {}", failure.why);
            let after = Some(Duration::from_mins(5));
            assert_eq!(failure.verdict(), Verdict::Retry { why: failure.why.clone(), after });
        }
    }
    fake.alone().await;
    send(&mail, 1).await.unwrap();
    assert_eq!(fake.mails().len(), 1);
}

/// Fault 48.
#[tokio::test]
async fn a_permanent_refusal_is_of_the_mailbox_of_us_or_of_the_mail() {
    let (fake, mail) = plain().await;
    for (stage, reply, want) in [
        (Stage::Rcpt, "550 5.1.1 <ada@example.org> no such user", Trouble::Gone),
        (Stage::Rcpt, "550-5.1.10 not\r\n550 5.1.10 found", Trouble::Gone),
        (Stage::Dot, "550 5.1.1 no such user", Trouble::Gone),
        (Stage::Rcpt, "550 5.7.1 blocked", Trouble::Policy),
        (Stage::Dot, "554 5.7.1 spam", Trouble::Policy),
        (Stage::Data, "554 no", Trouble::Policy),
        (Stage::Rcpt, "552 5.2.2 mailbox full", Trouble::Full),
        (Stage::Dot, "552 5.3.4 too big", Trouble::Message),
        (Stage::Mail, "553 5.7.1 not your sender", Trouble::Operator),
        (Stage::Connect, "554 5.7.1 go away", Trouble::Operator),
    ] {
        fake.at(stage, Act::Say(reply));
        let failure = send(&mail, 1).await.unwrap_err();
        assert_eq!(failure.trouble, want, "{stage:?} {reply}");
        assert!(!failure.why.contains('@'), "{}", failure.why);
        fake.alone().await;
    }
    assert!(fake.mails().is_empty());
}

/// Fault 49.
#[tokio::test]
async fn after_the_last_dot_only_an_answer_says_that_a_mail_arrived() {
    for stage in [Stage::Dot, Stage::Taken] {
        for act in [Act::Close, Act::Hang, Act::Say("nonsense"), Act::Say("354 more")] {
            let fake = FakeSmtp::start(Setup::default()).await;
            let mail = impatient(&fake);
            fake.at(stage, act.clone());
            assert_eq!(trouble(&mail).await, Trouble::Unknown, "{stage:?} {act:?}");
            send(&mail, 1).await.unwrap();
            let mails = fake.mails();
            let id = "Message-ID: <delivery.1.1700000000@example.com>";
            assert!(mails.iter().all(|mail| mail.text.contains(id)), "the same for every try");
            assert_eq!(mails.len(), if stage == Stage::Taken { 2 } else { 1 });
        }
    }
}

/// Fault 49.
#[tokio::test]
async fn before_the_last_dot_nothing_was_sent() {
    let stages = [Stage::Connect, Stage::Ehlo, Stage::Mail, Stage::Rcpt, Stage::Data];
    for stage in stages {
        for act in [Act::Close, Act::Hang, Act::Say("nonsense")] {
            let fake = FakeSmtp::start(Setup::default()).await;
            let mail = impatient(&fake);
            fake.at(stage, act.clone());
            assert_eq!(trouble(&mail).await, Trouble::Unreachable, "{stage:?} {act:?}");
        }
    }
    let (fake, mail) = plain().await;
    fake.at(Stage::Data, Act::Say("250 2.0.0 what?"));
    assert_eq!(trouble(&mail).await, Trouble::Unreachable);
    assert!(fake.mails().is_empty());
}

/// Fault 49.
#[tokio::test]
async fn what_follows_the_answer_changes_nothing() {
    let (fake, mail) = plain().await;
    fake.at(Stage::Said, Act::Close);
    send(&mail, 1).await.unwrap();
    fake.alone().await;
    send(&mail, 2).await.unwrap();
    assert_eq!(fake.mails().len(), 2);
}

/// Fault 50.
#[tokio::test]
async fn a_connection_that_the_server_ended_is_replaced_unseen() {
    let (fake, mail) = plain().await;
    send(&mail, 1).await.unwrap();
    fake.at(Stage::Noop, Act::SayAndClose("421 4.4.2 idle"));
    send(&mail, 2).await.unwrap();
    fake.at(Stage::Mail, Act::SayAndClose("421 4.4.2 idle"));
    send(&mail, 3).await.unwrap();
    fake.at(Stage::Mail, Act::Close);
    send(&mail, 4).await.unwrap();
    assert_eq!((fake.mails().len(), fake.connections().0), (4, 4));
}

/// Fault 50.
#[tokio::test]
async fn without_the_tls_that_was_wanted_nothing_is_said() {
    let fake = FakeSmtp::start(Setup { login: Some(("u", "p")), ..Setup::default() }).await;
    let login = Login { user: "u".to_owned(), password: "p".into() };
    let wanted = SmtpServer { login: Some(login), ..server(&fake, Tls::StartTls) };
    assert_eq!(trouble(&mail_to(&wanted)).await, Trouble::Operator);
    assert_eq!(fake.commands(), ["EHLO example.com"]);

    let fake = FakeSmtp::start(Setup { starttls: true, ..Setup::default() }).await;
    let unknown = SmtpServer { root: None, ..server(&fake, Tls::StartTls) };
    assert_eq!(trouble(&mail_to(&unknown)).await, Trouble::Operator);
    let other = SmtpServer { host: "127.0.0.1".to_owned(), ..server(&fake, Tls::StartTls) };
    assert_eq!(trouble(&mail_to(&other)).await, Trouble::Operator);
    fake.at(Stage::StartTls, Act::Say("454 4.7.0 not now"));
    assert_eq!(trouble(&mail_to(&server(&fake, Tls::StartTls))).await, Trouble::Busy);
    assert!(fake.commands().iter().all(|said| !said.starts_with("MAIL")), "{:?}", fake.commands());
}

#[tokio::test]
async fn mail_and_password_are_encrypted_by_starttls_or_from_the_start() {
    for (tls, smtps) in [(Tls::StartTls, false), (Tls::FromTheStart, true)] {
        let setup = Setup { starttls: !smtps, smtps, login: Some(("ada", "p\0ss")) };
        let fake = FakeSmtp::start(setup).await;
        let login = Login { user: "ada".to_owned(), password: "p\0ss".into() };
        let server = SmtpServer { login: Some(login), ..server(&fake, tls) };
        send(&mail_to(&server), 1).await.unwrap();
        let unknown = SmtpServer { root: None, ..server };
        assert_eq!(trouble(&mail_to(&unknown)).await, Trouble::Operator, "{tls:?}");
        let mails = fake.mails();
        assert!(mails.len() == 1 && mails[0].encrypted);
    }
}

/// Fault 50.
#[tokio::test]
async fn a_login_that_fails_is_the_operators_and_no_mail_is_lost() {
    let fake = FakeSmtp::start(Setup { login: Some(("ada", "right")), ..Setup::default() }).await;
    let login = |password: &str| {
        let login = Login { user: "ada".to_owned(), password: password.to_owned().into() };
        mail_to(&SmtpServer { login: Some(login), ..server(&fake, Tls::Never) })
    };
    let failure = send(&login("wrong"), 1).await.unwrap_err();
    assert_eq!(failure.trouble, Trouble::Operator);
    let verdict = failure.verdict();
    assert!(matches!(&verdict, Verdict::Limited { key, .. } if key == "mail"), "{verdict:?}");
    assert_eq!(trouble(&mail_to(&server(&fake, Tls::Never))).await, Trouble::Operator);
    let (other, _) = plain().await;
    let login_there = Login { user: "ada".to_owned(), password: "right".into() };
    let knows_nobody = SmtpServer { login: Some(login_there), ..server(&other, Tls::Never) };
    assert_eq!(trouble(&mail_to(&knows_nobody)).await, Trouble::Operator);
    send(&login("right"), 1).await.unwrap();
    assert_eq!(fake.mails().len(), 1);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_again() {
    let fake = FakeSmtp::start(Setup::default()).await;
    let gone = SmtpServer { port: 9, ..server(&fake, Tls::Never) };
    assert_eq!(trouble(&mail_to(&gone)).await, Trouble::Unreachable);
}

#[tokio::test]
async fn many_mails_at_once_take_few_connections() {
    let fake = FakeSmtp::start(Setup::default()).await;
    // Slower all together than one mail may be.
    let mail = impatient(&fake);
    for _ in 0..50 {
        fake.at(Stage::Dot, Act::Late(PATIENCE / 8));
    }
    let sent = join_all((0..50).map(|delivery| send(&mail, delivery))).await;
    assert!(sent.iter().all(Result::is_ok), "{sent:?}");
    assert_eq!((fake.mails().len(), fake.connections().1), (50, 4), "each once");
}

#[tokio::test]
async fn the_answer_to_the_last_dot_is_waited_for_longer() {
    let fake = FakeSmtp::start(Setup::default()).await;
    let smtp = Smtp::new(&server(&fake, Tls::Never), "example.com").unwrap();
    let transport = Transport::Smtp(Box::new(smtp.with_patience(PATIENCE, PATIENCE * 10)));
    let mail = Mail { from: "alerts@example.com".parse().unwrap(), transport };
    fake.at(Stage::Dot, Act::Late(PATIENCE * 2));
    send(&mail, 1).await.unwrap();
    fake.at(Stage::Data, Act::Late(PATIENCE * 2));
    assert_eq!(
        trouble(&mail).await,
        Trouble::Unreachable,
        "before it nothing is lost by asking anew"
    );
}

#[tokio::test]
async fn a_connection_is_given_up_after_a_hundred_mails() {
    let (fake, mail) = plain().await;
    for delivery in 0..101 {
        send(&mail, delivery).await.unwrap();
    }
    assert_eq!((fake.mails().len(), fake.connections()), (101, (2, 1)));
}

#[tokio::test]
async fn mail_can_go_into_a_folder_or_into_memory() {
    let folder = tempfile::tempdir().unwrap();
    let from = "alerts@example.com".parse().unwrap();
    let to = MailTo::Folder(folder.path().join("out"));
    let mail = Mail::new(&MailConfig { to, from, mailgun: None }).unwrap();
    send(&mail, 7).await.unwrap();
    send(&mail, 7).await.unwrap();
    let files: Vec<_> = std::fs::read_dir(folder.path().join("out")).unwrap().collect();
    assert_eq!(files.len(), 1, "once for each delivery");
    let text = std::fs::read_to_string(folder.path().join("out/delivery-7.eml")).unwrap();
    assert!(text.contains("Message-ID: <delivery.7."));

    let transport = Transport::Memory(Memory::default());
    let mail = Mail { from: "alerts@example.com".parse().unwrap(), transport };
    send(&mail, 7).await.unwrap();
    let Transport::Memory(memory) = &mail.transport else { panic!("memory") };
    assert!(memory.mails().len() == 1 && memory.mails()[0].contains("Message-ID: <delivery.7."));
}

/// Else none of these tests would say much.
#[tokio::test]
async fn the_server_of_these_tests_minds_what_the_standard_forbids() {
    let begun = "EHLO x\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b@x.example>\r\nDATA\r\n";
    for (said, want) in [
        ("EHLO x\n".to_owned(), "without CRLF"),
        ("MAIL FROM:<a@x.example>\r\n".to_owned(), "MAIL out of turn"),
        ("EHLO x\r\nMAIL FROM:<a@x.example> BODY=8BITMIME\r\n".to_owned(), "not offered"),
        ("EHLO x\r\nRCPT TO:<a@x.example>\r\n".to_owned(), "RCPT out of turn"),
        ("EHLO x\r\nDATA\r\n".to_owned(), "DATA out of turn"),
        ("STARTTLS\r\n".to_owned(), "not offered"),
        ("AUTH PLAIN x\r\n".to_owned(), "not offered"),
        (format!("EHLO {}\r\n", "x".repeat(512)), "a line of"),
        (format!("{begun}{}\r\n.\r\n", "x".repeat(999)), "a line of"),
        (format!("{begun}a\nb\r\n.\r\n"), "without CRLF"),
        (format!("{begun}a\rb\r\n.\r\n"), "bare carriage return"),
        (format!("{begun}é\r\n.\r\n"), "above 127"),
    ] {
        let fake = FakeSmtp::start(Setup::default()).await;
        let mut stream = TcpStream::connect(("127.0.0.1", fake.port)).await.unwrap();
        stream.write_all(format!("{said}QUIT\r\n").as_bytes()).await.unwrap();
        let mut answers = Vec::new();
        // It may end before it has read all.
        stream.read_to_end(&mut answers).await.ok();
        fake.alone().await;
        let violations = fake.violations();
        assert!(violations.iter().any(|it| it.contains(want)), "{said:?}: {violations:?}");
    }
}
