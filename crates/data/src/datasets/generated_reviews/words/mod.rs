//! The words of the review grammar, written for this project: four domains in two languages.
//!
//! Polarity runs negative, neutral, positive everywhere. `{a}` in a template stands for an aspect of the domain
//! (screen, breakfast, ...), `{v}` for `is` or `are`, `{g}`, `{b}`, `{m}` for a good, bad or middling adjective and
//! `{i}` for an intensifier, which may be empty.

mod chinese;
mod english;

pub(super) use chinese::CHINESE;
pub(super) use english::ENGLISH;

/// What one language has to say.
pub(super) struct Language {
    pub(super) domains: [Domain; 4],
    /// Adjectives by polarity.
    pub(super) adjectives: [&'static [&'static str]; 3],
    pub(super) intensifiers: &'static [&'static str],
    /// Clauses about an aspect by polarity, without negation.
    pub(super) plain: [&'static [&'static str]; 3],
    /// Clauses about an aspect by polarity that negate an adjective of the other side.
    pub(super) negated: [&'static [&'static str]; 3],
    /// Last sentences by polarity, for any domain.
    pub(super) closings: [&'static [&'static str]; 3],
    pub(super) and: &'static [&'static str],
    pub(super) but: &'static [&'static str],
    pub(super) stops: &'static [&'static str],
    /// What stands between two sentences.
    pub(super) space: &'static str,
}

/// What one language has to say about one domain.
pub(super) struct Domain {
    /// First sentences, without polarity.
    pub(super) openings: &'static [&'static str],
    /// What can be good or bad about it; a trailing `+` marks an English plural.
    pub(super) aspects: &'static [&'static str],
    /// Clauses that belong to this domain alone, by polarity.
    pub(super) clauses: [&'static [&'static str]; 3],
}
