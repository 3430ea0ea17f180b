//! The training panel: settings that can change during a run are marked as live; others restart the run.

mod balance;
mod fields;
mod optimizer;
mod profile;
mod regularisation;
mod resources;
mod run;
mod stopping;
mod weights;

use mtl_training::protocol::RunSettings;
use yew::prelude::*;

use super::icon::{IconKind, icon, sized_icon};
use crate::{
    i18n::{train::T, use_lang},
    state::{PlaygroundRef, use_playground, use_store},
};

/// The training panel.
#[component]
pub fn TrainPanel() -> Html {
    html! {
        <>
            <ProblemNote />
            <run::RunSection />
            <weights::WeightsSection />
            <balance::BalanceSection />
            <optimizer::OptimizerSection />
            <optimizer::ScheduleSection />
            <optimizer::ClippingSection />
            <regularisation::RegularisationSection />
            <stopping::StoppingSection />
            <resources::ResourcesSection />
            <profile::ProfileSection />
        </>
    }
}

/// Changes the settings of the run by `change`, or shows the error.
fn change_settings(playground: &PlaygroundRef, change: impl FnOnce(&mut RunSettings)) {
    let mut settings = RunSettings::clone(&playground.settings.get());
    change(&mut settings);
    if let Err(message) = playground.set_settings(settings) {
        playground.show_problem(message);
    }
}

/// Why the design cannot train, when it cannot.
#[component]
fn ProblemNote() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let checked = use_store(&playground.checked);
    let model = use_store(&playground.model);
    let has_data = playground.data.get().report.is_some();
    let problem = checked
        .first_error()
        .map(mtl_base::text::Explain::explain)
        .or_else(|| model.problem.clone());
    html! {
        if let Some(problem) = problem.filter(|_| has_data) {
            <div class="section">
                <div class="note note-bad">
                    { icon(IconKind::Warning) }
                    <p><strong>{ T.problem.get(lang) }</strong><br />{ problem.get(lang) }</p>
                </div>
            </div>
        }
    }
}

/// Properties of `Section`.
#[derive(Properties, PartialEq)]
pub struct FoldProps {
    /// Heading.
    pub title: AttrValue,
    /// What it is for.
    pub hint: AttrValue,
    /// Shown beside the heading.
    #[prop_or_default]
    pub badge: Option<AttrValue>,
    /// Open at first.
    #[prop_or_default]
    pub open: bool,
    /// What is in it.
    pub children: Html,
}

/// A collapsible section of the panel.
#[component]
pub fn Fold(props: &FoldProps) -> Html {
    html! {
        <details class="section" open={props.open}>
            <summary title={props.hint.clone()}>
                <span>{ props.title.clone() }</span>
                if let Some(badge) = &props.badge { <span class="badge">{ badge.clone() }</span> }
                { sized_icon(IconKind::Down, 16) }
            </summary>
            { props.children.clone() }
        </details>
    }
}
