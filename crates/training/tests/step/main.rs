//! The training step: what it computes, and that nothing but the step itself changes a run.

mod balance;
mod designs;
mod gradients;
mod state;
