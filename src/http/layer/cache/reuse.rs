//! Whether a stored response answers a request (RFC 9111 section 4.2, RFC 5861).

use std::time::Duration;

use super::{clock::Moment, control::Asked, object::Object};

/// What a stored response is to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// The answer.
    Answer,
    /// The answer for now, while a newer one is asked for.
    Meanwhile,
    /// None before it was checked.
    Check(Why),
}

/// Why a stored response must be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The client wants it.
    Client,
    /// It is stale.
    Stale,
}

/// Looks what a stored response is to a request.
pub(super) fn judge(object: &Object, asked: &Asked, now: Moment) -> Use {
    let rules = object.facts.rules;
    if rules.no_cache {
        return Use::Check(Why::Stale);
    }
    if asked.no_cache || asked.max_age.is_some_and(|most| object.age(now) > most) {
        return Use::Check(Why::Client);
    }
    let Some(over) = object.staleness(now).filter(|_| object.age(now) >= object.facts.lifetime) else {
        let left = object.facts.lifetime.saturating_sub(object.age(now));
        let fresh = asked.min_fresh.is_none_or(|wanted| left >= wanted);
        return if fresh { Use::Answer } else { Use::Check(Why::Client) };
    };
    if rules.revalidate {
        return Use::Check(Why::Stale);
    }
    if asked.min_fresh.is_some() {
        return Use::Check(Why::Client);
    }
    if rules.while_revalidating > Duration::ZERO && over <= rules.while_revalidating {
        return Use::Meanwhile;
    }
    if !rules.shared && asked.max_stale.is_some_and(|most| over <= most) {
        return Use::Answer;
    }
    Use::Check(Why::Stale)
}
