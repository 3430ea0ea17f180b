//! The cases of the engine's `gpu_parity` on the browser's WebGPU, and the errors that a device reports.

use mtl_program::gpu::{GpuDevice, GpuError};
use serde_json::json;
use wasm_bindgen::prelude::*;

use crate::gpu::parity::{self, Case};

fn cases(group: &str) -> Vec<Case> {
    match group {
        "every layer" => parity::every_layer(),
        "products" => parity::products(),
        "real sizes" => parity::real_sizes(),
        "wide heads" => parity::wide_heads(),
        _ => Vec::new(),
    }
}

/// A device, and groups of cases to compare on it.
#[wasm_bindgen]
pub struct Parity {
    device: GpuDevice,
}

#[wasm_bindgen]
impl Parity {
    /// Requests a device.
    ///
    /// # Errors
    /// When there is no device.
    pub async fn start() -> Result<Parity, JsError> {
        Ok(Self {
            device: GpuDevice::request().await?,
        })
    }

    /// Compares up to `n` cases of a group from the `first` on the CPU and on the device, with teams of threads or with
    /// independent threads: JSON of `{cases, largest, apart}`, the number of cases, the largest error and the values that
    /// differ by more than the bound.
    pub async fn compare(&self, group: String, first: usize, n: usize, alone: bool) -> String {
        let device = self.device.clone().with_threads_alone(alone);
        let (mut largest, mut apart) = (0.0_f32, Vec::new());
        let cases = cases(&group);
        let cases = || cases.iter().skip(first).take(n);
        for case in cases() {
            match parity::compare(&device, case).await {
                Ok(difference) => largest = largest.max(difference),
                Err(what) => apart.push(what),
            }
        }
        json!({"cases": cases().count(), "largest": largest, "apart": apart}).to_string()
    }

    /// Whether the device needs independent threads.
    pub fn works_alone(&self) -> bool {
        self.device.works_alone()
    }

    /// Misuses the device and returns the error that it reports. The device is unusable afterwards.
    pub async fn misuse(&self) -> String {
        self.device.misuse();
        for _ in 0..500 {
            match self.device.check() {
                Err(error @ GpuError::Refused { .. }) => return format!("refused: {error}"),
                Err(error) => return error.to_string(),
                Ok(()) => sleep(10).await,
            }
        }
        "nothing".to_owned()
    }
}

/// Lets the browser's event loop run.
async fn sleep(duration_ms: i32) {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        let global = js_sys::global();
        let set_timeout = js_sys::Reflect::get(&global, &"setTimeout".into()).unwrap_or_default();
        if let Ok(set_timeout) = set_timeout.dyn_into::<js_sys::Function>() {
            let _ = set_timeout.call2(&JsValue::NULL, &resolve, &duration_ms.into());
        }
    });
    let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
}
