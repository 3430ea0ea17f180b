//! Export of the design as a picture: a self-contained SVG (with colours and fonts), and a PNG of it.

use std::collections::BTreeMap;
use std::fmt::Write;

use mtl_engine::design::{Design, check::Checked};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, HtmlCanvasElement, HtmlImageElement};

use super::{
    editor::Editor,
    face::{Face, Reach, faces, kind_outline},
    scene::{Point, Rect, Scene, wire_path},
};
use crate::{
    i18n::{Lang, canvas::T, fill_message},
    state::{ToastKind, task_letter, task_rgb},
};

/// Pixels of a PNG per pixel of the design.
const PNG_SCALE: f64 = 2.0;

struct Colors {
    ground: &'static str,
    panel: &'static str,
    line: &'static str,
    text: &'static str,
    muted: &'static str,
    on_task: &'static str,
    dark: bool,
}

const LIGHT: Colors = Colors {
    ground: "#f3f4f7",
    panel: "#ffffff",
    line: "#868f9c",
    text: "#1a1f29",
    muted: "#525c6b",
    on_task: "#ffffff",
    dark: false,
};

const DARK: Colors = Colors {
    ground: "#0d1117",
    panel: "#161b22",
    line: "#77818f",
    text: "#e8ecf2",
    muted: "#a7b1bf",
    on_task: "#0d1117",
    dark: true,
};

impl Colors {
    fn task(&self, task_idx: usize) -> String {
        let [red, green, blue] = task_rgb(task_idx, self.dark);
        format!("#{red:02x}{green:02x}{blue:02x}")
    }
}

/// Escapes text for XML. Characters that are invalid in XML even when escaped (such as controls) become U+FFFD, since one of
/// them makes the file unreadable.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' | '\u{20}'..='\u{7e}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'.. => {
                escaped.push(letter)
            }
            _ => escaped.push(char::REPLACEMENT_CHARACTER),
        }
    }
    escaped
}

/// The design as an SVG file.
pub fn picture(design: &Design, checked: &Checked, lang: Lang, dark: bool) -> String {
    let colors = if dark { &DARK } else { &LIGHT };
    let scene = Scene::new(design);
    let nothing = BTreeMap::new();
    let notes = design.notes.iter().map(|note| Rect::at(note.position, note.size));
    let bounds = scene
        .bounds()
        .into_iter()
        .chain(notes)
        .reduce(|all, rect| all.union(&rect))
        .unwrap_or_default()
        .grown(30.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"{x} {y} {w} {h}\" \
         font-family=\"system-ui, 'Noto Sans', 'Noto Sans CJK SC', sans-serif\">\n<title>{title}</title>\n\
         <rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" fill=\"{ground}\"/>\n",
        x = bounds.x,
        y = bounds.y,
        w = bounds.width.max(60.0),
        h = bounds.height.max(60.0),
        title = escape(&design.name),
        ground = colors.ground,
    );
    let mut draw = |line: String| {
        // Writing to a string does not fail.
        let _ = writeln!(svg, "{line}");
    };
    for note in &design.notes {
        let ([x, y], [w, h]) = (note.position, note.size);
        draw(format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" rx=\"4\" fill=\"{}\" stroke=\"{}\"/>",
            if dark { "#372c12" } else { "#fcf1d8" },
            colors.line
        ));
        for (line, text) in super::views::wrap(&note.text, w - 20.0, 13.0, (h / 18.0) as usize)
            .iter()
            .enumerate()
        {
            draw(text_at(
                [x + 10.0, y + 22.0 + 18.0 * line as f32],
                13,
                400,
                colors.text,
                "start",
                text,
            ));
        }
    }
    for (index, block) in design.blocks.iter().enumerate() {
        let Some(rect) = scene.block(index, &nothing) else {
            continue;
        };
        draw(format!(
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"9\" fill=\"{}\" fill-opacity=\".6\" stroke=\"{}\" stroke-dasharray=\"5 4\"/>",
            rect.x, rect.y, rect.width, rect.height, colors.panel, colors.line
        ));
        draw(text_at(
            [rect.x + 12.0, rect.y + 17.0],
            12,
            600,
            colors.muted,
            "start",
            &block.name,
        ));
    }
    for wire in &design.wires {
        let Some((start, end)) = scene.ends(wire.id, &nothing) else {
            continue;
        };
        let tasks = checked
            .nodes
            .get(&wire.to.node)
            .map(|report| report.tasks)
            .unwrap_or_default();
        let own = (tasks.len() == 1).then(|| tasks.iter().next()).flatten();
        let color = own.map_or_else(|| colors.line.to_owned(), |task_idx| colors.task(task_idx));
        draw(format!(
            "<path d=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"/>",
            wire_path(start, end)
        ));
    }
    for face in faces(design, checked, lang) {
        if let (Some(rect), None) = (scene.nodes.get(&face.id), scene.folded_in(face.id)) {
            draw(node(&face, rect, colors));
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn text_at([x, y]: Point, size: u32, weight: u32, color: &str, anchor: &str, text: &str) -> String {
    let text = escape(text);
    format!(
        "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" font-weight=\"{weight}\" fill=\"{color}\" text-anchor=\"{anchor}\">{text}</text>"
    )
}

fn node(face: &Face, rect: &Rect, colors: &Colors) -> String {
    let [width, height] = face.size;
    let stroke = face
        .task_idx
        .map_or_else(|| colors.line.to_owned(), |task_idx| colors.task(task_idx));
    let mut parts = vec![format!(
        "<g transform=\"translate({} {})\"{}><rect width=\"{width}\" height=\"{height}\" rx=\"9\" fill=\"{}\" stroke=\"{stroke}\" stroke-width=\"1.5\"/>",
        rect.x,
        rect.y,
        if face.reach == Reach::Nothing {
            " opacity=\".55\""
        } else {
            ""
        },
        colors.panel
    )];
    let each = (height - 18.0) / face.tasks.len().max(1) as f32;
    for (place, task_idx) in face.tasks.iter().enumerate() {
        parts.push(format!(
            "<rect x=\"7\" y=\"{}\" width=\"5\" height=\"{}\" rx=\"2.5\" fill=\"{}\"/>",
            9.0 + each * place as f32,
            (each - 1.5).max(1.0),
            colors.task(*task_idx)
        ));
    }
    for (place, task_idx) in face.tasks.iter().rev().take(4).enumerate() {
        let x = width - 16.0 - 15.0 * place as f32;
        parts.push(format!(
            "<circle cx=\"{x}\" cy=\"0\" r=\"7\" fill=\"{}\"/>",
            colors.task(*task_idx)
        ));
        parts.push(text_at(
            [x, 3.5],
            10,
            700,
            colors.on_task,
            "middle",
            &task_letter(*task_idx),
        ));
    }
    parts.push(text_at([18.0, 25.0], 15, 600, colors.text, "start", &face.title));
    parts.push(text_at(
        [18.0, 44.0],
        13,
        400,
        colors.muted,
        "start",
        &face.summary,
    ));
    parts.push(text_at(
        [18.0, height - 12.0],
        13,
        400,
        colors.text,
        "start",
        &face.shape,
    ));
    parts.push(text_at(
        [width - 12.0, height - 12.0],
        13,
        400,
        colors.muted,
        "end",
        &face.parameters,
    ));
    for handle in face.inputs.iter().chain(&face.outputs) {
        let [x, y] = handle.at;
        parts.push(format!(
            "<path transform=\"translate({x} {y})\" d=\"{}\" fill=\"{}\" stroke=\"{}\" stroke-width=\"1.5\"/>",
            kind_outline(handle.kind, handle.many),
            colors.panel,
            colors.muted
        ));
    }
    parts.push("</g>".to_owned());
    parts.join("")
}

fn file_name(editor: &Editor, ending: &str) -> String {
    let name: String = editor
        .design()
        .name
        .chars()
        .map(|c| if c.is_alphanumeric() || c == '-' { c } else { '-' })
        .collect();
    let name = name.trim_matches('-');
    format!("{}.{ending}", if name.is_empty() { "design" } else { name })
}

fn current(editor: &Editor) -> String {
    picture(
        &editor.design(),
        &editor.checked.get(),
        editor.preferences.get().lang,
        *editor.dark.get(),
    )
}

/// Saves the design as an SVG file.
pub fn save_svg(editor: &Editor) {
    let kind = BlobPropertyBag::new();
    kind.set_type("image/svg+xml");
    let content = js_sys::Array::of1(&JsValue::from_str(&current(editor)));
    if let Ok(blob) = Blob::new_with_str_sequence_and_options(&content, &kind) {
        save(editor, &blob, &file_name(editor, "svg"));
    }
}

/// Saves the design as a PNG file.
pub fn save_png(editor: &Editor) {
    let Ok(image) = HtmlImageElement::new() else {
        return;
    };
    let source = String::from(js_sys::encode_uri_component(&current(editor)));
    let toasts = editor.toasts.clone();
    let on_error = Closure::once_into_js(move || toasts.show(ToastKind::Problem, T.no_picture.into()));
    image.set_onerror(Some(on_error.unchecked_ref()));
    let (drawn, editor) = (image.clone(), editor.clone());
    let on_load = Closure::once_into_js(move || {
        let made = draw_png(&drawn, &editor);
        if made.is_none() {
            editor.toasts.show(ToastKind::Problem, T.no_picture.into());
        }
    });
    image.set_onload(Some(on_load.unchecked_ref()));
    image.set_src(&format!("data:image/svg+xml;charset=utf-8,{source}"));
}

fn draw_png(image: &HtmlImageElement, editor: &Editor) -> Option<()> {
    let document = web_sys::window()?.document()?;
    let canvas: HtmlCanvasElement = document.create_element("canvas").ok()?.dyn_into().ok()?;
    let (width, height) = (
        f64::from(image.natural_width()),
        f64::from(image.natural_height()),
    );
    // Browsers limit canvases to some 16,000 pixels per side.
    let scale = PNG_SCALE.min(12_000.0 / width.max(height).max(1.0));
    canvas.set_width((width * scale) as u32);
    canvas.set_height((height * scale) as u32);
    let context: web_sys::CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    context
        .draw_image_with_html_image_element_and_dw_and_dh(image, 0.0, 0.0, width * scale, height * scale)
        .ok()?;
    let editor = editor.clone();
    let on_blob = Closure::once_into_js(move |blob: Option<Blob>| match blob {
        Some(blob) => save(&editor, &blob, &file_name(&editor, "png")),
        None => editor.toasts.show(ToastKind::Problem, T.no_picture.into()),
    });
    canvas.to_blob(on_blob.unchecked_ref()).ok()
}

fn save(editor: &Editor, blob: &Blob, name: &str) {
    let saved = || -> Option<()> {
        let document = web_sys::window()?.document()?;
        let url = web_sys::Url::create_object_url_with_blob(blob).ok()?;
        let link: HtmlAnchorElement = document.create_element("a").ok()?.dyn_into().ok()?;
        link.set_href(&url);
        link.set_download(name);
        link.click();
        // The browser holds its own reference to the content by the next task.
        gloo_timers::callback::Timeout::new(1_000, move || {
            let _ = web_sys::Url::revoke_object_url(&url);
        })
        .forget();
        Some(())
    };
    match saved() {
        Some(()) => editor
            .toasts
            .show(ToastKind::Done, fill_message(T.picture_saved, &[&name])),
        None => editor.toasts.show(ToastKind::Problem, T.no_picture.into()),
    }
}

#[cfg(test)]
mod tests {
    use mtl_engine::layers::Layer;

    use super::*;

    #[test]
    fn a_picture_has_every_node_and_wire_and_escapes_names() {
        let mut design = Design::new("a < b & c");
        let tokens = design.add("<tokens>", Layer::from_key("token_input").unwrap());
        let embedding = design.add("嵌入", Layer::from_key("embedding").unwrap());
        design.connect(tokens, embedding, 0);
        let svg = picture(&design, &Checked::default(), Lang::Zh, false);
        assert!(svg.contains("<title>a &lt; b &amp; c</title>"));
        assert!(svg.contains("&lt;tokens&gt;") && svg.contains("嵌入"));
        assert_eq!(svg.matches("stroke-width=\"2\"").count(), 1);
    }

    #[test]
    fn faults_no_name_makes_a_picture_that_is_no_xml() {
        let mut design = Design::new("");
        let node = design.add("", Layer::from_key("token_input").unwrap());
        // Every character below U+3000, and those around the surrogates and at the end.
        let letters = (0..0x3000_u32)
            .chain(0xd7f0..0xe010)
            .chain(0xffe0..0x1_0010)
            .chain(0x10_fff0..0x11_0000);
        let letters: Vec<char> = letters.filter_map(char::from_u32).collect();
        for part in letters.chunks(64) {
            let name: String = part.iter().collect();
            design.name = name.clone();
            if let Some(drawn) = design.nodes.iter_mut().find(|drawn| drawn.id == node) {
                drawn.name = name.clone();
            }
            let svg = picture(&design, &Checked::default(), Lang::En, false);
            let read = roxmltree::Document::parse(&svg).unwrap_or_else(|error| panic!("{name:?}: {error}"));
            assert_eq!(read.root_element().tag_name().name(), "svg");
        }
    }
}
