//! Profile of a training step by op. A clock is read between the ops, only in profiled steps.

use mtl_program::specs::Mode;

use super::Model;
use mtl_base::NodeId;

/// Time of one op, summed over the steps of a [`Profile`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OpTime {
    /// Kind of the op.
    pub op: &'static str,
    /// The node that it belongs to.
    pub node: NodeId,
    /// Time of its forward passes, in milliseconds.
    pub forward_ms: f64,
    /// Time of its backward passes, in milliseconds.
    pub backward_ms: f64,
}

/// Times of training steps, summed: a browser's clock is coarser than an op of a small model, and only sums over many steps
/// mean something.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// One entry per op, in the order of the program.
    pub ops: Vec<OpTime>,
    /// Time outside of ops: loading the batch, clearing and completing gradients, regularisers and ties; in
    /// milliseconds.
    pub between_ms: f64,
    /// Time of the parameter update, in milliseconds; added by the caller ([`Profile::time_optimizer`]).
    pub optimizer_ms: f64,
    /// Number of profiled steps.
    pub n_steps: u64,
}

impl Profile {
    /// An empty profile of a model's steps; the only place that allocates.
    pub fn new(model: &Model) -> Self {
        let ops = (0..model.n_ops()).map(|op_idx| {
            let (op, node) = model.op(op_idx);
            OpTime {
                op,
                node,
                forward_ms: 0.0,
                backward_ms: 0.0,
            }
        });
        Self {
            ops: ops.collect(),
            between_ms: 0.0,
            optimizer_ms: 0.0,
            n_steps: 0,
        }
    }

    /// Runs `update` and adds its time. `clock` gives milliseconds.
    pub fn time_optimizer(&mut self, clock: &dyn Fn() -> f64, update: impl FnOnce()) {
        let start_ms = clock();
        update();
        self.optimizer_ms += clock() - start_ms;
    }

    /// Total time, in milliseconds.
    pub fn total_ms(&self) -> f64 {
        let ops: f64 = self.ops.iter().map(|op| op.forward_ms + op.backward_ms).sum();
        ops + self.between_ms + self.optimizer_ms
    }
}

impl Model {
    /// [`Model::forward`] and [`Model::backward`] with the same results, and the time of each op added to `profile`, which
    /// was made for this model. `clock` gives milliseconds. Allocates nothing.
    pub fn profile_step(
        &mut self,
        mode: Mode,
        task_weights: &[f32],
        clock: &dyn Fn() -> f64,
        profile: &mut Profile,
    ) {
        let mut last_ms = clock();
        let mut since = || {
            let now_ms = clock();
            now_ms - std::mem::replace(&mut last_ms, now_ms)
        };
        self.begin_forward(mode);
        profile.between_ms += since();
        for op_idx in 0..profile.ops.len() {
            self.forward_ops(op_idx..op_idx + 1);
            profile.ops[op_idx].forward_ms += since();
        }
        self.begin_backward();
        profile.between_ms += since();
        for op_idx in (0..profile.ops.len()).rev() {
            self.backward_ops(op_idx..op_idx + 1, task_weights);
            profile.ops[op_idx].backward_ms += since();
        }
        self.end_backward();
        self.add_penalty_gradients();
        profile.between_ms += since();
        profile.n_steps += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::{
        design::Design,
        layers::{BinaryHead, Dense, DenseInput},
        model::BuildOptions,
    };
    use mtl_base::{
        schema::{FeatureKind, FeatureSchema, LabelKind, LabelSchema, Schema},
        text::Message,
    };

    fn model() -> Model {
        let name = Message::default();
        let schema = Schema {
            features: vec![FeatureSchema {
                key: "x".into(),
                name: name.clone(),
                kind: FeatureKind::Dense { width: 2 },
            }],
            labels: vec![LabelSchema {
                key: "y".into(),
                name,
                kind: LabelKind::Binary,
                classes: Vec::new(),
            }],
        };
        let mut design = Design::new("two layers");
        let x = design.add("x", DenseInput { feature: "x".into() });
        let dense = design.add("dense", Dense::default());
        let head = design.add(
            "y",
            BinaryHead {
                label: "y".into(),
                ..BinaryHead::default()
            },
        );
        design.connect(x, dense, 0);
        design.connect(dense, head, 0);
        let options = BuildOptions {
            max_rows: 2,
            seed: 1,
            training: true,
        };
        let mut model = Model::build(&design, &schema, &options).unwrap();
        model.batch_mut().dense[0].copy_from_slice(&[0.0, 1.0, 1.0, 0.0]);
        model.batch_mut().targets[0].copy_from_slice(&[0.0, 1.0]);
        model
    }

    #[test]
    fn a_profiled_step_computes_the_same_and_every_tick_is_counted() {
        let (mut plain, mut profiled) = (model(), model());
        let mode = Mode::Train { step: 0 };
        plain.forward(mode);
        plain.backward(&[1.0]);
        let ticks = Cell::new(0.0);
        let clock = || ticks.replace(ticks.get() + 1.0);
        let mut profile = Profile::new(&profiled);
        for _ in 0..3 {
            profiled.profile_step(mode, &[1.0], &clock, &mut profile);
        }
        profile.time_optimizer(&clock, || ());
        assert_eq!(profiled.losses(), plain.losses());
        assert_eq!(profiled.gradients(), plain.gradients());
        // One tick per reading: each op forward and backward, three times between, per step; and the optimizer once.
        assert!(profile.ops.len() >= 3, "{profile:?}");
        for op in &profile.ops {
            assert_eq!((op.forward_ms, op.backward_ms), (3.0, 3.0), "{op:?}");
        }
        assert_eq!(
            (profile.between_ms, profile.optimizer_ms, profile.n_steps),
            (9.0, 1.0, 3)
        );
        assert_eq!(profile.total_ms(), 6.0 * profile.ops.len() as f64 + 10.0);
        let nodes: Vec<_> = profile.ops.iter().map(|op| op.node).collect();
        assert!(nodes.contains(&profiled.parameters()[0].node), "{nodes:?}");
    }
}
