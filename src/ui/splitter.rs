//! A splitter between two panels, moved by dragging or with the arrow keys.

use web_sys::{Element, PointerEvent};
use yew::prelude::*;

/// Direction in which a splitter moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    Horizontal,
    Vertical,
}

/// Properties of `Splitter`.
#[derive(Properties, PartialEq)]
pub struct SplitterProps {
    pub axis: Axis,
    /// Label for screen readers.
    pub label: AttrValue,
    /// Position, as a whole number for screen readers.
    pub value: i32,
    /// Called with the distance in pixels since the last call.
    pub on_move: Callback<f64>,
}

const KEY_STEP_PX: f64 = 16.0;

/// A splitter between two panels.
#[component]
pub fn Splitter(props: &SplitterProps) -> Html {
    let last = use_mut_ref(|| None::<f64>);
    let axis = props.axis;
    let place = move |event: &PointerEvent| match axis {
        Axis::Horizontal => f64::from(event.client_x()),
        Axis::Vertical => f64::from(event.client_y()),
    };
    let onpointerdown = {
        let last = last.clone();
        Callback::from(move |event: PointerEvent| {
            event.prevent_default();
            *last.borrow_mut() = Some(place(&event));
            let bar: Element = event.target_unchecked_into();
            // Without the capture a fast drag may leave the splitter, which does no harm.
            let _ = bar.set_pointer_capture(event.pointer_id());
        })
    };
    let onpointermove = {
        let (last, on_move) = (last.clone(), props.on_move.clone());
        Callback::from(move |event: PointerEvent| {
            let mut last = last.borrow_mut();
            if let Some(before) = *last {
                let now = place(&event);
                *last = Some(now);
                on_move.emit(now - before);
            }
        })
    };
    let end = Callback::from(move |_: PointerEvent| *last.borrow_mut() = None);
    let onkeydown = {
        let on_move = props.on_move.clone();
        Callback::from(move |event: KeyboardEvent| {
            let moved = match (axis, event.key().as_str()) {
                (Axis::Horizontal, "ArrowLeft") | (Axis::Vertical, "ArrowUp") => -KEY_STEP_PX,
                (Axis::Horizontal, "ArrowRight") | (Axis::Vertical, "ArrowDown") => KEY_STEP_PX,
                _ => return,
            };
            event.prevent_default();
            on_move.emit(moved);
        })
    };
    let (class, orientation) = match axis {
        Axis::Horizontal => ("splitter splitter-horizontal", "vertical"),
        Axis::Vertical => ("splitter splitter-vertical", "horizontal"),
    };
    html! {
        <div {class} role="separator" tabindex="0" aria-orientation={orientation} aria-label={props.label.clone()}
            title={props.label.clone()} aria-valuenow={props.value.to_string()} {onpointerdown} {onpointermove}
            onpointerup={end.clone()} onpointercancel={end} {onkeydown} />
    }
}
