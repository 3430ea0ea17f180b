//! What a layer is lowered with: shapes, handles, errors, and the builder that declares parameters and values and appends ops to the plan.

mod activation;
mod error;
mod ports;
mod shape;

pub use activation::Activation;
pub use error::LowerError;
pub use ports::{
    ANY_INPUT, ANY_INPUTS, ANY_OUTPUT, Arity, InputPort, NO_INPUTS, NO_OUTPUTS, OutputPort, PortKind,
    SEQUENCE_INPUT, SEQUENCE_OUTPUT, VECTOR_INPUT, VECTOR_OUTPUT,
};
pub use shape::Shape;

use mtl_base::{
    NodeId,
    schema::{FeatureKind, LabelKind, Schema},
};
use mtl_kernels::random::Random;
use mtl_program::{
    ids::{OrderId, ParameterId, SlotId, ValueId},
    plan::Plan,
    specs::{Lifetime, ParameterSpec, Regulariser, SlotSpec, Start, TaskSpec, ValueSpec},
};
use mtl_program::{
    initializers::Initializer,
    operation::Access,
    ops::{self, Op},
    specs::TaskSet,
};

/// Largest number of elements per example of one value.
const MAX_PER_ROW: usize = 1 << 24;

/// The value that a wire carries: shape, location, and mask.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signal {
    /// Shape of one example.
    pub shape: Shape,
    /// Location.
    pub source: Source,
    /// The mask: one number per step, 0 where it is padding, else 1; `None` when no step is masked.
    pub mask: Option<ValueId>,
}

/// Location of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The ids of an input slot.
    Ids(SlotId),
    /// A value of the arena.
    Value(ValueId),
}

impl Signal {
    /// A signal in the arena without a mask.
    pub const fn new(shape: Shape, value: ValueId) -> Self {
        Self {
            shape,
            source: Source::Value(value),
            mask: None,
        }
    }

    /// The same with a mask.
    #[must_use]
    pub const fn masked(mut self, mask: Option<ValueId>) -> Self {
        self.mask = mask;
        self
    }
}

/// The node that is being lowered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeSpec<'a> {
    /// Its id.
    pub id: NodeId,
    /// Its name.
    pub name: &'a str,
    /// Whether its parameters are frozen.
    pub frozen: bool,
    /// Tasks whose losses reach it.
    pub tasks: TaskSet,
    /// Position among the tasks, of a head.
    pub task_idx: usize,
}

/// The plan under construction, as the node that is being lowered sees it.
pub struct Lowering<'a> {
    plan: &'a mut Plan,
    schema: &'a Schema,
    node: NodeSpec<'a>,
}

impl<'a> Lowering<'a> {
    /// Lowers `node` onto the end of `plan`.
    pub fn new(plan: &'a mut Plan, schema: &'a Schema, node: NodeSpec<'a>) -> Self {
        Self { plan, schema, node }
    }

    /// The node that is being lowered.
    pub const fn node(&self) -> NodeId {
        self.node.id
    }

    /// Hash of its id, the key of its random numbers, so that renaming a node does not change them.
    pub fn random_stream(&self) -> u64 {
        Random::stream(0, &self.node.id.0.to_string()).next_u64()
    }

    /// The kind of feature `key`, if `accepts` it.
    pub fn feature(
        &self,
        key: &str,
        accepts: impl Fn(FeatureKind) -> bool,
    ) -> Result<FeatureKind, LowerError> {
        match self.schema.feature(key) {
            Some(feature) if accepts(feature.kind) => Ok(feature.kind),
            Some(feature) => Err(LowerError::FeatureKind {
                key: key.to_owned(),
                got: feature.kind,
            }),
            None => Err(LowerError::UnknownFeature {
                key: key.to_owned(),
                available: self
                    .schema
                    .features
                    .iter()
                    .filter(|feature| accepts(feature.kind))
                    .map(|feature| feature.key.clone())
                    .collect(),
            }),
        }
    }

    /// The kind of label `key`, if `accepts` it.
    pub fn label(&self, key: &str, accepts: impl Fn(LabelKind) -> bool) -> Result<LabelKind, LowerError> {
        match self.schema.label(key) {
            Some(label) if accepts(label.kind) => Ok(label.kind),
            Some(label) => Err(LowerError::LabelKind {
                key: key.to_owned(),
                got: label.kind,
            }),
            None => Err(LowerError::UnknownLabel {
                key: key.to_owned(),
                available: self
                    .schema
                    .labels
                    .iter()
                    .filter(|label| accepts(label.kind))
                    .map(|label| label.key.clone())
                    .collect(),
            }),
        }
    }

    /// A slot of ids.
    pub fn id_slot(&mut self, feature: &str, kind: FeatureKind) -> SlotId {
        self.plan.slots.push(SlotSpec {
            node: self.node.id,
            feature: feature.to_owned(),
            kind,
            value: None,
        });
        SlotId(self.plan.slots.len() - 1)
    }

    /// A slot of `width` numbers.
    pub fn dense_slot(&mut self, feature: &str, width: usize) -> Result<ValueId, LowerError> {
        let value = self.activation(width)?;
        self.plan.values[value.0].differentiable = true;
        self.plan.values[value.0].keeps_gradient = true;
        let kind = FeatureKind::Dense { width };
        self.plan.slots.push(SlotSpec {
            node: self.node.id,
            feature: feature.to_owned(),
            kind,
            value: Some(value),
        });
        Ok(value)
    }

    fn declare(&mut self, per_row: usize, fixed: usize, lifetime: Lifetime) -> Result<ValueId, LowerError> {
        if per_row > MAX_PER_ROW || fixed > MAX_PER_ROW {
            return Err(LowerError::TooLarge {
                got: per_row.max(fixed),
                ceiling: MAX_PER_ROW,
            });
        }
        self.plan.values.push(ValueSpec {
            per_row,
            fixed,
            lifetime,
            differentiable: false,
            keeps_gradient: false,
        });
        Ok(ValueId(self.plan.values.len() - 1))
    }

    /// A value of `per_row` numbers that later ops read.
    pub fn activation(&mut self, per_row: usize) -> Result<ValueId, LowerError> {
        self.declare(per_row, 0, Lifetime::Activation)
    }

    /// A value that only one op's forward and backward use.
    pub fn saved(&mut self, per_row: usize) -> Result<ValueId, LowerError> {
        self.declare(per_row, 0, Lifetime::Saved)
    }

    /// `fixed` numbers, whatever the batch, that only one op's forward and backward use.
    pub fn saved_fixed(&mut self, fixed: usize) -> Result<ValueId, LowerError> {
        self.declare(0, fixed, Lifetime::Saved)
    }

    /// A value that only one op's forward uses.
    pub fn scratch(&mut self, per_row: usize) -> Result<ValueId, LowerError> {
        self.declare(per_row, 0, Lifetime::Scratch)
    }

    /// A value that only one op's backward uses.
    pub fn backward_scratch(&mut self, per_row: usize) -> Result<ValueId, LowerError> {
        self.declare(per_row, 0, Lifetime::BackwardScratch)
    }

    /// `fixed` numbers, whatever the batch, that only one op's backward uses.
    pub fn backward_scratch_fixed(&mut self, fixed: usize) -> Result<ValueId, LowerError> {
        self.declare(0, fixed, Lifetime::BackwardScratch)
    }

    /// An order of rows for a recurrent op over `length` steps.
    pub fn order(&mut self, length: usize) -> OrderId {
        self.plan.orders.push(length);
        OrderId(self.plan.orders.len() - 1)
    }

    /// Keeps the gradient of `value` readable after the backward pass, for attributions.
    pub fn keep_gradient(&mut self, value: ValueId) {
        self.plan.values[value.0].keeps_gradient = true;
    }

    /// Whether the node's parameters are frozen.
    pub const fn is_frozen(&self) -> bool {
        self.node.frozen
    }

    /// A trainable parameter with these initial values.
    pub fn parameter(
        &mut self,
        short_name: &'static str,
        shape: &[usize],
        start: Start,
        regulariser: Regulariser,
    ) -> ParameterId {
        let offset = self.plan.n_parameters();
        let size = shape
            .iter()
            .fold(1_usize, |size, axis| size.saturating_mul(*axis));
        self.plan.parameters.push(ParameterSpec {
            node: self.node.id,
            name: format!("{}/{short_name}", self.node.name),
            short_name,
            shape: shape.to_vec(),
            range: offset..offset.saturating_add(size),
            start,
            regulariser,
            tasks: self.node.tasks,
            trainable: !self.node.frozen,
            sparse: false,
        });
        ParameterId(self.plan.parameters.len() - 1)
    }

    /// A parameter that is not trained, such as running statistics.
    pub fn statistic(
        &mut self,
        short_name: &'static str,
        shape: &[usize],
        start: Initializer,
    ) -> ParameterId {
        let parameter = self.parameter(short_name, shape, Start::Initializer(start), Regulariser::NONE);
        self.plan.parameters[parameter.0].trainable = false;
        parameter
    }

    /// Marks a parameter as sparse: a gradient reaches few of its rows.
    pub fn mark_sparse(&mut self, parameter: ParameterId) {
        self.plan.parameters[parameter.0].sparse = true;
    }

    /// Adds an op; what it writes is differentiable when it has parameters or reads something differentiable.
    pub fn push(&mut self, op: impl Into<Op>) {
        let op = op.into();
        let mut differentiable = false;
        op.visit_parameters(&mut |_| differentiable = true);
        let values = &mut self.plan.values;
        op.visit_values(&mut |access, value| {
            differentiable |= access == Access::Read && values[value.0].differentiable;
        });
        if differentiable {
            op.visit_values(&mut |access, value| {
                if access == Access::Write {
                    values[value.0].differentiable = true;
                }
            });
        }
        self.plan.ops.push(op);
        self.plan.op_nodes.push(self.node.id);
    }

    /// Declares the node's task.
    pub fn task(
        &mut self,
        label: &str,
        kind: LabelKind,
        width: usize,
        weight: f32,
        logits: ValueId,
        output: ValueId,
    ) {
        self.plan.values[output.0].lifetime = Lifetime::Output;
        self.plan.tasks.push(TaskSpec {
            node: self.node.id,
            name: self.node.name.to_owned(),
            label: label.to_owned(),
            kind,
            width,
            weight,
            output,
            logits,
        });
    }

    /// Position of the head among the tasks.
    pub const fn task_idx(&self) -> usize {
        self.node.task_idx
    }

    /// The value of a signal in the arena. Ids have none.
    pub fn value_of(&self, handle: usize, signal: &Signal) -> Result<ValueId, LowerError> {
        match signal.source {
            Source::Value(value) => Ok(value),
            Source::Ids(_) => Err(LowerError::Kind {
                handle,
                expected: PortKind::Any,
                got: signal.shape,
            }),
        }
    }

    /// `value`, or a copy of it when it is among `others`, since the operands of an op must be distinct values.
    pub fn distinct(&mut self, value: ValueId, others: &[ValueId]) -> Result<ValueId, LowerError> {
        if !others.contains(&value) {
            return Ok(value);
        }
        let copy = self.activation(self.plan.values[value.0].per_row)?;
        self.push(ops::Sum {
            terms: vec![(value, 1.0)],
            y: copy,
        });
        Ok(copy)
    }

    /// `f(x W + b)` at each step: the parameters `kernel` and `bias`, and the ops.
    pub fn linear(&mut self, x: &Signal, spec: &LinearSpec) -> Result<Signal, LowerError> {
        self.linear_named(x, spec, ["kernel", "bias"])
    }

    /// As [`Lowering::linear`], with names for the parameters.
    pub fn linear_named(
        &mut self,
        x: &Signal,
        spec: &LinearSpec,
        names: [&'static str; 2],
    ) -> Result<Signal, LowerError> {
        self.linear_shaped(x, spec, names, &[x.shape.width(), spec.units])
    }

    /// As [`Lowering::linear`] over windows of `window` steps: the kernel is `window × inputs × units`.
    pub fn convolution(
        &mut self,
        x: &Signal,
        spec: &LinearSpec,
        window: usize,
    ) -> Result<Signal, LowerError> {
        self.linear_shaped(
            x,
            spec,
            ["kernel", "bias"],
            &[window, x.shape.width() / window, spec.units],
        )
    }

    fn linear_shaped(
        &mut self,
        x: &Signal,
        linear: &LinearSpec,
        names: [&'static str; 2],
        kernel_shape: &[usize],
    ) -> Result<Signal, LowerError> {
        let value = self.value_of(0, x)?;
        let (steps, n_in, n_out) = (x.shape.steps(), x.shape.width(), linear.units);
        let start = Start::Initializer(linear.initializer);
        let kernel = self.parameter(names[0], kernel_shape, start, linear.regulariser);
        let bias_start = Start::Constant(linear.bias_start);
        let bias = linear
            .use_bias
            .then(|| self.parameter(names[1], &[n_out], bias_start, Regulariser::NONE));
        let shape = x.shape.with_width(n_out);
        let y = self.activation(steps.saturating_mul(n_out))?;
        let pre_activation = if linear.activation == Activation::Gelu {
            Some(self.saved(steps.saturating_mul(n_out))?)
        } else {
            None
        };
        let epilogue = match linear.activation {
            Activation::Linear | Activation::Softmax => ops::Epilogue::Identity,
            Activation::Relu => ops::Epilogue::Relu,
            Activation::Gelu => ops::Epilogue::Gelu,
            Activation::Tanh => ops::Epilogue::Tanh,
            Activation::Sigmoid => ops::Epilogue::Sigmoid,
        };
        self.push(ops::Linear {
            x: value,
            kernel,
            bias,
            y,
            pre_activation,
            epilogue,
            steps,
            n_in,
            n_out,
        });
        let mut out = y;
        if linear.activation == Activation::Softmax {
            out = self.activation(steps.saturating_mul(n_out))?;
            self.push(ops::Softmax {
                x: y,
                y: out,
                steps,
                width: n_out,
            });
        }
        Ok(Signal::new(shape, out).masked(x.mask))
    }
}

/// Configuration of [`Lowering::linear`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinearSpec {
    /// Number of outputs.
    pub units: usize,
    /// Activation function f.
    pub activation: Activation,
    /// Whether there is a bias b.
    pub use_bias: bool,
    /// Initialiser of W.
    pub initializer: Initializer,
    /// Initial value of every element of b.
    pub bias_start: f32,
    /// Regulariser of W.
    pub regulariser: Regulariser,
}
