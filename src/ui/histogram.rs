//! Histograms.

use yew::prelude::*;

use super::charts::format_value;
use crate::i18n::format;

/// A histogram with bins of equal width from `min` on, and its range as a caption.
pub fn histogram_view(counts: &[u64], min: f32, width: f32, label: &str) -> Html {
    let largest = counts.iter().copied().max().unwrap_or(0).max(1);
    let n_bins = counts.len().max(1);
    let edge = |bin: usize| min + width * bin as f32;
    html! {
        <figure class="histogram">
            <svg viewBox={format!("0 0 {} 40", n_bins * 10)} preserveAspectRatio="none" role="img" aria-label={label.to_owned()}>
                { for counts.iter().enumerate().map(|(bin, n)| {
                    let height = 40.0 * *n as f64 / largest as f64;
                    html! {
                        <rect x={(bin * 10).to_string()} y={format!("{:.2}", 40.0 - height)} width="9" height={format!("{height:.2}")}>
                            <title>{ format!("{:.4} – {:.4}: {}", edge(bin), edge(bin + 1), format::count(*n)) }</title>
                        </rect>
                    }
                }) }
            </svg>
            <figcaption><span>{ format_value(f64::from(min)) }</span><span>{ format_value(f64::from(edge(n_bins))) }</span></figcaption>
        </figure>
    }
}
