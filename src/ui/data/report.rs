//! The report on a prepared data set: source, distributions of labels and text lengths, 20 rows.

use mtl_base::text::Explain;
use mtl_data::{
    prepare::LabelUsage,
    report::{DataReport, Distribution, Histogram, LabelReport, Sample, TextReport},
    split::Split,
};
use yew::prelude::*;

use crate::{
    i18n::{
        Lang, fill,
        format::{count, plain},
        panels::T,
        sentence, use_lang,
    },
    ui::{
        elements::{fact, figure},
        histogram::histogram_view,
        icon::{IconKind, sized_icon},
    },
};

/// Largest number of classes for which bars are drawn.
const MAX_BARS: usize = 24;

#[derive(Properties, PartialEq)]
pub struct ReportProps {
    /// The report.
    pub report: std::rc::Rc<DataReport>,
}

/// The whole report.
#[component]
pub fn Report(props: &ReportProps) -> Html {
    let lang = use_lang();
    let report = &props.report;
    html! {
        <div class="report">
            { counts(report, lang) }
            { findings(report, lang) }
            <h3>{ T.labels.get(lang) }</h3>
            { for report.labels.iter().map(|label| label_view(label, report.n_rows, lang)) }
            { correlations(report, lang) }
            { for report.texts.iter().map(|text| text_view(text, lang)) }
            <h3>{ fill(T.sample_rows, lang, &[&report.samples.len()]) }</h3>
            <p class="hint">{ T.sample_rows_hint.get(lang) }</p>
            { samples(report, lang) }
            { provenance(report, lang) }
        </div>
    }
}

fn counts(report: &DataReport, lang: Lang) -> Html {
    let parts = [Split::Train, Split::Validation, Split::Test];
    html! {
        <dl class="figures">
            { figure(T.rows.get(lang), count(report.n_rows as u64)) }
            { for parts.iter().zip(report.n_split_rows).map(|(part, n_rows)| figure(part.label().get(lang), count(n_rows as u64))) }
        </dl>
    }
}

/// The findings about columns that cannot be learned from.
fn findings(report: &DataReport, lang: Lang) -> Html {
    if report.findings.is_empty() {
        return Html::default();
    }
    html! {
        <section class="data-findings">
            <h3>{ T.findings.get(lang) }</h3>
            <ul>
                { for report.findings.iter().map(|finding| html! {
                    <li data-problem={finding.is_problem.to_string()}>
                        { finding.is_problem.then(|| sized_icon(IconKind::Warning, 16)) }
                        <span>{ sentence(&finding.explain()).get(lang).to_owned() }</span>
                    </li>
                }) }
            </ul>
        </section>
    }
}

/// Correlations between labels.
fn correlations(report: &DataReport, lang: Lang) -> Html {
    let name = |label_idx: usize| {
        report
            .labels
            .get(label_idx)
            .map_or("?", |label| label.name.get(lang))
    };
    html! {
        if !report.correlations.is_empty() {
            <section class="distribution correlations">
                <h4>{ T.correlations.get(lang) }</h4>
                <ul>
                    { for report.correlations.iter().map(|pair| {
                        let [a, b] = pair.labels.map(name);
                        html! {
                            <li>{ fill(T.correlation, lang, &[&a, &b, &format!("{:.3}", pair.value), &count(pair.n_rows as u64)]) }</li>
                        }
                    }) }
                </ul>
                <p class="hint">{ T.correlations_hint.get(lang) }</p>
            </section>
        }
    }
}

fn provenance(report: &DataReport, lang: Lang) -> Html {
    let info = &report.info;
    html! {
        <section class="provenance">
            <h3>{ T.provenance.get(lang) }</h3>
            <p>{ info.description.get(lang) }</p>
            <dl>
                { fact(T.licence.get(lang), info.licence.clone()) }
                { fact(T.attribution.get(lang), info.attribution.get(lang).to_owned()) }
                if let Some(citation) = &info.citation {
                    { fact(T.citation.get(lang), citation.clone()) }
                }
                if let Some(source) = &info.source {
                    { fact(T.source.get(lang), format!("{} {} · {}", source.package, source.version, source.path)) }
                }
            </dl>
        </section>
    }
}

fn label_view(label: &LabelReport, n_rows: usize, lang: Lang) -> Html {
    let missing: usize = label.missing.iter().sum();
    let n_known = n_rows.saturating_sub(missing);
    html! {
        <section class="distribution">
            <h4>{ label.name.get(lang) }<code>{ &label.key }</code></h4>
            { match &label.distribution {
                Distribution::Classes { names, counts } | Distribution::Labels { names, counts } => {
                    class_bars(names.iter().map(|name| name.get(lang)), counts, n_known, lang)
                }
                Distribution::ManyClasses { n_classes, n_seen, largest, median } => html! {
                    <p>{ fill(T.many_classes, lang, &[&count(*n_classes as u64), &count(*n_seen as u64), &count(*largest as u64), &count(*median as u64)]) }</p>
                },
                Distribution::Real { mean, histograms } => html! {
                    <>
                        { columns(&histograms[0], label.name.get(lang)) }
                        <p class="hint">{ fill(T.mean_is, lang, &[&format!("{mean:.3}")]) }</p>
                    </>
                },
            } }
            { usage_view(&label.usage, lang) }
            if missing > 0 { <p class="hint">{ fill(T.missing_labels, lang, &[&count(missing as u64)]) }</p> }
        </section>
    }
}

/// The number of training rows used for a label, where it is not all labelled rows.
fn usage_view(usage: &LabelUsage, lang: Lang) -> Html {
    let number = |n: usize| count(n as u64);
    let percent = 100.0 * usage.n_used as f64 / usage.n_known.max(1) as f64;
    html! {
        <>
            if usage.n_used < usage.n_known {
                <p class="labels-used">{ fill(T.labels_used, lang, &[&number(usage.n_used), &number(usage.n_known), &plain((percent * 100.0).round() / 100.0)]) }</p>
            }
            if usage.n_read_as_zero > 0 {
                <p class="labels-used">{ fill(T.read_as_zero, lang, &[&number(usage.n_read_as_zero)]) }</p>
            }
        </>
    }
}

/// One bar per class or label over all splits, with its share of the rows; the tooltip gives the splits.
fn class_bars<'a>(
    names: impl Iterator<Item = &'a str>,
    counts: &[Vec<usize>; 3],
    n_rows: usize,
    lang: Lang,
) -> Html {
    let all = |class: usize| {
        counts
            .iter()
            .map(|part| part.get(class).copied().unwrap_or(0))
            .sum::<usize>()
    };
    let names: Vec<&str> = names.collect();
    let total = n_rows.max(1);
    let largest = (0..names.len()).map(all).max().unwrap_or(1).max(1);
    let parts = [Split::Train, Split::Validation, Split::Test];
    html! {
        <>
            <ul class="bars">
                { for names.iter().enumerate().take(MAX_BARS).map(|(class, name)| {
                    let title = parts
                        .iter()
                        .zip(counts)
                        .map(|(part, counts)| format!("{}: {}", part.label().get(lang), count(counts.get(class).copied().unwrap_or(0) as u64)))
                        .collect::<Vec<_>>()
                        .join(" · ");
                    html! {
                        <li {title}>
                            <span class="bar-name">{ *name }</span>
                            <span class="bar-track"><span class="bar" ~style={format!("width:{:.2}%", 100.0 * all(class) as f64 / largest as f64)}></span></span>
                            <span class="bar-value">{ count(all(class) as u64) }<small>{ format!(" {:.1}%", 100.0 * all(class) as f64 / total as f64) }</small></span>
                        </li>
                    }
                }) }
            </ul>
            if names.len() > MAX_BARS { <p class="hint">{ fill(T.more_classes, lang, &[&(names.len() - MAX_BARS)]) }</p> }
        </>
    }
}

fn columns(histogram: &Histogram, label: &str) -> Html {
    let counts = histogram.counts.iter().map(|n| *n as u64).collect::<Vec<_>>();
    histogram_view(&counts, histogram.min, histogram.width, label)
}

fn text_view(text: &TextReport, lang: Lang) -> Html {
    let percent = |share: f32| format!("{:.1}%", share * 100.0);
    html! {
        <section class="distribution">
            <h4>{ fill(T.token_lengths, lang, &[&text.name.get(lang)]) }</h4>
            { columns(&text.lengths, T.token_lengths_axis.get(lang)) }
            <dl class="figures">
                { figure(T.median.get(lang), text.median_tokens.to_string()) }
                { figure(T.p95.get(lang), text.p95_tokens.to_string()) }
                { figure(T.truncated.get(lang), percent(text.truncated)) }
                { figure(T.vocabulary.get(lang), count(text.vocabulary_size as u64)) }
                { figure(T.coverage_train.get(lang), percent(text.train_coverage)) }
                { figure(T.coverage_validation.get(lang), percent(text.validation_coverage)) }
            </dl>
            if text.n_without_known_token > 0 {
                <p class="hint">{ fill(T.no_known_token, lang, &[&count(text.n_without_known_token as u64)]) }</p>
            }
            <p class="tokens" title={T.commonest.get(lang)}>
                { for text.commonest.iter().map(|token| html! { <code>{ token }</code> }) }
            </p>
        </section>
    }
}

fn samples(report: &DataReport, lang: Lang) -> Html {
    html! {
        <ol class="samples" tabindex="0" aria-label={T.sample_rows_label.get(lang)}>
            { for report.samples.iter().map(|sample| sample_view(report, sample, lang)) }
        </ol>
    }
}

fn sample_view(report: &DataReport, sample: &Sample, lang: Lang) -> Html {
    html! {
        <li>
            <p class="sample-text">{ sample.features.join(" · ") }</p>
            <p class="sample-labels">
                <span class="chip chip-muted">{ sample.split.label().get(lang) }</span>
                { for report.labels.iter().zip(&sample.labels).map(|(label, value)| html! {
                    <span class="chip" title={label.name.get(lang).to_owned()}>
                        { value.as_ref().map_or("?", |value| value.get(lang)) }
                    </span>
                }) }
            </p>
        </li>
    }
}
