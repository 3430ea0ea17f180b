//! Records: the constants of a task, as a Rust struct and as the WGSL struct that a shader reads.

use super::Place;

/// Words of a record: dynamic offsets of uniform buffers are multiples of 256 bytes.
pub const RECORD_WORDS: usize = 64;

/// What a word of a record may be.
pub trait Word {
    /// Its type in WGSL.
    const WGSL: &'static str;

    /// Its bits.
    fn word(self) -> u32;
}

impl Word for u32 {
    const WGSL: &'static str = "u32";

    fn word(self) -> u32 {
        self
    }
}

impl Word for f32 {
    const WGSL: &'static str = "f32";

    fn word(self) -> u32 {
        self.to_bits()
    }
}

/// A size; a program has no buffer of 2³² numbers.
impl Word for usize {
    const WGSL: &'static str = "u32";

    fn word(self) -> u32 {
        self as u32
    }
}

/// 1 or 0.
impl Word for bool {
    const WGSL: &'static str = "u32";

    fn word(self) -> u32 {
        u32::from(self)
    }
}

/// Where something starts in its buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address(pub u32);

impl Address {
    /// The address of what is not there; `NOWHERE` in shaders.
    pub const NOWHERE: Self = Self(u32::MAX);

    /// Where a place starts that may not be there.
    pub fn of(place: Option<&Place>) -> Self {
        place.map_or(Self::NOWHERE, Place::at)
    }
}

impl Default for Address {
    fn default() -> Self {
        Self::NOWHERE
    }
}

impl Word for Address {
    const WGSL: &'static str = "u32";

    fn word(self) -> u32 {
        self.0
    }
}

/// A member of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its type in WGSL.
    pub wgsl: &'static str,
}

/// The constants of a task: `gpu_record!` declares them.
pub trait GpuRecord {
    /// The members, in order, a word each.
    const FIELDS: &'static [Field];

    /// The members' words; the rest is 0.
    fn words(&self) -> [u32; RECORD_WORDS];
}

/// Declares a record: a struct whose members are [`Word`]s. The members' order is that of their words, and
/// [`GpuRecord::FIELDS`] makes the WGSL struct of it.
macro_rules! gpu_record {
    ($(#[$doc:meta])* $vis:vis struct $name:ident { $( $(#[$field_doc:meta])* $field:ident: $kind:ty, )+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default)]
        $vis struct $name {
            $( $(#[$field_doc])* $vis $field: $kind, )+
        }

        impl $crate::operation::gpu::GpuRecord for $name {
            const FIELDS: &'static [$crate::operation::gpu::Field] = &[$( $crate::operation::gpu::Field {
                name: stringify!($field),
                wgsl: <$kind as $crate::operation::gpu::Word>::WGSL,
            } ),+];

            fn words(&self) -> [u32; $crate::operation::gpu::RECORD_WORDS] {
                let mut words = [0; $crate::operation::gpu::RECORD_WORDS];
                let members = [$( $crate::operation::gpu::Word::word(self.$field) ),+];
                words[..members.len()].copy_from_slice(&members);
                words
            }
        }
    };
}
pub(crate) use gpu_record;

/// The WGSL struct of a record. Its last member is as large as the rest of a record, so that records follow each other at
/// the distance that offsets need.
pub(super) fn wgsl_struct(fields: &[Field]) -> String {
    let mut text = String::from("struct Record{");
    for (index, field) in fields.iter().enumerate() {
        if index + 1 == fields.len() {
            text += &format!("@size({})", 4 * (RECORD_WORDS - index));
        }
        text += &format!("{}:{},", field.name, field.wgsl);
    }
    text + "}\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    gpu_record! {
        /// A record.
        struct Example {
            /// A place.
            x: Address,
            /// A size.
            width: usize,
            /// A number.
            factor: f32,
            /// A flag.
            accumulate: bool,
        }
    }

    #[test]
    fn a_record_and_its_struct_have_the_same_members_in_the_same_order() {
        let record = Example {
            x: Address(3),
            width: 5,
            factor: 0.5,
            accumulate: true,
        };
        let words = record.words();
        assert_eq!(words[..5], [3, 5, 0.5_f32.to_bits(), 1, 0]);
        assert_eq!(Example::default().words()[0], u32::MAX, "no address is nowhere");
        assert_eq!(
            wgsl_struct(Example::FIELDS),
            "struct Record{x:u32,width:u32,factor:f32,@size(244)accumulate:u32,}\n"
        );
    }
}
