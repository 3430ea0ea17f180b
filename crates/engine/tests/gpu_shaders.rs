//! Every shader, in every size, is valid WGSL by naga's rules, and its records have the size that the host writes.

use mtl_program::gpu::kernels::File;
use wgpu::naga::{
    AddressSpace, TypeInner,
    front::wgsl,
    valid::{Capabilities, ValidationFlags, Validator},
};

#[test]
fn every_shader_is_valid() {
    for file in File::ALL {
        for size in file.sizes() {
            let source = file.source(*size);
            let module = match wgsl::parse_str(&source) {
                Ok(module) => module,
                Err(error) => panic!("{file:?} {size}: {}", error.emit_to_string(&source)),
            };
            let validated = Validator::new(ValidationFlags::all(), Capabilities::empty()).validate(&module);
            if let Err(error) = validated {
                panic!("{file:?} {size}: {}", error.emit_to_string(&source));
            }
            assert!(!module.entry_points.is_empty(), "{file:?}");
            for (_, variable) in module.global_variables.iter() {
                if variable.space != AddressSpace::Uniform {
                    continue;
                }
                let TypeInner::Array { stride, .. } = module.types[variable.ty].inner else {
                    panic!("{file:?}: a uniform that is no array");
                };
                let binding = variable.binding.as_ref().map(|binding| binding.binding);
                assert_eq!(stride, if binding == Some(0) { 256 } else { 16 }, "{file:?}");
            }
            let mut bytes = 0;
            for (_, variable) in module.global_variables.iter() {
                if variable.space == AddressSpace::WorkGroup {
                    bytes += module.types[variable.ty].inner.size(module.to_ctx());
                }
            }
            assert!(
                bytes <= 16_384,
                "{file:?} {size}: {bytes} bytes of workgroup memory"
            );
        }
    }
}
