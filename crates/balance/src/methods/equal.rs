//! Equal weights: the sum of the losses, `w = 1`. No balancing, and a strong rival of every method that balances
//! (Kurin et al. 2022).

use mtl_base::text::Text;

use super::Method;
use crate::card::{Card, Cost, Paper};
use crate::problem::{Needs, Total};

mtl_base::settings! {
    /// Equal weights have no settings.
    pub struct Equal {}
}

impl Method for Equal {
    const NEEDS: Needs = Needs::Losses;
    const TOTAL: Total = Total::Sum;
    const CARD: Card = Card {
        formula: "L = Σ Lₜ",
        summary: Text::new(
            "Adds up the losses; the baseline for every other method.",
            "直接相加各任务损失；其他方法都应与它比较。",
        ),
        caveat: Text::new(
            "A task with a large loss or gradient dominates the shared layers, whether it matters or not.",
            "损失或梯度大的任务主导共享层，无论它是否重要。",
        ),
        cost: Cost::OneBackward,
        paper: Paper {
            authors: "Kurin, De Palma, Kostrikov, Whiteson, Kumar",
            title: "In Defense of the Unitary Scalarization for Deep Multi-Task Learning",
            year: 2022,
            arxiv: Some("2201.04122"),
        },
    };
}
