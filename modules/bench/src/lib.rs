//! Exports for `cargo xtask bench`: training a design in a bare loop, with access to everything that another
//! library needs for the same problem. The page itself does not use them.

use mtl_base::json;
use mtl_kernels::{
    fused::Rounding,
    peak::{self, LayerProduct},
};
use mtl_training::benchmark::GpuBenchmark;
use mtl_training::benchmark::{Benchmark, BenchmarkSpec};
use serde_json::json;
use wasm_bindgen::{JsCast, prelude::*};

/// A workload in training.
#[wasm_bindgen]
pub struct Bench(Benchmark);

#[wasm_bindgen]
impl Bench {
    /// Compiles a workload, given as the JSON of a [`BenchmarkSpec`].
    ///
    /// # Errors
    /// When the workload is invalid.
    #[wasm_bindgen(constructor)]
    pub fn new(spec: &str) -> Result<Bench, JsValue> {
        Ok(Self(Benchmark::new(&read(spec)?).map_err(error)?))
    }

    /// Generates the rows, which must precede the first step.
    pub fn draw_rows(&mut self) {
        self.0.draw_rows();
    }

    /// Trains `n` steps and returns the loss before each.
    pub fn steps(&mut self, n: u32) -> Vec<f32> {
        (0..n).map(|_| self.0.step()).collect()
    }

    /// JSON: `{flops_per_step, n_batches, inputs: [node], parameters: [{name, shape, start, end}]}`.
    pub fn about(&self) -> String {
        about(&self.0)
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

/// A workload in training on WebGPU.
#[wasm_bindgen]
pub struct GpuBench(GpuBenchmark);

#[wasm_bindgen]
impl GpuBench {
    /// As [`Bench::new`], on the browser's device.
    ///
    /// # Errors
    /// When the workload is invalid or the device fails.
    pub async fn create(spec: String) -> Result<GpuBench, JsValue> {
        let spec = read(&spec)?;
        Ok(Self(GpuBenchmark::new(&spec).await.map_err(error)?))
    }

    /// Generates the rows and uploads them, which must precede the first step.
    ///
    /// # Errors
    /// When they do not fit.
    pub async fn draw_rows(&mut self) -> Result<(), JsValue> {
        self.0.draw_rows().await.map_err(error)
    }

    /// Trains `n` steps, waits for them and returns the loss before each.
    ///
    /// # Errors
    /// When the device fails.
    pub async fn steps(&mut self, n: u32) -> Result<Vec<f32>, JsValue> {
        self.0.steps(n).await.map_err(error)
    }

    /// JSON: `{flops_per_step, n_batches, inputs: [node], parameters: [{name, shape, start, end}]}`.
    pub fn about(&self) -> String {
        about(self.0.benchmark())
    }
}

fn error(error: impl std::fmt::Display) -> JsValue {
    JsValue::from(error.to_string())
}

fn read(spec: &str) -> Result<BenchmarkSpec, JsValue> {
    json::read(spec).map_err(error)
}

/// What `about` of both workloads returns.
fn about(benchmark: &Benchmark) -> String {
    let model = benchmark.model();
    let parameters = model.parameters().iter().map(|parameter| {
        json!({
            "name": parameter.name,
            "shape": parameter.shape,
            "start": parameter.range.start,
            "end": parameter.range.end,
        })
    });
    json::write(&json!({
        "flops_per_step": benchmark.flops_per_step(),
        "n_batches": benchmark.batches().len(),
        "inputs": model.inputs().iter().map(|slot| slot.node).collect::<Vec<_>>(),
        "parameters": parameters.collect::<Vec<_>>(),
    }))
}

/// Floating-point operations per second on registers alone, with fused multiply-adds if requested and available.
#[wasm_bindgen]
pub fn bench_peak(fuse: bool) -> f64 {
    peak::peak_flops_per_s(&clock_ms(), Rounding::fused_if(fuse))
}

/// The same for a product of a dense layer: 0 forward, 1 gradient of its input, 2 of its weights.
#[wasm_bindgen]
pub fn bench_product(which: usize, batch: usize, units: usize, inputs: usize, fuse: bool) -> f64 {
    let (product, size) = (LayerProduct::ALL[which % 3], [batch, units, inputs]);
    peak::product_flops_per_s(&clock_ms(), product, size, Rounding::fused_if(fuse))
}

/// The clock of this worker.
fn clock_ms() -> impl Fn() -> f64 {
    let scope: web_sys::WorkerGlobalScope = js_sys::global().unchecked_into();
    let performance = scope.performance().expect("every worker has a clock");
    move || performance.now()
}
