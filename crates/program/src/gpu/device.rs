//! The adapter, the device and its health.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::pipelines::bind_group_layout;
use crate::operation::gpu::{GpuError, Kernel};

/// Storage buffers that a kernel may be given.
const N_STORAGE_BUFFERS: u32 = 7;
/// Threads of the largest workgroup.
const N_THREADS: u32 = 256;
/// Bytes of workgroup memory of the hungriest kernel.
const WORKGROUP_BYTES: u32 = 16_384;

/// Compiled kernels.
pub(super) type Pipelines = BTreeMap<Kernel, wgpu::ComputePipeline>;

/// A device, shared by what runs on it. Clones are the same device.
#[derive(Clone, Debug)]
pub struct GpuDevice {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    info: wgpu::AdapterInfo,
    alone: bool,
    pub(super) layout: wgpu::BindGroupLayout,
    /// Kernels that were compiled for a run: the next one need not.
    pipelines: Arc<Mutex<Pipelines>>,
    failure: Arc<Mutex<Option<GpuError>>>,
}

impl GpuDevice {
    /// Asks the browser, or the system, for its fastest adapter and for a device with as large buffers as it gives.
    ///
    /// # Errors
    /// When there is no adapter, it gives no device, or it allows less than every kernel needs.
    pub async fn request() -> Result<Self, GpuError> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let options = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..wgpu::RequestAdapterOptions::default()
        };
        let adapter = instance
            .request_adapter(&options)
            .await
            // What wgpu adds is about what this program was compiled with.
            .map_err(|_| GpuError::NoAdapter)?;
        let offered = adapter.limits();
        let required = |what, needed: u32, limit: u32| {
            if needed <= limit {
                Ok(())
            } else {
                Err(GpuError::Limit {
                    what,
                    needed: needed.into(),
                    limit: limit.into(),
                })
            }
        };
        required(
            "storage buffers",
            N_STORAGE_BUFFERS,
            offered.max_storage_buffers_per_shader_stage,
        )?;
        required(
            "threads per workgroup",
            N_THREADS,
            offered.max_compute_invocations_per_workgroup,
        )?;
        required(
            "bytes of workgroup memory",
            WORKGROUP_BYTES,
            offered.max_compute_workgroup_storage_size,
        )?;
        let limits = wgpu::Limits {
            max_buffer_size: offered.max_buffer_size,
            max_storage_buffer_binding_size: offered.max_storage_buffer_binding_size,
            ..wgpu::Limits::default()
        };
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("training"),
            required_limits: limits,
            ..wgpu::DeviceDescriptor::default()
        };
        let (device, queue) =
            adapter
                .request_device(&descriptor)
                .await
                .map_err(|error| GpuError::NoDevice {
                    reason: error.to_string(),
                })?;
        let failure = Arc::new(Mutex::new(None));
        let (of_errors, of_loss) = (failure.clone(), failure.clone());
        device.on_uncaptured_error(Arc::new(move |error| record(&of_errors, error_of(error))));
        device.set_device_lost_callback(move |_, reason| record(&of_loss, GpuError::Lost { reason }));
        let info = adapter.get_info();
        Ok(Self {
            layout: bind_group_layout(&device),
            pipelines: Arc::default(),
            device,
            queue,
            alone: info.device_type == wgpu::DeviceType::Cpu && !info.name.contains("llvmpipe"),
            info,
            failure,
        })
    }

    /// What the adapter says about itself; a browser may hide it.
    pub fn name(&self) -> String {
        let given = [&self.info.name, &self.info.driver];
        let kind = if self.is_software() { "software" } else { "unnamed" };
        let given = given.into_iter().find(|name| !name.is_empty());
        given.map_or_else(|| kind.to_owned(), Clone::clone)
    }

    /// Whether a program on the CPU plays the GPU.
    pub fn is_software(&self) -> bool {
        self.info.device_type == wgpu::DeviceType::Cpu
    }

    /// Whether every thread works alone: SwiftShader, the program that plays a GPU in Chromium, pays dearly for threads that
    /// wait for each other. Mesa's llvmpipe does not, and ends a thread after 65536 rounds of its loops.
    pub fn works_alone(&self) -> bool {
        self.alone
    }

    /// Chooses between threads that work alone and teams with workgroup memory, whatever the adapter is.
    #[must_use]
    pub fn with_threads_alone(self, alone: bool) -> Self {
        Self { alone, ..self }
    }

    /// Largest buffer that a kernel may be given, in bytes.
    pub fn max_buffer_bytes(&self) -> u64 {
        let limits = self.device.limits();
        limits.max_buffer_size.min(limits.max_storage_buffer_binding_size)
    }

    /// Whether everything has gone well up to now.
    ///
    /// # Errors
    /// The first thing that went wrong.
    pub fn check(&self) -> Result<(), GpuError> {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.clone().map_or(Ok(()), Err)
    }

    /// Takes the device out of use as if it had reported this: for tests of what follows.
    pub fn fail(&self, failure: GpuError) {
        record(&self.failure, failure);
    }

    /// Sends a command that no device carries out, so that it reports an error: for tests of what follows.
    pub fn misuse(&self) {
        let buffer = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("misuse"),
            size: 16,
            usage: wgpu::BufferUsages::UNIFORM,
            mapped_at_creation: false,
        });
        let mut encoder = self
            .device
            .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.clear_buffer(&buffer, 0, None);
        self.queue.submit([encoder.finish()]);
    }

    /// The kernels that are compiled.
    pub(super) fn pipelines(&self) -> MutexGuard<'_, Pipelines> {
        self.pipelines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the device back; what runs on it fails with [`GpuError::Lost`].
    pub fn destroy(&self) {
        self.fail(GpuError::Lost {
            reason: "it was given back".to_owned(),
        });
        self.device.destroy();
    }

    /// A buffer, unless it exceeds what the adapter allows.
    pub(super) fn buffer(
        &self,
        what: &'static str,
        words: usize,
        usage: wgpu::BufferUsages,
    ) -> Result<wgpu::Buffer, GpuError> {
        let size = 4 * words.max(4) as u64;
        let limit = self.max_buffer_bytes();
        if size > limit {
            return Err(GpuError::Limit {
                what,
                needed: size,
                limit,
            });
        }
        Ok(self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(what),
            size,
            usage,
            mapped_at_creation: false,
        }))
    }

    /// Runs `make` and waits for what the device says about it.
    pub(super) async fn checked<T>(&self, make: impl FnOnce() -> Result<T, GpuError>) -> Result<T, GpuError> {
        self.check()?;
        let validation = self.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let memory = self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let made = make();
        let (memory, validation) = (memory.pop(), validation.pop());
        if let Some(error) = memory.await {
            return Err(error_of(error));
        }
        if let Some(error) = validation.await {
            return Err(error_of(error));
        }
        self.check()?;
        made
    }
}

fn error_of(error: wgpu::Error) -> GpuError {
    match error {
        wgpu::Error::OutOfMemory { .. } => GpuError::OutOfMemory,
        wgpu::Error::Validation { description, .. } | wgpu::Error::Internal { description, .. } => {
            GpuError::Refused { reason: description }
        }
    }
}

fn record(failure: &Mutex<Option<GpuError>>, error: GpuError) {
    failure
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get_or_insert(error);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_is_kept_and_each_kind_has_its_name() {
        let source = || "what the system says".into();
        let errors = [
            wgpu::Error::OutOfMemory { source: source() },
            wgpu::Error::Validation {
                source: source(),
                description: "no such buffer".to_owned(),
            },
        ];
        let [memory, refused] = errors.map(error_of);
        assert_eq!(memory, GpuError::OutOfMemory);
        assert_eq!(
            refused,
            GpuError::Refused {
                reason: "no such buffer".to_owned()
            }
        );
        let failure = Mutex::new(None);
        record(&failure, memory.clone());
        record(&failure, refused);
        assert_eq!(failure.into_inner().ok().flatten(), Some(memory));
    }
}
