//! Task balancing: which method, what it does, its constants, and the conventions that the literature leaves open.

use mtl_balance::card::{Card, Cost};
use mtl_base::{
    settings::{SettingType, Settings, find},
    text::Explain,
};
use mtl_training::protocol::RunSettings;
use yew::prelude::*;

use super::{
    Fold, change_settings,
    fields::{Groups, RunGroup},
};
use crate::{
    i18n::{fill, train::T, use_lang},
    state::{use_playground, use_selected, use_store},
    ui::form::FieldRow,
};

/// Which method balances the tasks.
#[component]
pub fn BalanceSection() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let balance = use_selected(&playground.settings, |settings| settings.balance.clone());
    let n_tasks = use_store(&playground.checked).tasks.len();
    let Ok(field) = find(RunSettings::FIELDS, "balance") else {
        return Html::default();
    };
    let on_change = {
        let this = playground.clone();
        Callback::from(move |value| {
            change_settings(&this, |settings| {
                if let Err(error) = settings.set("balance", &value) {
                    this.show_problem(error.explain());
                }
            });
        })
    };
    html! {
        <Fold title={field.label.get(lang)} hint={field.help.get(lang)} badge={AttrValue::from(balance.label().get(lang))} open=true>
            <div class="form" id="balance">
                <FieldRow {field} value={balance.to_value()} {on_change} />
                <MethodCard card={CardOf(balance.card())} {n_tasks} />
                <div class="form-grid"><RunGroup groups={Groups(&["balance"])} /></div>
                <details class="balance-conventions">
                    <summary title={T.balance_conventions_help.get(lang)}>{ T.balance_conventions.get(lang) }</summary>
                    <RunGroup groups={Groups(&["balance_options"])} />
                </details>
                <p class="muted small">{ T.balance_sliders.get(lang) }</p>
            </div>
        </Fold>
    }
}

/// A card, equal to another when it is the same one.
#[derive(Clone, PartialEq)]
struct CardOf(&'static Card);

#[derive(Properties, PartialEq)]
struct MethodCardProps {
    card: CardOf,
    n_tasks: usize,
}

/// What a person reads about the method: sentence, formula, cost, when it is known not to help, where it was published.
#[component]
fn MethodCard(props: &MethodCardProps) -> Html {
    let lang = use_lang();
    let card = props.card.0;
    let n_tasks = props.n_tasks.max(1);
    let cost = match card.cost {
        Cost::OneBackward => T.balance_one_pass.get(lang).to_owned(),
        Cost::OneBackwardTwoForward => T.balance_two_forward.get(lang).to_owned(),
        Cost::BackwardPerTask => fill(T.balance_pass_per_task, lang, &[&n_tasks]),
    };
    let paper = card.paper;
    let place = paper
        .arxiv
        .map(|number| format!(", arXiv:{number}"))
        .unwrap_or_default();
    html! {
        <div class="note balance-card">
            <div>
                <p>{ card.summary.get(lang) }</p>
                <p><code>{ card.formula }</code></p>
                <p class="small">{ cost }</p>
                <p class="small"><strong>{ T.balance_caveat.get(lang) }</strong>{ " " }{ card.caveat.get(lang) }</p>
                <p class="muted small">{ format!("{}, {} ({}{place})", paper.authors, paper.title, paper.year) }</p>
            </div>
        </div>
    }
}
