//! One colour and one letter per task, the same everywhere: canvas, charts, tables, controls.
//!
//! Eight colours after Okabe and Ito, safe for colour-blind eyes, tuned per theme to 3:1 against the panels; the style
//! sheet has the same as `--task-0` to `--task-7`, and a test holds the two together. From the ninth task on the
//! colours repeat; the letter (A, B, ...) still tells the tasks apart.

/// Number of colours.
pub const N_TASK_COLORS: usize = 8;

const LIGHT: [[u8; 3]; N_TASK_COLORS] = [
    [0x00, 0x6f, 0xb0],
    [0xc9, 0x4f, 0x00],
    [0x00, 0x85, 0x62],
    [0xb3, 0x4a, 0x8c],
    [0x9a, 0x6a, 0x00],
    [0x2b, 0x86, 0xb8],
    [0x6b, 0x5f, 0xc4],
    [0x5c, 0x64, 0x70],
];

const DARK: [[u8; 3]; N_TASK_COLORS] = [
    [0x5c, 0xb3, 0xf0],
    [0xff, 0x96, 0x54],
    [0x3f, 0xcf, 0xa2],
    [0xea, 0x98, 0xc8],
    [0xec, 0xc0, 0x4a],
    [0x8f, 0xd6, 0xf5],
    [0xb0, 0xa6, 0xff],
    [0xb4, 0xbd, 0xc9],
];

/// The colour of task `task_idx` as red, green, blue: for what is painted on a canvas.
pub fn task_rgb(task_idx: usize, dark: bool) -> [u8; 3] {
    if dark {
        DARK[task_idx % N_TASK_COLORS]
    } else {
        LIGHT[task_idx % N_TASK_COLORS]
    }
}

/// The colour of task `task_idx` for a style: `var(--task-0)`. It follows the theme by itself.
pub fn task_color(task_idx: usize) -> String {
    format!("var(--task-{})", task_idx % N_TASK_COLORS)
}

/// The letter of task `task_idx`: A to Z, then A1, B1, ...
pub fn task_letter(task_idx: usize) -> String {
    let letter = char::from(b'A' + (task_idx % 26) as u8);
    if task_idx < 26 {
        letter.to_string()
    } else {
        format!("{letter}{}", task_idx / 26)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STYLE: &str = include_str!("../../static/style.css");

    #[test]
    fn the_style_sheet_has_the_same_colours() {
        for dark in [false, true] {
            for task_idx in 0..N_TASK_COLORS {
                let [red, green, blue] = task_rgb(task_idx, dark);
                let line = format!("--task-{task_idx}: #{red:02x}{green:02x}{blue:02x};");
                assert!(STYLE.contains(&line), "static/style.css lacks {line}");
            }
        }
    }

    #[test]
    fn style_sheets_use_only_what_is_defined() {
        let sheets = [
            STYLE,
            include_str!("../../static/forms.css"),
            include_str!("../../static/frame.css"),
            include_str!("../../static/sheets.css"),
            include_str!("../../static/canvas.css"),
            include_str!("../../static/overlays.css"),
            include_str!("../../static/inspector.css"),
            include_str!("../../static/panels.css"),
            include_str!("../../static/narrow.css"),
        ];
        // Set by the page on the element itself.
        let set_in_place = ["--left", "--right", "--watch", "--task", "--zoom", "--share"];
        for used in sheets.iter().flat_map(|sheet| sheet.split("var(").skip(1)) {
            let name = used.split([')', ',']).next().unwrap_or_default().trim();
            let defined =
                set_in_place.contains(&name) || sheets.iter().any(|s| s.contains(&format!("{name}:")));
            assert!(defined, "{name} is used and defined nowhere");
        }
    }

    fn luminance([red, green, blue]: [u8; 3]) -> f64 {
        let linear = |channel: u8| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    #[test]
    fn every_colour_stands_out_from_its_panel() {
        for (dark, panel) in [(false, [0xff, 0xff, 0xff]), (true, [0x16, 0x1b, 0x22])] {
            for task_idx in 0..N_TASK_COLORS {
                let (a, b) = (luminance(task_rgb(task_idx, dark)), luminance(panel));
                let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                assert!(contrast >= 3.0, "task {task_idx}, dark {dark}: {contrast:.2}");
            }
        }
    }

    #[test]
    fn letters_go_on_after_z() {
        assert_eq!(
            [task_letter(0), task_letter(25), task_letter(27)],
            ["A", "Z", "B1"]
        );
    }
}
