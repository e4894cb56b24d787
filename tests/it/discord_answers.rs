//! Answers that are long or do not arrive at first, and a stand-in that knows less than Discord.

use earlybrd::config::DiscordGateway;
use serde_json::json;

use crate::fakes::discord::{Trick, shown};
use crate::far::{Far, HASTY, event, says, until};
use crate::hall::{ANN, Hall};

#[tokio::test]
async fn a_mistake_far_behind_in_a_long_line_is_pointed_at_within_discords_limits() {
    let hall = Hall::new().await;
    for (word, times) in [("rust ", 418), ("rust ", 736), ("\u{1f980} ", 1_100)] {
        let answer = hall.types(ANN, "watch", &[("looks-for", &word.repeat(times))]).await;
        assert!(shown(&answer).contains("a filter has 2000 at most"), "{}", shown(&answer));
        assert!(shown(&answer).contains(" ^"), "{}", shown(&answer));
    }
}

#[tokio::test]
async fn an_answer_to_a_plain_line_that_was_not_taken_is_brought_again() {
    let far = Far::new().await;
    let replica = far.start(HASTY);
    let mut line = far.begun(far.url.as_str()).await;
    let limited = Trick::Answer(429, Vec::new(), r#"{"retry_after":0.1,"global":false}"#);
    let tricks = [Trick::Answer(503, Vec::new(), "<html>"), Trick::DoneBut(502, ""), limited];
    for (number, trick) in (1..).zip(tricks) {
        far.discord.play("messages", trick);
        let message = json!({ "id": format!("100{number}"), "channel_id": "91", "type": 0,
            "content": "list", "author": { "id": "1", "username": "x" } });
        says(&mut line, event(1 + number, "MESSAGE_CREATE", message)).await;
        until(async || far.discord.calls("91/messages").len() == 2 * number).await;
        until(async || far.discord.posted().len() == number).await;
    }
    replica.stop().await;
}

#[tokio::test]
async fn a_gateway_that_is_named_to_bots_alone_is_found() {
    let far = Far::new().await;
    far.discord.gateway_at(&far.url);
    far.discord.play("gateway", Trick::Refuse(404, 0));
    let replica = far.start_at(DiscordGateway::Discords, HASTY);
    let (_line, said) = far.next().await;
    assert_eq!(said["op"], 2);
    let asked: Vec<String> =
        far.discord.calls("gateway").into_iter().map(|call| call.path).collect();
    assert_eq!(asked, ["gateway", "gateway/bot"]);
    replica.stop().await;
}
