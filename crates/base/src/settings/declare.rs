//! The macros that declare settings.

/// Declares an enum with stable names and labels, for settings with a fixed set of values.
#[macro_export]
macro_rules! choice {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$variant_meta:meta])* $variant:ident = $key:literal, [$en:literal, $zh:literal]; )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $( $(#[$variant_meta])* #[serde(rename = $key)] $variant, )+
        }
        impl $name {
            /// All values.
            pub const ALL: &'static [Self] = &[$( Self::$variant ),+];
            /// Stable names with their labels.
            pub const OPTIONS: &'static [(&'static str, $crate::text::Text)] =
                &[$( ($key, $crate::text::Text::new($en, $zh)) ),+];
            /// The stable name.
            pub const fn key(self) -> &'static str {
                match self { $( Self::$variant => $key ),+ }
            }
            /// The display name.
            pub const fn label(self) -> $crate::text::Text {
                match self { $( Self::$variant => $crate::text::Text::new($en, $zh) ),+ }
            }
        }
        impl $crate::settings::SettingType for $name {
            fn to_value(&self) -> $crate::settings::Value {
                $crate::settings::Value::Words(self.key().to_owned())
            }
            fn from_value(value: &$crate::settings::Value) -> Option<Self> {
                match value {
                    $crate::settings::Value::Words(words) => match words.as_str() {
                        $( $key => Some(Self::$variant), )+
                        _ => None,
                    },
                    _ => None,
                }
            }
        }
    };
}

/// Declares a settings struct: see the module's example. A missing field in a file takes its default. A field of kind
/// `Group` holds another settings struct, one of kind `Kinds` what [`kinds!`](crate::kinds!) declares.
#[macro_export]
macro_rules! settings {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $( $(#[$field_meta:meta])* $field:ident : $type:ty = $default:expr, $kind:ident $({ $($bounds:tt)* })?,
                [$en:literal, $zh:literal], [$help_en:literal, $help_zh:literal]; )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $( $(#[$field_meta])* pub $field: $type, )*
        }
        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: $default, )* }
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::settings::serialize(self, serializer)
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut settings = Self::default();
                $crate::settings::deserialize(deserializer, &mut settings)?;
                Ok(settings)
            }
        }
        impl $name {
            /// The declared settings, in the order of the file.
            pub const FIELDS: &'static [$crate::settings::Field] = &[
                $( $crate::settings::Field {
                    key: stringify!($field),
                    label: $crate::text::Text::new($en, $zh),
                    help: $crate::text::Text::new($help_en, $help_zh),
                    kind: $crate::settings::FieldKind::$kind $({ $($bounds)* })?,
                }, )*
            ];
        }
        #[allow(unused_variables)]
        impl $crate::settings::Settings for $name {
            fn fields(&self) -> &'static [$crate::settings::Field] {
                Self::FIELDS
            }
            fn get(&self, key: &str) -> Option<$crate::settings::Value> {
                $( if key == stringify!($field) {
                    return $crate::setting!(get $kind self.$field);
                } )*
                None
            }
            fn put(&mut self, key: &str, value: &$crate::settings::Value) -> bool {
                $( if key == stringify!($field) {
                    return $crate::setting!(put $kind self.$field, value);
                } )*
                false
            }
            fn group(&self, key: &str) -> Option<&dyn $crate::settings::Settings> {
                $( if key == stringify!($field) {
                    return $crate::setting!(group $kind &self.$field);
                } )*
                None
            }
            fn group_mut(&mut self, key: &str) -> Option<&mut dyn $crate::settings::Settings> {
                $( if key == stringify!($field) {
                    return $crate::setting!(group $kind &mut self.$field);
                } )*
                None
            }
        }
    };
}

/// Expansion of one field of [`settings!`](crate::settings!), by its kind.
#[doc(hidden)]
#[macro_export]
macro_rules! setting {
    (get Group $field:expr) => {
        None
    };
    (get $kind:ident $field:expr) => {
        Some($crate::settings::SettingType::to_value(&$field))
    };
    (put Group $field:expr, $value:expr) => {
        false
    };
    (put $kind:ident $field:expr, $value:expr) => {
        match $crate::settings::SettingType::from_value($value) {
            Some(value) => {
                $field = value;
                true
            }
            None => false,
        }
    };
    (group Group $field:expr) => {
        Some($field)
    };
    (group Kinds $field:expr) => {
        Some($field)
    };
    (group $kind:ident $field:expr) => {
        None
    };
}

/// Declares an enum of settings structs, one for each kind, that are told apart in a file by the member `by`.
///
/// ```
/// mtl_base::settings! {
///     /// Settings of a circle.
///     pub struct Circle {
///         /// Radius.
///         radius: f32 = 1.0, Real { min: 0.0, max: 9.0, step: 0.1 }, ["Radius", "半径"], ["In metres.", "以米计。"];
///     }
/// }
/// mtl_base::settings! {
///     /// A point has none.
///     pub struct Point {}
/// }
/// mtl_base::kinds! {
///     /// A shape.
///     pub enum Shape by "type" {
///         /// No extent.
///         Point(Point) = "point", ["Point", "点"];
///         /// Round.
///         Circle(Circle) = "circle", ["Circle", "圆"];
///     }
/// }
/// let shape: Shape = serde_json::from_str(r#"{"type": "circle", "radius": 2.0}"#)?;
/// assert_eq!(shape, Shape::Circle(Circle { radius: 2.0 }));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[macro_export]
macro_rules! kinds {
    (
        $(#[$meta:meta])*
        pub enum $name:ident by $tag:literal {
            $( $(#[$variant_meta:meta])* $variant:ident($settings:ty) = $key:literal, [$en:literal, $zh:literal]; )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $name {
            $( $(#[$variant_meta])* $variant($settings), )+
        }
        impl $name {
            /// Stable names of the kinds with their labels.
            pub const OPTIONS: &'static [(&'static str, $crate::text::Text)] =
                &[$( ($key, $crate::text::Text::new($en, $zh)) ),+];

            /// The kind called `key` with its default settings.
            pub fn from_key(key: &str) -> Option<Self> {
                match key {
                    $( $key => Some(Self::$variant(Default::default())), )+
                    _ => None,
                }
            }

            /// The stable name of its kind.
            pub const fn key(&self) -> &'static str {
                match self { $( Self::$variant(_) => $key ),+ }
            }

            /// The display name of its kind.
            pub const fn label(&self) -> $crate::text::Text {
                match self { $( Self::$variant(_) => $crate::text::Text::new($en, $zh) ),+ }
            }

            fn settings(&self) -> &dyn $crate::settings::Settings {
                match self { $( Self::$variant(settings) => settings ),+ }
            }

            fn settings_mut(&mut self) -> &mut dyn $crate::settings::Settings {
                match self { $( Self::$variant(settings) => settings ),+ }
            }
        }
        impl $crate::settings::Settings for $name {
            fn fields(&self) -> &'static [$crate::settings::Field] {
                self.settings().fields()
            }
            fn get(&self, key: &str) -> Option<$crate::settings::Value> {
                self.settings().get(key)
            }
            fn put(&mut self, key: &str, value: &$crate::settings::Value) -> bool {
                self.settings_mut().put(key, value)
            }
            fn group(&self, key: &str) -> Option<&dyn $crate::settings::Settings> {
                self.settings().group(key)
            }
            fn group_mut(&mut self, key: &str) -> Option<&mut dyn $crate::settings::Settings> {
                self.settings_mut().group_mut(key)
            }
            fn kind(&self) -> Option<$crate::settings::Kind> {
                Some($crate::settings::Kind { tag: $tag, key: self.key(), options: Self::OPTIONS })
            }
            fn set_kind(&mut self, key: &str) -> bool {
                Self::from_key(key).is_some_and(|kind| {
                    *self = kind;
                    true
                })
            }
        }
        impl $crate::settings::SettingType for $name {
            fn to_value(&self) -> $crate::settings::Value {
                $crate::settings::Value::Words(self.key().to_owned())
            }
            fn from_value(value: &$crate::settings::Value) -> Option<Self> {
                match value {
                    $crate::settings::Value::Words(key) => Self::from_key(key),
                    _ => None,
                }
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::settings::serialize(self, serializer)
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::settings::deserialize_kinds(deserializer, $tag, Self::OPTIONS, Self::from_key)
            }
        }
    };
}
