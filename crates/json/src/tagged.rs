//! Enums that a member tells apart.

/// Reads an enum as `#[serde(tag = …)]` writes it: one line for each variant, with its name in files and its members.
///
/// The code that serde derives for such enums holds all members back until it knows the variant, in a tree of its own and
/// with a reader of its own for that tree, compiled for every enum. Here the tree is [`Value`](crate::Value), which
/// has its reader already. (Writing needs nothing of the sort, and is derived.)
///
/// ```
/// #[derive(Debug, PartialEq, serde::Serialize)]
/// #[serde(tag = "type", rename_all = "snake_case")]
/// enum Shape {
///     Point,
///     Circle { radius: f32 },
/// }
/// mtl_json::read_tagged! { Shape by "type":
///     "point" => Point,
///     "circle" => Circle { radius },
/// }
/// let shape: Shape = mtl_json::read(r#"{"radius": 0.5, "type": "circle"}"#)?;
/// assert_eq!(shape, Shape::Circle { radius: 0.5 });
/// # Ok::<(), mtl_json::Error>(())
/// ```
#[macro_export]
macro_rules! read_tagged {
    ($name:ident by $tag:literal: $( $key:literal => $variant:ident $({ $( $member:ident ),+ })? ),+ $(,)?) => {
        // A variant without a line does not compile.
        const _: fn(&$name) = |value| match value {
            $( $name::$variant { .. } => {} )+
        };

        impl $name {
            fn from_members(members: &$crate::Value) -> Result<Self, $crate::Error> {
                match members.read_member::<String>($tag)?.as_str() {
                    $( $key => Ok(Self::$variant $({ $( $member: members.read_member(stringify!($member))? ),+ })?), )+
                    other => Err(serde::de::Error::unknown_variant(other, &[$( $key ),+])),
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let members = $crate::Value::deserialize(deserializer)?;
                Self::from_members(&members).map_err(serde::de::Error::custom)
            }
        }
    };
}
