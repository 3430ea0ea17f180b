//! Why tasks help or hurt each other: each view in a file, beginning with a sentence that says what is seen now.
//!
//! A view that is not shown asks for nothing and computes nothing.

mod comparison;
mod conflict;

pub use comparison::ComparisonView;
pub use conflict::ConflictView;

use yew::prelude::*;

/// A sentence in which the words between asterisks are emphasised.
fn sentence(text: &str) -> Html {
    html! {
        <>
            { for text.split('*').enumerate().map(|(index, part)| {
                if index % 2 == 1 {
                    html! { <strong>{ part }</strong> }
                } else {
                    html! { <>{ part }</> }
                }
            }) }
        </>
    }
}
