//! The methods: one file each, and one line in the list below.

pub mod aligned_mtl;
pub mod cagrad;
pub mod config;
pub mod conicgrad;
pub mod db_mtl;
pub mod dual_proj;
pub mod dwa;
pub mod equal;
pub mod fairgrad;
pub mod famo;
pub mod fixed;
pub mod gls;
pub mod graddrop;
pub mod gradnorm;
pub mod gradops;
pub mod gradvac;
pub mod imtl_g;
pub mod imtl_l;
pub mod in_proportion;
pub mod in_turn;
pub mod ldc_mtl;
pub mod metabalance;
pub mod mgda;
pub mod nash_mtl;
pub mod pcgrad;
pub mod rlw;
pub mod scale_invariant;
pub mod selective;
pub mod stch;
pub mod uncertainty;
pub mod upgrad;

mod adam;

use mtl_base::settings::Settings;
use mtl_kernels::elementary::exp_f64;

use crate::card::Card;
use crate::problem::{Memory, Needs, Problem, Scratch, Setup, Slot, Total};
use crate::rows::Rows;
use crate::solve::eigen::{self, RANK_TOLERANCE};
use crate::solve::product;
use crate::solve::quadratic::{self, Constraint};

/// What one file of this folder implements.
pub trait Method: Settings {
    /// What it looks at.
    const NEEDS: Needs;
    /// What its published weights add up to.
    const TOTAL: Total;
    /// What a person reads about it.
    const CARD: Card;
    /// What it learns.
    const SLOTS: &'static [Slot] = &[];
    /// Whether it wants the losses over the same rows after the step ([`Method::after_step`]).
    const LOSSES_AFTER: bool = false;

    /// Whether it keeps a gradient for each task ([`Memory::rows`]).
    fn keeps_rows(&self) -> bool {
        false
    }

    /// Puts into `memory` what depends on the settings or the tasks; slots have their starting values already.
    fn start(&self, _setup: &Setup, _memory: &mut Memory) {}

    /// Writes one weight for each task that takes part, and returns the value of the method's own objective where
    /// that is not the weighted sum of the losses. `weights` hold the neutral weight (1, or 1/n for [`Total::Mean`])
    /// on entry.
    fn weigh(
        &self,
        _problem: &Problem<'_>,
        _memory: &mut Memory,
        _scratch: &mut Scratch,
        _weights: &mut [f64],
    ) -> Option<f64> {
        None
    }

    /// Writes the step into the shared columns of `out`. `weights` are those of all tasks, times what a person gives each.
    fn combine(
        &self,
        _problem: &Problem<'_>,
        rows: &Rows<'_>,
        weights: &[f64],
        _memory: &mut Memory,
        _scratch: &mut Scratch,
        out: &mut [f32],
    ) {
        rows.weighted_sum(weights, out);
    }

    /// Learns from the losses over the same rows after the step, one for each task that took part.
    fn after_step(
        &self,
        _problem: &Problem<'_>,
        _losses_after: &[f64],
        _memory: &mut Memory,
        _scratch: &mut Scratch,
    ) {
    }

    /// Learns from the mean losses of the epoch that has ended, one for each task; NaN for a task without a label in
    /// it. `epoch` counts from 1.
    fn end_epoch(&self, _epoch: u64, _mean_losses: &[f64], _memory: &mut Memory) {}
}

macro_rules! methods {
    ($( $module:ident :: $name:ident = $key:literal, [$en:literal, $zh:literal]; )+) => {
        mtl_base::kinds! {
            /// A balancing method and its settings.
            pub enum BalanceConfig by "type" {
                $( #[doc = concat!("See [`", stringify!($module), "`].")] $name($module::$name) = $key, [$en, $zh]; )+
            }
        }

        impl BalanceConfig {
            /// What it looks at.
            pub const fn needs(&self) -> Needs {
                match self { $( Self::$name(_) => <$module::$name as Method>::NEEDS ),+ }
            }

            /// What its published weights add up to.
            pub const fn total(&self) -> Total {
                match self { $( Self::$name(_) => <$module::$name as Method>::TOTAL ),+ }
            }

            /// What a person reads about it.
            pub const fn card(&self) -> &'static Card {
                match self { $( Self::$name(_) => &<$module::$name as Method>::CARD ),+ }
            }

            /// The vectors that it learns.
            pub const fn slots(&self) -> &'static [Slot] {
                match self { $( Self::$name(_) => <$module::$name as Method>::SLOTS ),+ }
            }

            /// Whether it wants the losses over the same rows after the step.
            pub const fn needs_losses_after(&self) -> bool {
                match self { $( Self::$name(_) => <$module::$name as Method>::LOSSES_AFTER ),+ }
            }

            /// Whether it keeps a gradient for each task.
            pub fn keeps_rows(&self) -> bool {
                match self { $( Self::$name(method) => method.keeps_rows() ),+ }
            }

            pub(crate) fn start(&self, setup: &Setup, memory: &mut Memory) {
                match self { $( Self::$name(method) => method.start(setup, memory) ),+ }
            }

            pub(crate) fn weigh(
                &self,
                problem: &Problem<'_>,
                memory: &mut Memory,
                scratch: &mut Scratch,
                weights: &mut [f64],
            ) -> Option<f64> {
                match self { $( Self::$name(method) => method.weigh(problem, memory, scratch, weights) ),+ }
            }

            pub(crate) fn combine(
                &self,
                problem: &Problem<'_>,
                rows: &Rows<'_>,
                weights: &[f64],
                memory: &mut Memory,
                scratch: &mut Scratch,
                out: &mut [f32],
            ) {
                match self {
                    $( Self::$name(method) => method.combine(problem, rows, weights, memory, scratch, out) ),+
                }
            }

            pub(crate) fn after_step(
                &self,
                problem: &Problem<'_>,
                losses_after: &[f64],
                memory: &mut Memory,
                scratch: &mut Scratch,
            ) {
                match self { $( Self::$name(method) => method.after_step(problem, losses_after, memory, scratch) ),+ }
            }

            pub(crate) fn end_epoch(&self, epoch: u64, mean_losses: &[f64], memory: &mut Memory) {
                match self { $( Self::$name(method) => method.end_epoch(epoch, mean_losses, memory) ),+ }
            }
        }
    };
}

methods! {
    equal::Equal = "equal", ["Equal weights", "等权"];
    fixed::Fixed = "fixed", ["Fixed weights", "固定权重"];
    uncertainty::Uncertainty = "uncertainty", ["Uncertainty weighting", "不确定性加权"];
    dwa::Dwa = "dwa", ["Dynamic weight average", "动态加权平均（DWA）"];
    rlw::Rlw = "rlw", ["Random loss weighting", "随机损失加权（RLW）"];
    gls::Gls = "gls", ["Geometric loss", "几何损失（GLS）"];
    scale_invariant::ScaleInvariant = "scale_invariant", ["Sum of logarithms", "对数损失之和"];
    imtl_l::ImtlL = "imtl_l", ["IMTL-L", "IMTL-L"];
    stch::Stch = "stch", ["STCH", "STCH"];
    famo::Famo = "famo", ["FAMO", "FAMO"];
    ldc_mtl::LdcMtl = "ldc_mtl", ["LDC-MTL", "LDC-MTL"];
    gradnorm::GradNorm = "gradnorm", ["GradNorm", "GradNorm"];
    mgda::Mgda = "mgda", ["MGDA", "MGDA"];
    pcgrad::PcGrad = "pcgrad", ["PCGrad", "PCGrad"];
    gradvac::GradVac = "gradvac", ["Gradient vaccine", "梯度疫苗（GradVac）"];
    graddrop::GradDrop = "graddrop", ["GradDrop", "GradDrop"];
    cagrad::CaGrad = "cagrad", ["CAGrad", "CAGrad"];
    imtl_g::ImtlG = "imtl_g", ["IMTL-G", "IMTL-G"];
    nash_mtl::NashMtl = "nash_mtl", ["Nash-MTL", "Nash-MTL"];
    fairgrad::FairGrad = "fairgrad", ["FairGrad", "FairGrad"];
    aligned_mtl::AlignedMtl = "aligned_mtl", ["Aligned-MTL", "Aligned-MTL"];
    upgrad::UpGrad = "upgrad", ["UPGrad", "UPGrad"];
    dual_proj::DualProj = "dual_proj", ["DualProj", "DualProj"];
    config::Config = "config", ["ConFIG", "ConFIG"];
    db_mtl::DbMtl = "db_mtl", ["DB-MTL", "DB-MTL"];
    metabalance::MetaBalance = "metabalance", ["MetaBalance", "MetaBalance"];
    conicgrad::ConicGrad = "conicgrad", ["ConicGrad", "ConicGrad"];
    gradops::GradOps = "gradops", ["GradOPS", "GradOPS"];
    in_turn::InTurn = "in_turn", ["One task in turn", "任务轮流训练"];
    in_proportion::InProportion = "in_proportion", ["One task in proportion", "按比例抽取任务"];
    selective::Selective = "selective", ["Selective task groups", "选择性任务分组更新"];
}

impl Default for BalanceConfig {
    fn default() -> Self {
        Self::Equal(equal::Equal::default())
    }
}

/// Turns logarithms into shares that add up to 1.
fn softmax(values: &mut [f64]) {
    let largest = values
        .iter()
        .fold(f64::NEG_INFINITY, |largest, value| largest.max(*value));
    let mut sum = 0.0;
    for value in &mut *values {
        *value = exp_f64(*value - largest);
        sum += *value;
    }
    for value in values {
        *value /= sum;
    }
}

/// Writes the cosines between the gradients into `matrix`, with `ridge` added to their diagonal.
fn cosines(problem: &Problem<'_>, ridge: f64, matrix: &mut [f64]) {
    let n = problem.n();
    for i in 0..n {
        for j in 0..n {
            matrix[i * n + j] = if i == j {
                1.0 + ridge
            } else {
                problem.product(i, j) / (problem.square(i).sqrt() * problem.square(j).sqrt())
            };
        }
    }
}

/// Writes weights `(C⁺ 1)ₜ / ‖gₜ‖` with the cosines `C`: their sum of gradients has the same cosine with all of them,
/// where there is such a direction.
fn equal_projections(problem: &Problem<'_>, scratch: &mut Scratch, weights: &mut [f64]) {
    let n = problem.n();
    let [matrix, vectors, ..] = &mut scratch.matrices;
    let ones = &mut scratch.vectors[0][..n];
    cosines(problem, 0.0, matrix);
    ones.fill(1.0);
    eigen::pseudo_inverse(
        &mut matrix[..n * n],
        &mut vectors[..n * n],
        ones,
        RANK_TOLERANCE,
        weights,
    );
    for (i, weight) in weights.iter_mut().enumerate() {
        *weight /= problem.square(i).sqrt();
    }
}

/// Writes into `vectors[1]` the `v` that minimises `vᵀ (G / tr G + ridge) v` subject to `v >= l`, with `l` in
/// `vectors[0]`: the projection of `Jᵀ l` onto the cone of steps along which no loss grows is `Jᵀ v`.
fn project_onto_dual_cone(problem: &Problem<'_>, ridge: f64, scratch: &mut Scratch) {
    let n = problem.n();
    let [matrix, system, ..] = &mut scratch.matrices;
    let [bounds, solution, slope, work, slopes, ..] = &mut scratch.vectors;
    let (bounds, solution) = (&bounds[..n], &mut solution[..n]);
    let slope = &mut slope[..n];
    let trace: f64 = (0..n).map(|i| problem.square(i)).sum();
    for i in 0..n {
        for j in 0..n {
            matrix[i * n + j] = problem.product(i, j) / trace + if i == j { ridge } else { 0.0 };
        }
    }
    let matrix = &matrix[..n * n];
    // Of u = v - l, which is not negative.
    product(matrix, bounds, slope);
    let work = quadratic::Workspace {
        system,
        solution: work,
        slopes,
        free: &mut scratch.order,
    };
    quadratic::minimize(
        matrix,
        slope,
        Constraint::NonNegative,
        quadratic::RIDGE,
        solution,
        work,
    );
    for (value, bound) in solution.iter_mut().zip(bounds) {
        *value += bound;
    }
}
