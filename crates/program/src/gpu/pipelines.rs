//! Buffers and pipelines of a program.

use std::collections::BTreeMap;

use super::{
    device::{GpuDevice, Pipelines},
    program::Program,
    schedule::MAX_GROUPED,
};
use crate::operation::gpu::{GpuError, RECORD_WORDS, step::STEP_WORDS};

/// Most steps of one submission.
pub(super) const MAX_QUEUED: usize = 16;

/// What depends on the plan's settings.
pub(super) struct Compiled {
    pub(super) program: Program,
    pub(super) arena: wgpu::Buffer,
    pub(super) records: wgpu::Buffer,
    pub(super) steps: wgpu::Buffer,
    pub(super) index: wgpu::Buffer,
    pub(super) pipelines: Pipelines,
}

impl Compiled {
    /// Makes buffers, and the pipelines that the device does not have yet.
    pub(super) fn new(device: &GpuDevice, program: Program) -> Result<Self, GpuError> {
        let limits = device.device.limits();
        let max_groups = limits.max_compute_workgroups_per_dimension;
        let storage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST;
        let uniform = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let pipeline_layout = device
            .device
            .create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: Some("training"),
                bind_group_layouts: &[Some(&device.layout)],
                immediate_size: 0,
            });
        let mut modules = BTreeMap::new();
        let compiled = device.pipelines();
        let mut pipelines = Pipelines::new();
        for dispatch in program.passes.iter().flatten() {
            let kernel = dispatch.kernel;
            if let Some(most) = dispatch.groups.iter().find(|groups| **groups > max_groups) {
                return Err(GpuError::Limit {
                    what: "workgroups of a dispatch",
                    needed: (*most).into(),
                    limit: max_groups.into(),
                });
            }
            if let Some(pipeline) = compiled.get(&kernel) {
                pipelines.insert(kernel, pipeline.clone());
                continue;
            }
            let module = modules.entry((kernel.shader, kernel.size)).or_insert_with(|| {
                device.device.create_shader_module(wgpu::ShaderModuleDescriptor {
                    label: Some(kernel.entry),
                    source: wgpu::ShaderSource::Wgsl(kernel.shader.source(kernel.size).into()),
                })
            });
            pipelines.entry(kernel).or_insert_with(|| {
                device
                    .device
                    .create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                        label: Some(kernel.entry),
                        layout: Some(&pipeline_layout),
                        module,
                        entry_point: Some(kernel.entry),
                        compilation_options: wgpu::PipelineCompilationOptions {
                            zero_initialize_workgroup_memory: false,
                            ..wgpu::PipelineCompilationOptions::default()
                        },
                        cache: None,
                    })
            });
        }
        // The window of a dispatch always has room for all the records that a dispatch may have.
        let n_words = program.records.len() + MAX_GROUPED * RECORD_WORDS;
        let records = device.buffer("records", n_words, uniform)?;
        device
            .queue
            .write_buffer(&records, 0, bytemuck::cast_slice(&program.records));
        let n_index = program.constants.len() + MAX_QUEUED * program.lists_len;
        let index = device.buffer("lists", n_index, storage)?;
        if !program.constants.is_empty() {
            device
                .queue
                .write_buffer(&index, 0, bytemuck::cast_slice(&program.constants));
        }
        let arena = device.buffer("arena", program.arena_len, storage | wgpu::BufferUsages::COPY_SRC)?;
        device
            .queue
            .write_buffer(&arena, 4 * program.one as u64, &1.0_f32.to_le_bytes());
        Ok(Self {
            arena,
            steps: device.buffer("steps", MAX_QUEUED * STEP_WORDS, uniform)?,
            records,
            index,
            pipelines,
            program,
        })
    }
}

// As in `trainer.rs`: what is not needed any more is given back at once.
impl Drop for Compiled {
    fn drop(&mut self) {
        for buffer in [&self.arena, &self.records, &self.steps, &self.index] {
            buffer.destroy();
        }
    }
}

/// One layout for every kernel: see `prelude.wgsl`.
pub(super) fn bind_group_layout(device: &wgpu::Device) -> wgpu::BindGroupLayout {
    let entry = |binding: u32| {
        let (ty, has_dynamic_offset) = match binding {
            0 | 1 => (wgpu::BufferBindingType::Uniform, true),
            2 | 3 => (wgpu::BufferBindingType::Storage { read_only: true }, false),
            _ => (wgpu::BufferBindingType::Storage { read_only: false }, false),
        };
        wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty,
                has_dynamic_offset,
                min_binding_size: None,
            },
            count: None,
        }
    };
    let entries: Vec<_> = (0..9).map(entry).collect();
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("training"),
        entries: &entries,
    })
}
