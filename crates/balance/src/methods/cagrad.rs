//! CAGrad (Liu et al. 2021): the step near the mean gradient that helps the worst-off task most.
//!
//! `d = argmax minₜ ⟨gₜ, d⟩` subject to `‖d - g₀‖ <= c ‖g₀‖`, with the mean gradient `g₀`. The dual is
//! `w = argmin ⟨g_w, g₀⟩ + c ‖g₀‖ ‖g_w‖` over the simplex, `g_w = Σ wₜ gₜ`, and `d = g₀ + c ‖g₀‖ / ‖g_w‖ g_w`. It is
//! solved exactly (see [`conic`]). Where `g_w = 0` the point is Pareto-stationary, and `d = g₀`: unlike MGDA it goes
//! on to the best mean.

use mtl_base::choice;
use mtl_base::text::Text;

use super::Method;
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Total};
use crate::solve::{conic, product, square_norm};

choice! {
    /// What the step is divided by.
    pub enum Rescale {
        /// 1.
        None = "none", ["nothing", "不缩放"];
        /// 1 + c².
        Square = "square", ["1 + c²", "1 + c²"];
        /// 1 + c.
        Linear = "linear", ["1 + c", "1 + c"];
    }
}

mtl_base::settings! {
    /// Settings of CAGrad.
    pub struct CaGrad {
        /// Radius of the ball.
        c: f32 = 0.5, Real { min: 0.0, max: 10.0, step: 0.1 },
            ["Radius c", "半径 c"],
            ["Largest distance of the step from the mean gradient, relative to its length: 0 is the mean gradient, a large c is MGDA.", "更新方向与平均梯度的最大距离（以其长度为单位）：0 即平均梯度，很大时趋于 MGDA。"];
        /// What the step is divided by.
        rescale: Rescale = Rescale::Square, Choice { options: Rescale::OPTIONS },
            ["Divide the step by", "步长缩放"],
            ["The step is longer than the mean gradient by up to 1 + c; libraries divide differently.", "更新最多比平均梯度长 1 + c 倍；各库的缩放方式不同。"];
    }
}

impl Method for CaGrad {
    const NEEDS: Needs = Needs::Gram;
    const TOTAL: Total = Total::Mean;
    const CARD: Card = Card {
        formula: "d = argmax minₜ ⟨gₜ, d⟩,  ‖d − g₀‖ ≤ c ‖g₀‖,  g₀ = mean of gₜ",
        summary: Text::new(
            "Near the mean gradient, takes the step that helps the worst-off task most; still converges to a minimum of the mean loss.",
            "在平均梯度附近选取最能改善最差任务的方向，仍收敛到平均损失的最优点。",
        ),
        caveat: Text::new(
            "Tasks with large gradients dominate the mean gradient and so its neighbourhood; c must be tuned.",
            "平均梯度由梯度大的任务主导，其邻域也是；c 需要调节。",
        ),
        cost: Cost::BackwardPerTask,
        paper: Paper {
            authors: "Liu, Liu, Jin, Stone, Liu",
            title: "Conflict-Averse Gradient Descent for Multi-task Learning",
            year: 2021,
            arxiv: Some("2110.14048"),
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
        let c = f64::from(self.c).max(0.0);
        let [mean, slope, dual, solution, slopes, ..] = &mut scratch.vectors;
        let mean = &mut mean[..n];
        mean.fill(1.0 / n as f64);
        let slope = &mut slope[..n];
        product(problem.gram, mean, slope);
        let mean_norm = square_norm(problem.gram, mean).sqrt();
        let radius = c * mean_norm;
        let [scaled, system, ..] = &mut scratch.matrices;
        let work = conic::Workspace {
            scaled,
            system,
            solution,
            slopes,
            free: &mut scratch.order,
        };
        let dual = &mut dual[..n];
        conic::minimize(problem.gram, slope, radius, dual, work);
        let dual_norm = square_norm(problem.gram, dual).sqrt();
        let stretch = if dual_norm > conic::SMALLEST {
            radius / dual_norm
        } else {
            0.0
        };
        let divisor = match self.rescale {
            Rescale::None => 1.0,
            Rescale::Square => 1.0 + c * c,
            Rescale::Linear => 1.0 + c,
        };
        for (weight, dual) in weights.iter_mut().zip(dual) {
            *weight = (1.0 / n as f64 + stretch * *dual) / divisor;
        }
        None
    }
}
