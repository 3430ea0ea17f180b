//! What a person reads about a method before choosing it.

use mtl_base::text::Text;

/// The card of a method.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Card {
    /// What it computes, in one line. `K` tasks with losses `L`, gradients `g` of the shared parameters (rows of
    /// `J`), weights `w`, step `d`, `G = J Jᵀ`.
    pub formula: &'static str,
    /// What it does, in a sentence.
    pub summary: Text,
    /// When it is known not to help.
    pub caveat: Text,
    /// Passes through the network for each step.
    pub cost: Cost,
    /// Where it was published.
    pub paper: Paper,
}

/// Passes through the network for one step with `K` tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// One forward and one backward pass, as without balancing.
    OneBackward,
    /// One backward pass, and a second forward pass over the same rows after the step.
    OneBackwardTwoForward,
    /// One backward pass over the shared part for each task.
    BackwardPerTask,
}

impl Cost {
    /// Backward passes over the shared part with `n_tasks` tasks.
    pub const fn backward_passes(self, n_tasks: usize) -> usize {
        match self {
            Self::OneBackward | Self::OneBackwardTwoForward => 1,
            Self::BackwardPerTask => n_tasks,
        }
    }

    /// Forward passes.
    pub const fn forward_passes(self) -> usize {
        match self {
            Self::OneBackward | Self::BackwardPerTask => 1,
            Self::OneBackwardTwoForward => 2,
        }
    }
}

/// A publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paper {
    /// Who wrote it.
    pub authors: &'static str,
    /// Its title.
    pub title: &'static str,
    /// When it appeared.
    pub year: u16,
    /// Its number at arXiv, where it is there.
    pub arxiv: Option<&'static str>,
}
