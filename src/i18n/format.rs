//! Formatting of numbers, sizes and times.

use super::{Lang, html_lang};

/// A whole number with separators: `1,234,567`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A whole number in a few characters: `812`, `12.3k`, `4.56M`; in Chinese `1.23万`, `4.56亿`.
pub fn short_count(value: f64, lang: Lang) -> String {
    let steps: &[(f64, &str)] = match lang {
        Lang::En => &[(1e9, "G"), (1e6, "M"), (1e3, "k")],
        Lang::Zh => &[(1e8, "亿"), (1e4, "万")],
    };
    match steps.iter().find(|(size, _)| value >= *size) {
        Some((size, unit)) => {
            let scaled = value / size;
            let decimals = if scaled >= 100.0 {
                0
            } else if scaled >= 10.0 {
                1
            } else {
                2
            };
            format!("{scaled:.decimals$}{unit}")
        }
        None => format!("{value:.0}"),
    }
}

/// Bytes: `512 B`, `3.4 kB`, `1.2 MB`.
pub fn bytes(value: u64) -> String {
    let value = value as f64;
    if value < 1e3 {
        format!("{value:.0} B")
    } else if value < 1e6 {
        format!("{:.1} kB", value / 1e3)
    } else {
        format!("{:.1} MB", value / 1e6)
    }
}

/// A date and time, in the browser's format for the language.
pub fn moment(ms: f64, lang: Lang) -> String {
    let date = js_sys::Date::new(&ms.into());
    String::from(date.to_locale_string(html_lang(lang), &wasm_bindgen::JsValue::UNDEFINED))
}

/// A time: `850 ms`, `12.3 s`, `4:05`, `1:02:03`.
pub fn duration(ms: f64) -> String {
    if ms < 1e3 {
        return format!("{ms:.0} ms");
    }
    if ms < 6e4 {
        return format!("{:.1} s", ms / 1e3);
    }
    let seconds = (ms / 1e3) as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// A loss or a metric with four significant places at the most: `0.6931`, `12.34`, `1.2e-5`; `–` when not finite.
pub fn figure(value: f64) -> String {
    if !value.is_finite() {
        not_finite(value).to_owned()
    } else if value != 0.0 && value.abs() < 1e-3 {
        format!("{value:.1e}")
    } else if value.abs() < 10.0 {
        format!("{value:.4}")
    } else if value.abs() < 1000.0 {
        format!("{value:.2}")
    } else {
        format!("{value:.0}")
    }
}

/// A number that is not finite.
pub fn not_finite(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "∞"
    } else {
        "−∞"
    }
}

/// A setting as it is typed: the shortest text that reads back as the same number.
pub fn plain(value: f64) -> String {
    if value != 0.0 && (value.abs() < 1e-4 || value.abs() >= 1e15) {
        format!("{value:e}")
    } else {
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        assert_eq!(
            [count(0), count(999), count(1000), count(1_234_567)],
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(short_count(812.0, Lang::En), "812");
        assert_eq!(short_count(12_345.0, Lang::En), "12.3k");
        assert_eq!(short_count(12_345.0, Lang::Zh), "1.23万");
        assert_eq!(short_count(9_999.0, Lang::Zh), "9999");
    }

    #[test]
    fn figures() {
        assert_eq!(
            [figure(0.731_147), figure(0.0), figure(12.345), figure(0.000_012)],
            ["0.7311", "0.0000", "12.35", "1.2e-5"]
        );
        assert_eq!(figure(f64::NAN), "NaN");
        assert_eq!([plain(0.001), plain(1e-7), plain(64.0)], ["0.001", "1e-7", "64"]);
    }

    #[test]
    fn durations_and_bytes() {
        assert_eq!(
            [
                duration(850.0),
                duration(12_340.0),
                duration(245_000.0),
                duration(3_723_000.0)
            ],
            ["850 ms", "12.3 s", "4:05", "1:02:03"]
        );
        assert_eq!(
            [bytes(512), bytes(3_400), bytes(1_200_000)],
            ["512 B", "3.4 kB", "1.2 MB"]
        );
    }
}
