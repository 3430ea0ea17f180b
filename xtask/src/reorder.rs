//! Puts the functions of a wasm module in the order of their names, and drops the names.
//!
//! The order means nothing to the machine, but gzip looks back 32 kB only: `wasm-bindgen` writes the functions by
//! size, which tears apart the many copies of one generic function. Side by side they compress by a tenth better.

use std::collections::HashMap;

use anyhow::{Context, Result};
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasmparser::{CodeSectionReader, FunctionSectionReader, KnownCustom, Name, Parser, Payload};

/// The same module with its functions in the order of their names and without sections that do nothing.
pub fn by_name(module: &[u8]) -> Result<Vec<u8>> {
    let mut order = Order::read(module).context("reading the module's functions")?;
    let mut out = wasm_encoder::Module::new();
    order
        .parse_core_module(&mut out, Parser::new(0), module)
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(out.finish())
}

/// Where every function goes.
struct Order {
    n_imported: u32,
    /// Old position among the module's own functions, by the new one.
    old_of_new: Vec<u32>,
    /// New position by the old one.
    new_of_old: Vec<u32>,
}

impl Order {
    fn read(module: &[u8]) -> Result<Self> {
        let (mut n_imported, mut sizes, mut names) = (0, Vec::new(), HashMap::new());
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        n_imported += u32::from(matches!(
                            import?.ty,
                            wasmparser::TypeRef::Func(_) | wasmparser::TypeRef::FuncExact(_)
                        ));
                    }
                }
                Payload::CodeSectionEntry(body) => sizes.push(body.range().len()),
                Payload::CustomSection(section) => {
                    let KnownCustom::Name(subsections) = section.as_known() else {
                        continue;
                    };
                    for subsection in subsections {
                        let Name::Function(functions) = subsection? else {
                            continue;
                        };
                        for naming in functions {
                            let naming = naming?;
                            names.insert(naming.index, naming.name);
                        }
                    }
                }
                _ => {}
            }
        }
        let mut old_of_new: Vec<u32> = (0..sizes.len() as u32).collect();
        old_of_new.sort_by_key(|&old| {
            let name = names.get(&(n_imported + old)).copied().unwrap_or_default();
            (without_hash(name), sizes[old as usize], old)
        });
        let mut new_of_old = vec![0; old_of_new.len()];
        for (new, &old) in old_of_new.iter().enumerate() {
            new_of_old[old as usize] = new as u32;
        }
        Ok(Self {
            n_imported,
            old_of_new,
            new_of_old,
        })
    }
}

/// A mangled name without the length in front and the hash behind, which differ between copies of one function.
fn without_hash(name: &str) -> &str {
    let name = name
        .strip_prefix("_ZN")
        .map_or(name, |rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    name.rsplit_once("17h").map_or(name, |(name, _)| name)
}

impl Reencode for Order {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, old: u32) -> Result<u32, Error> {
        Ok(match old.checked_sub(self.n_imported) {
            Some(own) => self.n_imported + self.new_of_old[own as usize],
            None => old,
        })
    }

    fn parse_function_section(
        &mut self,
        functions: &mut wasm_encoder::FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<(), Error> {
        let types: Vec<u32> = section.into_iter().collect::<Result<_, _>>()?;
        for &old in &self.old_of_new {
            functions.function(types[old as usize]);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut wasm_encoder::CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Result<(), Error> {
        let bodies: Vec<_> = section.into_iter().collect::<Result<_, _>>()?;
        for old in self.old_of_new.clone() {
            utils::parse_function_body(self, code, bodies[old as usize].clone())?;
        }
        Ok(())
    }

    fn parse_custom_section(
        &mut self,
        _module: &mut wasm_encoder::Module,
        _section: wasmparser::CustomSectionReader<'_>,
    ) -> Result<(), Error> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::{CodeSection, ExportKind, ExportSection, Function, FunctionSection, Module, NameMap};
    use wasm_encoder::{NameSection, TypeSection, ValType};

    #[test]
    fn functions_move_and_everything_still_points_at_them() {
        let mut types = TypeSection::new();
        types.ty().function([], [ValType::I32]);
        types.ty().function([], [ValType::I64]);
        let mut functions = FunctionSection::new();
        functions.function(0).function(1);
        let mut exports = ExportSection::new();
        exports
            .export("seven", ExportKind::Func, 0)
            .export("eight", ExportKind::Func, 1);
        let mut code = CodeSection::new();
        let mut seven = Function::new([]);
        seven.instructions().call(1).drop().i32_const(7).end();
        let mut eight = Function::new([]);
        eight.instructions().i64_const(8).end();
        code.function(&seven).function(&eight);
        let mut names = NameSection::new();
        let mut map = NameMap::new();
        map.append(0, "_ZN5b_zzz17h0123456789abcdefE");
        map.append(1, "_ZN9a_aaa17hfedcba9876543210E");
        names.functions(&map);
        let mut module = Module::new();
        module
            .section(&types)
            .section(&functions)
            .section(&exports)
            .section(&code)
            .section(&names);

        let moved = by_name(&module.finish()).unwrap();
        let mut seen = Vec::new();
        for payload in Parser::new(0).parse_all(&moved) {
            match payload.unwrap() {
                Payload::FunctionSection(section) => {
                    seen.push(format!(
                        "{:?}",
                        section.into_iter().map(|ty| ty.unwrap()).collect::<Vec<_>>()
                    ));
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export.unwrap();
                        seen.push(format!("{} {}", export.name, export.index));
                    }
                }
                Payload::CodeSectionEntry(body) => {
                    let first = body.get_operators_reader().unwrap().read().unwrap();
                    seen.push(format!("{first:?}"));
                }
                Payload::CustomSection(section) => panic!("{} is still there", section.name()),
                _ => {}
            }
        }
        assert_eq!(
            seen,
            [
                "[1, 0]",
                "seven 1",
                "eight 0",
                "I64Const { value: 8 }",
                "Call { function_index: 0 }"
            ]
        );
    }
}
