//! `email`, `to`, and `watch … email`: the address that an account is written to.

use secrecy::ExposeSecret;

use super::{Actor, Context, Failure, Outcome, own_filter};
use crate::db;
use crate::db::emails::{Asked, NewAddress, cell};
use crate::domain::email::EmailAddress;
use crate::domain::ids::TargetId;
use crate::render::replies;
use crate::secrets::Subject;

/// Where cards of a filter go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// To whoever typed.
    Own,
    /// Where it was typed: where others read too, for all of them.
    Here,
    Email,
}

impl Place {
    /// As it is typed.
    pub fn word(self) -> &'static str {
        match self {
            Self::Own => "",
            Self::Here => "here",
            Self::Email => "email",
        }
    }
}

/// What somebody wants of e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    Show,
    Off,
    Address(EmailAddress),
}

pub async fn email(context: &Context, actor: Actor, wanted: Wanted) -> Outcome {
    let Some(keys) = &context.mail_keys else { return Err(replies::no_mail().into()) };
    let known = db::emails::of_account(&context.pool, actor.account).await?;
    match wanted {
        Wanted::Show => {
            let Some((_, sealed)) = known else { return Ok(replies::no_address()) };
            let address = keys.open(cell(actor.account), &sealed);
            let address = address.map_err(|error| Failure::Internal(error.into()))?;
            Ok(replies::address(address.expose_secret()))
        }
        Wanted::Off => {
            let Some((id, _)) = known else { return Ok(replies::no_address()) };
            let now = context.now();
            db::in_tx(&context.pool, async |tx| {
                db::emails::end(tx, id, "you turned e-mail off", now).await
            })
            .await?;
            Ok(replies::mail_is_off())
        }
        Wanted::Address(address) => {
            let folded = address.folded();
            let digests: Vec<Vec<u8>> =
                keys.digests(Subject::Suppressed, &folded).iter().map(|it| it.to_vec()).collect();
            let suppressed = db::suppressed::find(&context.pool, &digests).await?;
            if suppressed.is_some_and(|suppressed| !suppressed.may_be_asked) {
                return Err(replies::address_takes_no_mail().into());
            }
            let sealed = keys.seal(cell(actor.account), address.as_str());
            let sealed = sealed.map_err(|error| Failure::Internal(error.into()))?;
            let digest = keys.digest(Subject::Address, &folded);
            let (new, now) = (NewAddress { digest: &digest, sealed: &sealed }, context.now());
            let asked = db::in_tx(&context.pool, async |tx| {
                db::emails::ask(tx, actor.account, new, now).await
            })
            .await?;
            Ok(match asked {
                Asked::Mail => replies::address_asked(address.as_str()),
                Asked::Confirmed => replies::address_confirmed(address.as_str()),
                Asked::TooOften => return Err(replies::address_too_often().into()),
            })
        }
    }
}

/// The target of a place.
pub async fn target(context: &Context, actor: Actor, place: Place) -> Result<TargetId, Failure> {
    match place {
        Place::Own | Place::Here => Ok(actor.target),
        Place::Email => {
            let target = db::emails::target_of(&context.pool, actor.account).await?;
            Ok(target.ok_or_else(|| {
                if context.mail_keys.is_some() { replies::no_address() } else { replies::no_mail() }
            })?)
        }
    }
}

/// Lets a filter's cards go somewhere else.
pub async fn to(context: &Context, actor: Actor, number: i64, place: Place) -> Outcome {
    let filter = own_filter(context, actor, number).await?;
    let number = actor.number(number);
    if actor.acts_for_all.is_some() && place != Place::Here {
        return Err(replies::stays_in_channels(number, &filter.name).into());
    }
    let target = target(context, actor, place).await?;
    db::in_tx(&context.pool, async |tx| {
        db::filters::begin_change(tx).await?;
        db::own_filters::set_target(tx, filter.id, target).await
    })
    .await?;
    Ok(match place {
        Place::Email => replies::goes_by_email(number, &filter.name),
        // What is one's own does not go where others read.
        Place::Own | Place::Here if actor.here.is_some() => {
            let query = (place == Place::Here).then_some(filter.query.as_str());
            replies::goes_to_you_alone(number, &filter.name, query)
        }
        Place::Own | Place::Here => replies::goes_here(number, &filter.name),
    })
}
