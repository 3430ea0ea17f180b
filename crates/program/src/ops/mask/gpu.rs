//! WebGPU kernel of the mask: a thread per step.

use super::{Mask, MaskRule};
use crate::operation::gpu::{
    Address, GpuCompiler, GpuError, GpuOperation, GpuRecord, Kernel, Shader, each, gpu_record, wgsl,
};

gpu_record! {
    /// Constants of the kernel.
    struct Record {
        /// 0 known ids, 1 both, 2 either, 3 every b-th step of a.
        rule: u32,
        /// A mask; of known ids, the word of the step that says where the ids start.
        a: Address,
        /// Another mask, or a number of steps.
        b: u32,
        /// The mask that is computed.
        y: Address,
        /// Steps.
        per_row: usize,
        /// Steps of a.
        source_length: usize,
    }
}

static SHADER: Shader = Shader {
    entries: &[each("forward")],
    ..Shader::plain(wgsl!("mask"), Record::FIELDS)
};

impl GpuOperation for Mask {
    const SHADERS: &'static [&'static Shader] = &[&SHADER];

    fn forward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let y = gpu.value(self.y);
        let mut record = Record {
            y: y.at(),
            per_row: self.length,
            source_length: self.length,
            ..Record::default()
        };
        let mut reads = Vec::new();
        match self.rule {
            MaskRule::KnownIds(slot) => (record.rule, record.a) = (0, Address(gpu.words.slot(slot.0))),
            MaskRule::Both(a, b) | MaskRule::Either(a, b) => {
                record.rule = if matches!(self.rule, MaskRule::Both(..)) {
                    1
                } else {
                    2
                };
                reads = Vec::from(gpu.values_of([a, b]));
                (record.a, record.b) = (reads[0].at(), reads[1].at().0);
            }
            MaskRule::Every { mask, stride, length } => {
                reads = vec![gpu.value(mask)];
                (record.rule, record.a, record.b) = (3, reads[0].at(), stride as u32);
                record.source_length = length;
            }
        }
        let groups = gpu.threads(y.len());
        gpu.push(Kernel::new(&SHADER, "forward"), &record, groups, reads, vec![y]);
        Ok(())
    }

    /// A mask has no gradient.
    fn backward(&self, _gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        Ok(())
    }
}
