//! What `cargo xtask bench` calls in the page's own module: a design trained in a bare loop, with everything that another
//! library needs to be given the same problem. The page itself never calls it.

use mtl_engine::kernels::peak;
use mtl_training::benchmark::{Benchmark, BenchmarkSpec};
use serde_json::json;
use wasm_bindgen::prelude::*;

/// A workload under way.
#[wasm_bindgen]
pub struct Bench(Benchmark);

#[wasm_bindgen]
impl Bench {
    /// Compiles a workload, given as the JSON of a [`BenchmarkSpec`].
    ///
    /// # Errors
    /// A text that says what is wrong with it.
    #[wasm_bindgen(constructor)]
    pub fn new(spec: &str) -> Result<Bench, JsValue> {
        let error = |error: &dyn std::fmt::Display| JsValue::from(error.to_string());
        let spec: BenchmarkSpec = serde_json::from_str(spec).map_err(|why| error(&why))?;
        Ok(Self(Benchmark::new(&spec).map_err(|why| error(&why))?))
    }

    /// Draws the rows; a step needs them.
    pub fn draw_rows(&mut self) {
        self.0.draw_rows();
    }

    /// Trains `n` steps and returns the loss before each.
    pub fn steps(&mut self, n: u32) -> Vec<f32> {
        (0..n).map(|_| self.0.step()).collect()
    }

    /// JSON: `{flops_per_step, n_batches, inputs: [node], parameters: [{name, shape, start, end}]}`.
    pub fn about(&self) -> String {
        let model = self.0.model();
        let parameters = model.parameters().iter().map(|parameter| {
            json!({ "name": parameter.name, "shape": parameter.shape, "start": parameter.range.start, "end": parameter.range.end })
        });
        json!({
            "flops_per_step": self.0.flops_per_step(),
            "n_batches": self.0.batches().len(),
            "inputs": model.inputs().iter().map(|slot| slot.node).collect::<Vec<_>>(),
            "parameters": parameters.collect::<Vec<_>>(),
        })
        .to_string()
    }

    /// All parameters, flat.
    pub fn values(&self) -> Vec<f32> {
        self.0.model().values().to_vec()
    }

    /// Ids of an input in a batch; empty for numbers.
    pub fn ids(&self, batch: usize, slot: usize) -> Vec<u32> {
        self.0.batches()[batch].ids[slot].clone()
    }

    /// Numbers of an input in a batch; empty for ids.
    pub fn numbers(&self, batch: usize, slot: usize) -> Vec<f32> {
        self.0.batches()[batch].dense[slot].clone()
    }

    /// Targets of a task in a batch.
    pub fn targets(&self, batch: usize, task: usize) -> Vec<f32> {
        self.0.batches()[batch].targets[task].clone()
    }
}

/// Multiplies and adds on registers alone; returns the number of floating-point operations. The caller holds the clock.
#[wasm_bindgen]
pub fn bench_peak(rounds: u32) -> f64 {
    let (flops, sum) = peak::multiply_add(rounds);
    std::hint::black_box(sum);
    flops
}
