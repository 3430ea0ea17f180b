//! Every shader, in every size, is valid WGSL by naga's rules; its record has the members that the host writes, in their
//! order, at their places.

use mtl_program::{
    gpu::shaders,
    operation::gpu::{RECORD_WORDS, Shader},
};
use wgpu::naga::{
    AddressSpace, Module, ScalarKind, TypeInner,
    front::wgsl,
    valid::{Capabilities, ValidationFlags, Validator},
};

fn parse(shader: &Shader, size: u32) -> Module {
    let source = shader.source(size);
    match wgsl::parse_str(&source) {
        Ok(module) => {
            let validated = Validator::new(ValidationFlags::all(), Capabilities::empty()).validate(&module);
            if let Err(error) = validated {
                panic!("{} {size}: {}", shader.name(), error.emit_to_string(&source));
            }
            module
        }
        Err(error) => panic!("{} {size}: {}", shader.name(), error.emit_to_string(&source)),
    }
}

#[test]
fn every_shader_is_valid() {
    for shader in shaders() {
        for size in shader.sizes {
            let module = parse(shader, *size);
            assert!(!module.entry_points.is_empty(), "{}", shader.name());
            let mut bytes = 0;
            for (_, variable) in module.global_variables.iter() {
                if variable.space == AddressSpace::WorkGroup {
                    bytes += module.types[variable.ty].inner.size(module.to_ctx());
                }
            }
            assert!(
                bytes <= 16_384,
                "{} {size}: {bytes} bytes of workgroup memory",
                shader.name()
            );
        }
    }
}

/// Words that the host writes in the order of the Rust struct are read as the members of the WGSL struct.
#[test]
fn records_are_laid_out_as_the_host_writes_them() {
    for shader in shaders() {
        for size in shader.sizes {
            let module = parse(shader, *size);
            let uniforms = module
                .global_variables
                .iter()
                .filter(|(_, variable)| variable.space == AddressSpace::Uniform);
            for (_, variable) in uniforms {
                let TypeInner::Array { base, stride, .. } = module.types[variable.ty].inner else {
                    panic!("{}: a uniform that is no array", shader.name());
                };
                if variable.binding.as_ref().map(|binding| binding.binding) != Some(0) {
                    assert_eq!(stride, 16, "{}: words of a step", shader.name());
                    continue;
                }
                assert_eq!(stride as usize, 4 * RECORD_WORDS, "{}", shader.name());
                let TypeInner::Struct { members, .. } = &module.types[base].inner else {
                    panic!("{}: a record that is no struct", shader.name());
                };
                assert_eq!(members.len(), shader.record.len(), "{}", shader.name());
                for (index, (member, field)) in members.iter().zip(shader.record).enumerate() {
                    let TypeInner::Scalar(scalar) = module.types[member.ty].inner else {
                        panic!("{}.{}: not a scalar", shader.name(), field.name);
                    };
                    let kind = match scalar.kind {
                        ScalarKind::Uint => "u32",
                        ScalarKind::Float => "f32",
                        other => panic!("{}.{}: {other:?}", shader.name(), field.name),
                    };
                    let found = (member.name.as_deref(), member.offset as usize, kind, scalar.width);
                    assert_eq!(
                        found,
                        (Some(field.name), 4 * index, field.wgsl, 4),
                        "{}",
                        shader.name()
                    );
                }
            }
        }
    }
}

/// The names of shaders are what pipelines are known by.
#[test]
fn names_are_of_one_shader_each() {
    let mut names: Vec<_> = shaders().map(Shader::name).collect();
    let n = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), n, "{names:?}");
}
