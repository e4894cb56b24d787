//! The forms that open over a chat.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use slack_morphism::prelude::{
    SlackBlock, SlackBlockPlainTextInputElement, SlackInputBlock, SlackModalView, SlackView,
};

use super::blocks::{self, Blocks};
use super::filter_form::FilterForm;
use super::text::plain;
use crate::domain::reply::Reply;

/// Blocks of a form.
const BLOCKS: usize = 100;

/// Where a form's line comes back.
pub const LINE: &str = "/view/state/values/line/line/value";

/// What a form keeps of where it was opened.
#[derive(Serialize, Deserialize)]
struct Kept {
    channel: Option<String>,
}

/// The channel over which a form was opened, where others read, too: Slack does not say it again.
pub fn channel(payload: &Json) -> Option<String> {
    let kept = payload.pointer("/view/private_metadata")?.as_str()?;
    serde_json::from_str::<Kept>(kept).ok()?.channel
}

/// The form for a line: of a filter if it is one, or else of the line alone.
pub fn of(line: &str, channel: Option<&str>) -> SlackView {
    match FilterForm::of(line, channel) {
        Some(form) => form.view(),
        None => self::line(line, channel),
    }
}

/// A form with one line, as it would be typed behind `/jobs`.
fn line(line: &str, channel: Option<&str>) -> SlackView {
    let input = SlackBlockPlainTextInputElement::new()
        .with_action_id("line".into())
        .with_initial_value(plain(line, 2_900))
        .with_max_length(3_000)
        .with_focus_on_load(true);
    let input = SlackInputBlock::new("As you would type it behind /jobs".into(), input.into())
        .with_block_id("line".into());
    let view = SlackModalView::new("earlybrd".into(), vec![SlackBlock::Input(input)])
        .with_callback_id("line".into())
        .with_private_metadata(kept(channel))
        .with_submit("Go".into())
        .with_close("Cancel".into());
    SlackView::Modal(view)
}

/// What a form shows while its line is looked at.
pub fn at_work(channel: Option<&str>) -> SlackView {
    let mut blocks = Blocks::default();
    blocks.text("One moment…");
    modal(blocks.done("").blocks, channel)
}

/// An answer in a form.
pub fn shown(reply: &Reply, channel: Option<&str>) -> SlackView {
    modal(blocks::reply(reply).blocks, channel)
}

fn modal(mut blocks: Vec<SlackBlock>, channel: Option<&str>) -> SlackView {
    blocks.truncate(BLOCKS);
    let view = SlackModalView::new("earlybrd".into(), blocks)
        .with_private_metadata(kept(channel))
        .with_close("Close".into());
    SlackView::Modal(view)
}

fn kept(channel: Option<&str>) -> String {
    let kept = Kept { channel: channel.map(str::to_owned) };
    serde_json::to_string(&kept).unwrap_or_default()
}

/// A home page of these blocks.
pub fn home(blocks: Blocks) -> serde_json::Value {
    json!({ "type": "home", "blocks": blocks.all(BLOCKS) })
}
