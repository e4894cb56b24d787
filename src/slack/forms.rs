//! The forms that open over a chat.

use serde_json::json;
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

/// The form for a line: of a filter if it is one, or else of the line alone.
pub fn of(line: &str) -> SlackView {
    FilterForm::of(line).map_or_else(|| self::line(line), |form| form.view())
}

/// A form with one line, as it would be typed behind `/jobs`.
fn line(line: &str) -> SlackView {
    let input = SlackBlockPlainTextInputElement::new()
        .with_action_id("line".into())
        .with_initial_value(plain(line, 2_900))
        .with_max_length(3_000)
        .with_focus_on_load(true);
    let input = SlackInputBlock::new("As you would type it behind /jobs".into(), input.into())
        .with_block_id("line".into());
    let view = SlackModalView::new("earlybrd".into(), vec![SlackBlock::Input(input)])
        .with_callback_id("line".into())
        .with_submit("Go".into())
        .with_close("Cancel".into());
    SlackView::Modal(view)
}

/// What a form shows while its line is looked at.
pub fn at_work() -> SlackView {
    let mut blocks = Blocks::default();
    blocks.text("One moment…");
    modal(blocks.done("").blocks)
}

/// An answer in a form.
pub fn shown(reply: &Reply) -> SlackView {
    modal(blocks::reply(reply).blocks)
}

fn modal(mut blocks: Vec<SlackBlock>) -> SlackView {
    blocks.truncate(BLOCKS);
    SlackView::Modal(SlackModalView::new("earlybrd".into(), blocks).with_close("Close".into()))
}

/// A home page of these blocks.
pub fn home(blocks: Blocks) -> serde_json::Value {
    json!({ "type": "home", "blocks": blocks.all(BLOCKS) })
}
