//! ConicGrad (Hassanpour et al. 2025): the step in a cone round the mean gradient that helps the worst-off task most.
//!
//! `d = argmax minₜ ⟨gₜ, d⟩` subject to `cos(d, g₀) >= c` and `‖d‖ = ‖g₀‖`, with the mean gradient `g₀`. The dual is
//! the shortest projection onto the cone of a point `g_w` of the gradients' convex hull; its direction is `d`'s. The
//! projection of `g_w`, with the part `a` along `g₀` and the part `p` across, is `g_w` itself inside of the cone, and
//! of length `c a + √(1 - c²) p` along the cone's edge outside. Both cases are solved exactly (see
//! [`conic`]); the authors take one gradient step on `w` for each step instead. Where no step in
//! the cone helps every task, `d = g₀`.

use mtl_base::text::Text;

use super::Method;
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Total};
use crate::solve::quadratic::{self, Constraint};
use crate::solve::{conic, dot, product, square_norm};

mtl_base::settings! {
    /// Settings of ConicGrad.
    pub struct ConicGrad {
        /// Cosine of the half-angle.
        c: f32 = 0.75, Real { min: 0.0, max: 1.0, step: 0.05 },
            ["Smallest cosine c", "最小余弦 c"],
            ["Smallest cosine of the angle between the step and the mean gradient: 1 is the mean gradient.", "更新方向与平均梯度夹角的余弦下限：1 即平均梯度。"];
    }
}

impl Method for ConicGrad {
    const NEEDS: Needs = Needs::Gram;
    const TOTAL: Total = Total::Mean;
    const CARD: Card = Card {
        formula: "d = argmax minₜ ⟨gₜ, d⟩,  cos(d, g₀) ≥ c,  ‖d‖ = ‖g₀‖,  g₀ = mean of gₜ",
        summary: Text::new(
            "Rotates the mean gradient, by a bounded angle and without changing its length, to help the worst-off task most.",
            "在限定角度内旋转平均梯度（长度不变），使最差任务获益最大。",
        ),
        caveat: Text::new(
            "Tasks with large gradients dominate the mean gradient; a narrow cone then changes little.",
            "平均梯度由梯度大的任务主导；锥较窄时改变有限。",
        ),
        cost: Cost::BackwardPerTask,
        paper: Paper {
            authors: "Hassanpour, Janjua, Zhang, Lavasani, Zhang, Zhou, Gao",
            title: "Fantastic Multi-Task Gradient Updates and How to Find Them In a Cone",
            year: 2025,
            arxiv: Some("2502.00217"),
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
        let c = f64::from(self.c).clamp(0.0, 1.0);
        let s = (1.0 - c * c).max(0.0).sqrt();
        let [across, scaled, system, ..] = &mut scratch.matrices;
        let [mean, along, slope, dual, solution, slopes, zero, ..] = &mut scratch.vectors;
        let (mean, along) = (&mut mean[..n], &mut along[..n]);
        let (slope, dual) = (&mut slope[..n], &mut dual[..n]);
        mean.fill(1.0 / n as f64);
        weights.copy_from_slice(mean);
        let mean_norm = square_norm(problem.gram, mean).sqrt();
        if mean_norm <= conic::SMALLEST {
            return None;
        }
        // ⟨gₜ, g₀⟩ / ‖g₀‖, and the products of what is left of the gradients across g₀.
        product(problem.gram, mean, along);
        for value in along.iter_mut() {
            *value /= mean_norm;
        }
        for i in 0..n {
            slope[i] = c * along[i];
            for j in 0..n {
                across[i * n + j] = problem.product(i, j) - along[i] * along[j];
            }
        }
        // On the edge of the cone.
        let work = conic::Workspace {
            scaled,
            system,
            solution,
            slopes,
            free: &mut scratch.order,
        };
        conic::minimize(&across[..n * n], slope, s, dual, work);
        let (a, p) = (dot(along, dual), square_norm(&across[..n * n], dual).sqrt());
        let reach = c * a + s * p;
        if p * c >= a * s && p > conic::SMALLEST {
            if reach > conic::SMALLEST {
                // d / ‖g₀‖ = c ĝ₀ + s (g_w - a ĝ₀) / p.
                for (weight, dual) in weights.iter_mut().zip(dual.iter()) {
                    *weight = (c - s * a / p) / n as f64 + mean_norm * s / p * dual;
                }
            }
            return None;
        }
        // Inside of it: the shortest vector of the hull.
        zero.fill(0.0);
        let work = quadratic::Workspace {
            system,
            solution,
            slopes,
            free: &mut scratch.order,
        };
        quadratic::minimize(
            problem.gram,
            &zero[..n],
            Constraint::Simplex,
            quadratic::RIDGE,
            dual,
            work,
        );
        let norm = square_norm(problem.gram, dual).sqrt();
        if norm > conic::SMALLEST {
            for (weight, dual) in weights.iter_mut().zip(dual.iter()) {
                *weight = mean_norm / norm * dual;
            }
        }
        None
    }
}
