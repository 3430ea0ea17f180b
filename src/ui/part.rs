//! Parts of the page: components that live as one component type.
//!
//! yew compiles the life of a component (being mounted, told something else, drawn again, taken away) once for every
//! component type: some 3 kB of code, of which the page would have nearly a hundred copies. A part is an ordinary
//! `#[component]`, but it lives as [`Part`] does, and nothing is its own but how it is drawn and what it is told.
//!
//! ```ignore
//! html! { <main>{ part! { <LeftPanel /> } }{ part! { <RightPanel {width} /> } }</main> }
//! ```
//!
//! A part is told from its neighbours by its type, so of those that stand side by side no two of a type are without a key:
//!
//! ```ignore
//! html! { <g>{ for nodes.iter().map(|node| part! { key = node.id, <NodeView {node} /> }) }</g> }
//! ```

use std::{any::Any, fmt::Display, rc::Rc};

use yew::{
    functional::{FunctionProvider, Hook, HookContext},
    html::BaseComponent,
    prelude::*,
    virtual_dom::{Key, VChild},
};

/// Draws one component as a part; see the module.
macro_rules! part {
    (key = $key:expr, $($component:tt)*) => {
        $crate::ui::part::keyed_part(&$key, yew::html_nested! { $($component)* })
    };
    ($($component:tt)*) => {
        $crate::ui::part::part(yew::html_nested! { $($component)* })
    };
}

/// A component with what it is told, whichever component it is.
trait Told {
    fn draw(&self, context: &mut HookContext) -> HtmlResult;
    fn is_same(&self, other: &dyn Told) -> bool;
    fn as_any(&self) -> &dyn Any;
}

impl<C> Told for VChild<C>
where
    C: FunctionProvider + BaseComponent<Properties = <C as FunctionProvider>::Properties>,
{
    fn draw(&self, context: &mut HookContext) -> HtmlResult {
        C::run(context, &self.props)
    }

    fn is_same(&self, other: &dyn Told) -> bool {
        other
            .as_any()
            .downcast_ref::<Self>()
            .is_some_and(|other| self == other)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[derive(Properties)]
struct PartProps {
    told: Rc<dyn Told>,
}

impl PartialEq for PartProps {
    fn eq(&self, other: &Self) -> bool {
        self.told.is_same(&*other.told)
    }
}

/// The hooks of a part are those of the component that it draws: its key sees to it that this is always the same one.
struct Drawing<'told>(&'told dyn Told);

impl Hook for Drawing<'_> {
    type Output = HtmlResult;

    fn run(self, context: &mut HookContext) -> HtmlResult {
        self.0.draw(context)
    }
}

fn use_drawing(told: &dyn Told) -> Drawing<'_> {
    Drawing(told)
}

#[component]
fn Part(props: &PartProps) -> HtmlResult {
    use_drawing(&*props.told)
}

/// What [`part!`] makes of a component without a key.
pub fn part<C>(component: VChild<C>) -> Html
where
    C: FunctionProvider + BaseComponent<Properties = <C as FunctionProvider>::Properties>,
{
    drawn(Key::from(std::any::type_name::<C>()), Rc::new(component))
}

/// What [`part!`] makes of a component with a key.
pub fn keyed_part<C>(key: &dyn Display, component: VChild<C>) -> Html
where
    C: FunctionProvider + BaseComponent<Properties = <C as FunctionProvider>::Properties>,
{
    let name = std::any::type_name::<C>();
    drawn(Key::from(format!("{name} {key}")), Rc::new(component))
}

fn drawn(key: Key, told: Rc<dyn Told>) -> Html {
    html! { <Part {key} {told} /> }
}
