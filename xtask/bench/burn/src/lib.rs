//! A design trained with burn on its `ndarray` backend, in the library's usual style: a module of parameters, the tensor
//! operations of the library, its Adam. Covers the layers of W1, W3, W4 and W6.

use std::collections::HashMap;

use burn::backend::{Autodiff, NdArray};
use burn::module::{Module, Param};
use burn::optim::adaptor::OptimizerAdaptor;
use burn::optim::{Adam, AdamConfig, GradientsParams, Optimizer};
use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor, TensorData, activation, module};
use serde::Deserialize;
use wasm_bindgen::prelude::*;

type Cpu = Autodiff<NdArray<f32>>;

/// Constants of Adam, as in `mtl_training::benchmark`.
const EPSILON: f32 = 1e-10;

#[derive(Deserialize)]
struct Spec {
    design: Design,
    learning_rate: f64,
}

#[derive(Deserialize)]
struct Design {
    nodes: Vec<Node>,
    wires: Vec<Wire>,
}

#[derive(Deserialize)]
struct Node {
    id: u32,
    name: String,
    layer: Layer,
}

#[derive(Deserialize)]
struct Layer {
    #[serde(rename = "type")]
    kind: String,
    activation: Option<String>,
    weight: Option<f32>,
}

#[derive(Deserialize)]
struct Wire {
    id: u32,
    from: End,
    to: End,
}

#[derive(Deserialize)]
struct End {
    node: u32,
    #[serde(default)]
    handle: u32,
}

/// A parameter of the engine: `node/name`, its shape, and its offset among all values.
#[derive(Deserialize)]
struct Parameter {
    name: String,
    shape: Vec<usize>,
    start: usize,
    end: usize,
}

/// All parameters as matrices: a bias has one row.
#[derive(Module, Debug)]
struct Parameters<B: Backend> {
    matrices: Vec<Param<Tensor<B, 2>>>,
}

/// Inputs and labels of a row, by node.
#[derive(Clone)]
enum Column {
    Ids(Tensor<Cpu, 2, Int>),
    Numbers(Tensor<Cpu, 2>),
}

type Batch = HashMap<u32, Column>;

/// A model in training.
#[wasm_bindgen]
pub struct Burn {
    spec: Spec,
    /// Position of a parameter by its name.
    positions: HashMap<String, usize>,
    parameters: Option<Parameters<Cpu>>,
    optimizer: OptimizerAdaptor<Adam, Parameters<Cpu>, Cpu>,
    batches: Vec<Batch>,
    step: usize,
}

#[wasm_bindgen]
impl Burn {
    /// The model of `spec`, with the engine's parameters.
    #[wasm_bindgen(constructor)]
    pub fn new(spec: &str, parameters: &str, values: &[f32]) -> Result<Self, String> {
        let mut spec: Spec = serde_json::from_str(spec).map_err(|error| error.to_string())?;
        spec.design.nodes = in_order(&spec.design)?;
        spec.design.wires.sort_by_key(|wire| wire.id);
        let listed: Vec<Parameter> = serde_json::from_str(parameters).map_err(|error| error.to_string())?;
        let device = Default::default();
        let mut positions = HashMap::new();
        let mut matrices = Vec::new();
        for parameter in listed {
            let [rows, columns] = match parameter.shape[..] {
                [columns] => [1, columns],
                [rows, columns] => [rows, columns],
                _ => return Err(format!("no burn code for the shape of {}", parameter.name)),
            };
            let data = TensorData::new(values[parameter.start..parameter.end].to_vec(), [rows, columns]);
            positions.insert(parameter.name, matrices.len());
            matrices.push(Param::from_tensor(Tensor::from_data(data, &device)));
        }
        let optimizer = AdamConfig::new().with_epsilon(EPSILON).init();
        Ok(Self {
            spec,
            positions,
            parameters: Some(Parameters { matrices }),
            optimizer,
            batches: Vec::new(),
            step: 0,
        })
    }

    /// Begins a batch; `ids` and `numbers` fill it.
    pub fn begin_batch(&mut self) {
        self.batches.push(Batch::new());
    }

    /// The ids of an input, or the classes of a head, of the last batch.
    pub fn ids(&mut self, node: u32, rows: usize, ids: &[u32]) {
        let ids: Vec<i64> = ids.iter().map(|&id| i64::from(id)).collect();
        let shape = [rows, ids.len() / rows];
        self.insert(
            node,
            Column::Ids(Tensor::from_data(
                TensorData::new(ids, shape),
                &Default::default(),
            )),
        );
    }

    /// The numbers of an input, or the targets of a head, of the last batch.
    pub fn numbers(&mut self, node: u32, rows: usize, numbers: &[f32]) {
        let data = TensorData::new(numbers.to_vec(), [rows, numbers.len() / rows]);
        self.insert(
            node,
            Column::Numbers(Tensor::from_data(data, &Default::default())),
        );
    }

    /// Trains `n` steps, batch after batch, and returns the loss before the last of them.
    pub fn steps(&mut self, n: u32) -> Result<f32, String> {
        let mut last = f32::NAN;
        for _ in 0..n {
            let parameters = self.parameters.take().ok_or("the last step failed")?;
            let loss = self.loss(&parameters, &self.batches[self.step % self.batches.len()])?;
            let gradients = GradientsParams::from_grads(loss.backward(), &parameters);
            last = loss.into_scalar();
            self.parameters = Some(
                self.optimizer
                    .step(self.spec.learning_rate, parameters, gradients),
            );
            self.step += 1;
        }
        Ok(last)
    }
}

impl Burn {
    fn insert(&mut self, node: u32, column: Column) {
        if let Some(batch) = self.batches.last_mut() {
            batch.insert(node, column);
        }
    }

    /// The weighted sum of the tasks' losses.
    fn loss(&self, parameters: &Parameters<Cpu>, batch: &Batch) -> Result<Tensor<Cpu, 1>, String> {
        let mut outputs: HashMap<u32, Tensor<Cpu, 2>> = HashMap::new();
        // Sequences, which only embeddings produce and only pooling layers take.
        let mut sequences: HashMap<u32, Tensor<Cpu, 3>> = HashMap::new();
        let mut total: Option<Tensor<Cpu, 1>> = None;
        for node in &self.spec.design.nodes {
            let sources = |handle| self.sources(node.id, handle);
            let input = || {
                sources(0)
                    .first()
                    .and_then(|id| outputs.get(id))
                    .cloned()
                    .ok_or_else(|| unknown(node))
            };
            let parameter = |name: &str| {
                let position = self.positions.get(&format!("{}/{name}", node.name));
                position.map(|&at| parameters.matrices[at].val())
            };
            let linear = |x: Tensor<Cpu, 2>| -> Result<Tensor<Cpu, 2>, String> {
                let y = x.matmul(parameter("kernel").ok_or_else(|| unknown(node))?);
                Ok(match parameter("bias") {
                    Some(bias) => y + bias,
                    None => y,
                })
            };
            let output = match node.layer.kind.as_str() {
                "token_input" | "id_input" => continue,
                "dense_input" => match batch.get(&node.id) {
                    Some(Column::Numbers(numbers)) => numbers.clone(),
                    _ => return Err(unknown(node)),
                },
                "embedding" => {
                    let from = sources(0);
                    let Some(Column::Ids(ids)) = from.first().and_then(|id| batch.get(id)) else {
                        return Err(unknown(node));
                    };
                    let rows =
                        module::embedding(parameter("embeddings").ok_or_else(|| unknown(node))?, ids.clone());
                    let [n_rows, length, width] = rows.dims();
                    if length > 1 {
                        sequences.insert(node.id, rows);
                        continue;
                    }
                    rows.reshape([n_rows, width])
                }
                "global_average_pooling" => {
                    let from = sources(0);
                    let rows = from
                        .first()
                        .and_then(|id| sequences.get(id))
                        .ok_or_else(|| unknown(node))?;
                    rows.clone().mean_dim(1).squeeze_dim(1)
                }
                "dense" => activated(linear(input()?)?, node)?,
                "concatenate" => {
                    let parts = sources(0)
                        .iter()
                        .filter_map(|id| outputs.get(id).cloned())
                        .collect();
                    Tensor::cat(parts, 1)
                }
                "mixture" => {
                    let experts: Vec<Tensor<Cpu, 2>> = sources(0)
                        .iter()
                        .filter_map(|id| outputs.get(id).cloned())
                        .collect();
                    let gate = sources(1)
                        .first()
                        .and_then(|id| outputs.get(id))
                        .cloned()
                        .ok_or_else(|| unknown(node))?;
                    let experts: Tensor<Cpu, 3> = Tensor::stack(experts, 1);
                    let gate: Tensor<Cpu, 3> = gate.unsqueeze_dim(1);
                    gate.matmul(experts).squeeze_dim(1)
                }
                "binary_head" | "classes_head" | "regression_head" => {
                    let logits = linear(input()?)?;
                    let loss = loss(logits, batch.get(&node.id).ok_or_else(|| unknown(node))?, node)?;
                    let loss = loss.mul_scalar(node.layer.weight.unwrap_or(1.0));
                    total = Some(match total {
                        Some(total) => total + loss,
                        None => loss,
                    });
                    continue;
                }
                _ => return Err(unknown(node)),
            };
            outputs.insert(node.id, output);
        }
        total.ok_or_else(|| "the design has no head".to_owned())
    }

    fn sources(&self, node: u32, handle: u32) -> Vec<u32> {
        let wires = self.spec.design.wires.iter();
        wires
            .filter(|wire| wire.to.node == node && wire.to.handle == handle)
            .map(|wire| wire.from.node)
            .collect()
    }
}

fn unknown(node: &Node) -> String {
    format!("no burn code for the layer {} ({})", node.layer.kind, node.name)
}

fn activated(x: Tensor<Cpu, 2>, node: &Node) -> Result<Tensor<Cpu, 2>, String> {
    Ok(match node.layer.activation.as_deref() {
        None | Some("linear") => x,
        Some("relu") => activation::relu(x),
        Some("tanh") => activation::tanh(x),
        Some("sigmoid") => activation::sigmoid(x),
        Some("softmax") => activation::softmax(x, 1),
        Some(other) => return Err(format!("no burn code for the activation {other} ({})", node.name)),
    })
}

/// Mean loss over the rows, from logits.
fn loss(logits: Tensor<Cpu, 2>, target: &Column, node: &Node) -> Result<Tensor<Cpu, 1>, String> {
    Ok(match (node.layer.kind.as_str(), target) {
        ("classes_head", Column::Ids(classes)) => activation::log_softmax(logits, 1)
            .gather(1, classes.clone())
            .mean()
            .neg(),
        ("regression_head", Column::Numbers(targets)) => (logits - targets.clone()).powi_scalar(2).mean(),
        // softplus(z) - y z, without overflow.
        ("binary_head", Column::Numbers(targets)) => {
            let product = logits.clone() * targets.clone();
            let softplus = activation::relu(logits.clone()) + logits.abs().neg().exp().log1p();
            (softplus - product).mean()
        }
        _ => return Err(unknown(node)),
    })
}

/// Nodes in topological order.
fn in_order(design: &Design) -> Result<Vec<Node>, String> {
    let mut waiting: Vec<&Node> = design.nodes.iter().collect();
    let mut order: Vec<&Node> = Vec::new();
    while !waiting.is_empty() {
        let is_ready = |node: &&Node| {
            let mut into = design.wires.iter().filter(|wire| wire.to.node == node.id);
            into.all(|wire| order.iter().any(|earlier| earlier.id == wire.from.node))
        };
        let (ready, later): (Vec<&Node>, Vec<&Node>) = waiting.iter().copied().partition(is_ready);
        if ready.is_empty() {
            return Err("the design has a cycle".to_owned());
        }
        order.extend(ready);
        waiting = later;
    }
    Ok(order.into_iter().map(Node::copy).collect())
}

impl Node {
    fn copy(&self) -> Self {
        Self {
            id: self.id,
            name: self.name.clone(),
            layer: Layer {
                kind: self.layer.kind.clone(),
                activation: self.layer.activation.clone(),
                weight: self.layer.weight,
            },
        }
    }
}
