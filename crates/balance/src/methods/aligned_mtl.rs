//! Aligned-MTL (Senushkin et al. 2023): the singular values of the Jacobian are made equal.
//!
//! `G = V Λ Vᵀ` with rank `r`; `w = √σ V Λ^(-½) Vᵀ p` with equal preferences `p = 1/K` and `σ` the smallest (or the
//! median, or the mean of) `λ₁ ... λ_r`: the step is `p` times the Jacobian whose singular values are all `√σ`, which
//! is perfectly conditioned.

use mtl_base::choice;
use mtl_base::text::Text;

use super::Method;
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Total};
use crate::solve::eigen::{self, RANK_TOLERANCE};

choice! {
    /// What the singular values become.
    pub enum Scale {
        /// The smallest.
        Min = "min", ["smallest", "最小值"];
        /// The median (the lower one of two).
        Median = "median", ["median", "中位数"];
        /// The root of their mean square.
        Rmse = "rmse", ["root mean square", "均方根"];
    }
}

mtl_base::settings! {
    /// Settings of Aligned-MTL.
    pub struct AlignedMtl {
        /// What the singular values become.
        scale: Scale = Scale::Min, Choice { options: Scale::OPTIONS },
            ["Singular values become", "奇异值统一为"],
            ["With the smallest, convergence is proved; steps are short where gradients are nearly linearly dependent.", "取最小值有收敛保证，但梯度近似线性相关时步长很短。"];
    }
}

impl Method for AlignedMtl {
    const NEEDS: Needs = Needs::Gram;
    const TOTAL: Total = Total::Mean;
    const CARD: Card = Card {
        formula: "G = V Λ Vᵀ,  w = √λ_min · V Λ^(−½) Vᵀ p,  p = 1/K",
        summary: Text::new(
            "Removes dominance and conflict at once by giving the principal components of the gradients equal size.",
            "使梯度各主成分大小一致，同时消除主导与冲突。",
        ),
        caveat: Text::new(
            "The smallest component sets the length: two tasks with nearly equal gradients make tiny steps.",
            "最小主成分决定步长：两个任务梯度几乎相同时步长极小。",
        ),
        cost: Cost::BackwardPerTask,
        paper: Paper {
            authors: "Senushkin, Patakin, Kuznetsov, Konushin",
            title: "Independent Component Alignment for Multi-Task Learning",
            year: 2023,
            arxiv: Some("2305.19000"),
        },
    };

    fn weigh(
        &self,
        problem: &Problem<'_>,
        _memory: &mut Memory,
        scratch: &mut Scratch,
        weights: &mut [f64],
    ) -> Option<f64> {
        let n = problem.n();
        let [matrix, vectors, ..] = &mut scratch.matrices;
        let values = &mut scratch.vectors[0][..n];
        matrix[..n * n].copy_from_slice(problem.gram);
        eigen::decompose(&mut matrix[..n * n], &mut vectors[..n * n], n);
        let largest = (0..n).fold(0.0_f64, |largest, k| largest.max(matrix[k * n + k]));
        let is_kept = |k: usize| matrix[k * n + k] > RANK_TOLERANCE * largest;
        let mut rank = 0;
        for k in (0..n).filter(|k| is_kept(*k)) {
            values[rank] = matrix[k * n + k];
            rank += 1;
        }
        let values = &mut values[..rank];
        values.sort_unstable_by(f64::total_cmp);
        let level = match self.scale {
            Scale::Min => values[0],
            Scale::Median => values[(rank - 1) / 2],
            Scale::Rmse => values.iter().sum::<f64>() / rank as f64,
        };
        weights.fill(0.0);
        for k in (0..n).filter(|k| is_kept(*k)) {
            let part: f64 = (0..n).map(|i| vectors[i * n + k]).sum::<f64>() / n as f64;
            let stretch = part * (level / matrix[k * n + k]).sqrt();
            for (i, weight) in weights.iter_mut().enumerate() {
                *weight += stretch * vectors[i * n + k];
            }
        }
        None
    }
}
