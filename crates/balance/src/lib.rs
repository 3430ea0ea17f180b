//! Task balancing: which step several losses make together, as pure functions of losses and gradients.
//!
//! `K` tasks share parameters `θ`. Task `t` has the loss `Lₜ` and the gradient `gₜ = ∂Lₜ/∂θ`, a row of the Jacobian
//! `J` (`K x P`). A method chooses the step `d`, most of them as `d = Σ wₜ gₜ` with weights `w` that follow from the
//! losses or from the Gram matrix `G = J Jᵀ` alone; the `K x K` problems are solved in `f64`. [`BalanceConfig`] lists
//! the methods, one file each in [`methods`]; [`Balancer`] is one of them with what it has learned.
//!
//! ```
//! use mtl_balance::{BalanceConfig, BalanceOptions, Balancer, Needs, Rows, Setup, StepInput};
//!
//! let config = BalanceConfig::from_key("pcgrad").unwrap_or_default();
//! let mut balancer = Balancer::new(&config, &BalanceOptions::default(), &Setup::with_tasks(2));
//! assert_eq!(balancer.needs(), Needs::Gram);
//!
//! // One backward pass for each task: two gradients of three shared parameters, which conflict.
//! let gradients = [-4.0, 1.0, 1.0, 6.0, 1.0, 1.0];
//! let rows = Rows { values: &gradients, stride: 3, columns: &[0..3] };
//! let mut gram = [0.0; 4];
//! rows.gram(None, &mut gram);
//!
//! let input = StepInput { step: 0, losses: &[0.7, 0.3], labelled: &[true, true] };
//! let weights = balancer.weights_from_gram(&input, &gram);
//! assert!((weights[0] - 20.0 / 9.0).abs() < 1e-12);
//!
//! let mut step = [0.0; 3];
//! balancer.combine(&rows, &mut step);
//! // Along the step neither loss grows.
//! for gradient in gradients.chunks(3) {
//!     let slope: f32 = gradient.iter().zip(&step).map(|(g, d)| g * d).sum();
//!     assert!(slope >= 0.0);
//! }
//!
//! // A run saves what was learned and goes on with the same bits.
//! let mut restored = Balancer::new(&config, &BalanceOptions::default(), &Setup::with_tasks(2));
//! restored.restore(&balancer.state())?;
//! # Ok::<(), mtl_balance::StateError>(())
//! ```
//!
//! # Conventions
//! - Losses are those of the tasks over the batch, means over labelled rows, without weights. What a person sets as a
//!   task's weight multiplies what the method gives.
//! - A weight reaches the shared parameters, and with [`BalanceOptions::heads`] a task's own too. The neutral choice
//!   is a head that follows its own loss.
//! - A task without a label in the batch has weight 0 and keeps what it has learned. See
//!   [`Balancer::weights_from_gram`] for one without a gradient. Weights are finite, whatever comes.
//! - A step allocates nothing. Random draws come from a stream of the run's seed and the step's number.

#![warn(missing_docs)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        clippy::disallowed_macros,
        clippy::disallowed_types,
        reason = "tests compare with the platform's functions"
    )
)]

pub mod card;
pub mod methods;
pub mod options;
pub mod solve;
pub mod toy;

mod balancer;
mod problem;
mod rows;

pub use balancer::{Balancer, BalancerState, StateError};
pub use methods::BalanceConfig;
pub use options::BalanceOptions;
pub use problem::{Memory, Needs, Problem, Scratch, Setup, Shape, Slot, StepInput, TaskKind, Total};
pub use rows::Rows;
