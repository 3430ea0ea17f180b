//! What the reader of a value and the reader of a name do alike.

/// The methods of a `Deserializer` for scalars, each of which a method of its own reads from `self` for the visitor to
/// take, and the one for newtypes, which are what they hold.
macro_rules! scalars {
    ($( $from:ident, $visit:ident: $( $method:ident )+; )+) => {
        $( $( fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let value = self.$from(&visitor)?;
            visitor.$visit(value)
        } )+ )+

        fn deserialize_newtype_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            visitor: V,
        ) -> Result<V::Value, Error> {
            visitor.visit_newtype_struct(self)
        }
    };
}

pub(crate) use scalars;
