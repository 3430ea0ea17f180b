//! The chart as a component: canvas, cross-hair read-out, drag to zoom, double click to reset.
//!
//! yew renders it once. A change of its source requests one animation frame, which draws; hovering moves two
//! overlay elements and draws nothing.

use std::{any::Any, cell::RefCell, rc::Rc};

use gloo_render::{AnimationFrame, request_animation_frame};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{
    CanvasRenderingContext2d, Element, HtmlCanvasElement, HtmlElement, PointerEvent, ResizeObserver,
};
use yew::prelude::*;

use crate::work::{self, Counter};

use super::line::{ChartData, ChartTheme, Geometry, draw, format_value, format_x, nearest};

/// Source of a chart's data.
pub trait ChartSource {
    /// The current lines; of bounded size whatever the length of the run.
    fn data(&self) -> ChartData;
    /// Calls `on_change` when they change, until the returned subscription is dropped.
    fn subscribe(&self, on_change: Rc<dyn Fn()>) -> Box<dyn Any>;
}

/// Properties of `LineChart`.
#[derive(Properties, Clone)]
pub struct LineChartProps {
    /// The lines.
    pub source: Rc<dyn ChartSource>,
    /// Text for screen readers.
    pub label: AttrValue,
    /// Shown while there is no point.
    pub empty: AttrValue,
}

impl PartialEq for LineChartProps {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.source, &other.source) && self.label == other.label && self.empty == other.empty
    }
}

/// State shared by the event handlers and the animation frame.
struct Live {
    source: Rc<dyn ChartSource>,
    canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
    cross_hair: HtmlElement,
    read_out: HtmlElement,
    empty: HtmlElement,
    frame: Option<AnimationFrame>,
    geometry: Option<Geometry>,
    theme: Option<(Option<String>, ChartTheme)>,
    shown: ChartData,
    zoom: Option<(f64, f64)>,
    drag_from: Option<f64>,
    pointer: Option<f64>,
}

/// Requests an animation frame, unless one is pending.
fn request_draw(live: &Rc<RefCell<Live>>) {
    if live.borrow().frame.is_some() {
        return;
    }
    let drawn = Rc::downgrade(live);
    let frame = request_animation_frame(move |_| {
        if let Some(live) = drawn.upgrade() {
            let mut live = live.borrow_mut();
            live.frame = None;
            live.redraw();
        }
    });
    live.borrow_mut().frame = Some(frame);
}

impl Live {
    fn redraw(&mut self) {
        work::add(Counter::ChartDraws, 1);
        let mut data = self.source.data();
        data.zoom = self.zoom;
        let theme = self.theme();
        self.geometry = draw(&self.canvas, &self.context, &data, theme);
        self.empty.set_hidden(self.geometry.is_some());
        self.shown = data;
        self.show_read_out();
    }

    /// Colours of the theme: read from the style sheet only when the theme changes, since reading forces the browser to compute all
    /// styles.
    fn theme(&mut self) -> ChartTheme {
        let scheme = self
            .canvas
            .owner_document()
            .and_then(|document| document.document_element()?.get_attribute("data-scheme"));
        match &self.theme {
            Some((known, theme)) if *known == scheme => *theme,
            _ => {
                let theme = theme_of(&self.canvas);
                self.theme = Some((scheme, theme));
                theme
            }
        }
    }

    /// Moves the cross-hair and fills the read-out.
    fn show_read_out(&self) {
        let (Some(geometry), Some(pixel)) = (self.geometry, self.pointer) else {
            self.cross_hair.set_hidden(true);
            self.read_out.set_hidden(true);
            return;
        };
        let x = geometry.x_at(pixel);
        let mut lines: Vec<(&str, (u8, u8, u8), f64)> = Vec::new();
        let mut at = None;
        for series in self.shown.series.iter().filter(|series| !series.faint) {
            if let Some((point_x, y)) = nearest(&series.points, x) {
                at = Some(at.map_or(point_x, |best: f64| {
                    if (best - x).abs() <= (point_x - x).abs() {
                        best
                    } else {
                        point_x
                    }
                }));
                lines.push((&series.label, series.rgb, y));
            }
        }
        let Some(at) = at else { return };
        let from = self
            .drag_from
            .map_or(geometry.pixel_of(at), |from| from.min(pixel));
        let width = self.drag_from.map_or(1.0, |from| (pixel - from).abs().max(1.0));
        let style = format!(
            "left:{from:.1}px;width:{width:.1}px;top:{}px;height:{}px",
            geometry.top,
            geometry.bottom - geometry.top
        );
        self.cross_hair.style().set_css_text(&style);
        self.cross_hair.set_hidden(false);
        fill_read_out(&self.read_out, &format_x(at, self.shown.time_axis), &lines);
        let middle = (geometry.left + geometry.right) / 2.0;
        let side = if geometry.pixel_of(at) < middle {
            format!("left:{:.0}px", geometry.pixel_of(at) + 10.0)
        } else {
            format!(
                "right:{:.0}px",
                f64::from(self.canvas.client_width()) - geometry.pixel_of(at) + 10.0
            )
        };
        self.read_out
            .style()
            .set_css_text(&format!("{side};top:{}px", geometry.top));
        self.read_out.set_hidden(false);
    }
}

fn fill_read_out(read_out: &HtmlElement, title: &str, lines: &[(&str, (u8, u8, u8), f64)]) {
    let Some(document) = read_out.owner_document() else {
        return;
    };
    read_out.set_text_content(Some(title));
    for (label, (red, green, blue), y) in lines {
        let row = document
            .create_element("div")
            .map(JsCast::dyn_into::<HtmlElement>);
        let Ok(Ok(row)) = row else { continue };
        row.set_text_content(Some(&format!("{label}  {}", format_value(*y))));
        row.style().set_css_text(&format!(
            "border-left:3px solid rgb({red},{green},{blue});padding-left:6px"
        ));
        let _ = read_out.append_child(&row);
    }
}

/// Label and mesh colours of the page's theme, from the custom properties `--text-2` and `--line`.
fn theme_of(element: &Element) -> ChartTheme {
    let style = web_sys::window().and_then(|window| window.get_computed_style(element).ok().flatten());
    let read = |name: &str, otherwise| {
        style
            .as_ref()
            .and_then(|style| style.get_property_value(name).ok())
            .and_then(|value| parse_hex(&value))
            .unwrap_or(otherwise)
    };
    ChartTheme {
        text: read("--text-2", (110, 110, 110)),
        grid: read("--line", (150, 150, 150)),
    }
}

/// Reads `#rrggbb` or `#rgb`.
pub(crate) fn parse_hex(text: &str) -> Option<(u8, u8, u8)> {
    let digits = text.trim().strip_prefix('#')?;
    let byte = |text: &str| u8::from_str_radix(text, 16).ok();
    match digits.len() {
        6 => Some((
            byte(digits.get(0..2)?)?,
            byte(digits.get(2..4)?)?,
            byte(digits.get(4..6)?)?,
        )),
        3 => {
            let nibble = |at: usize| digits.get(at..at + 1).and_then(byte).map(|value| value * 17);
            Some((nibble(0)?, nibble(1)?, nibble(2)?))
        }
        _ => None,
    }
}

/// A line chart.
#[component]
pub fn LineChart(props: &LineChartProps) -> Html {
    let canvas_ref = use_node_ref();
    let cross_hair_ref = use_node_ref();
    let read_out_ref = use_node_ref();
    let empty_ref = use_node_ref();
    let live = use_mut_ref(|| None::<Rc<RefCell<Live>>>);

    {
        let (live, canvas_ref, cross_hair_ref) = (live.clone(), canvas_ref.clone(), cross_hair_ref.clone());
        let (read_out_ref, empty_ref) = (read_out_ref.clone(), empty_ref.clone());
        use_effect_with(SourceKey(props.source.clone()), move |source| {
            let made = (|| {
                let canvas: HtmlCanvasElement = canvas_ref.cast()?;
                let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
                Some(Rc::new(RefCell::new(Live {
                    source: source.0.clone(),
                    canvas,
                    context,
                    cross_hair: cross_hair_ref.cast()?,
                    read_out: read_out_ref.cast()?,
                    empty: empty_ref.cast()?,
                    frame: None,
                    geometry: None,
                    theme: None,
                    shown: ChartData::default(),
                    zoom: None,
                    drag_from: None,
                    pointer: None,
                })))
            })();
            *live.borrow_mut() = made.clone();
            let guard = made.map(|made| {
                let redraw: Rc<dyn Fn()> = {
                    let made = Rc::downgrade(&made);
                    Rc::new(move || {
                        if let Some(made) = made.upgrade() {
                            request_draw(&made);
                        }
                    })
                };
                redraw();
                let resized = {
                    let redraw = redraw.clone();
                    Closure::<dyn Fn()>::new(move || redraw())
                };
                let observer = ResizeObserver::new(resized.as_ref().unchecked_ref()).ok();
                if let (Some(observer), Some(frame)) = (&observer, made.borrow().canvas.parent_element()) {
                    observer.observe(&frame);
                }
                (source.0.subscribe(redraw), observer, resized)
            });
            move || {
                if let Some((_, Some(observer), _)) = &guard {
                    observer.disconnect();
                }
                drop(guard);
            }
        });
    }

    let with_live = |action: fn(&mut Live, f64) -> bool| {
        let live = live.clone();
        Callback::from(move |event: PointerEvent| {
            if let Some(live) = live.borrow().as_ref() {
                let redraw = action(&mut live.borrow_mut(), f64::from(event.offset_x()));
                if redraw {
                    request_draw(live);
                } else {
                    live.borrow().show_read_out();
                }
            }
        })
    };
    let onpointermove = with_live(|live, x| {
        live.pointer = Some(x);
        false
    });
    let onpointerleave = with_live(|live, _| {
        live.pointer = None;
        live.drag_from = None;
        false
    });
    let onpointerdown = with_live(|live, x| {
        live.pointer = Some(x);
        live.drag_from = Some(x);
        false
    });
    let onpointerup = with_live(|live, x| {
        let (Some(from), Some(geometry)) = (live.drag_from.take(), live.geometry) else {
            return false;
        };
        let chosen = (geometry.x_at(from.min(x)), geometry.x_at(from.max(x)));
        let is_drag = (x - from).abs() > 8.0 && chosen.1 > chosen.0;
        if is_drag {
            live.zoom = Some(chosen);
        }
        is_drag
    });
    let ondblclick = {
        let live = live.clone();
        Callback::from(move |_: MouseEvent| {
            if let Some(live) = live.borrow().as_ref() {
                live.borrow_mut().zoom = None;
                request_draw(live);
            }
        })
    };

    html! {
        <div class="chart">
            <canvas ref={canvas_ref} role="img" aria-label={props.label.clone()}
                {onpointermove} {onpointerleave} {onpointerdown} {onpointerup} {ondblclick} />
            <div class="chart-cross-hair" hidden=true ref={cross_hair_ref}></div>
            <div class="chart-read-out" hidden=true ref={read_out_ref}></div>
            <p class="chart-empty" ref={empty_ref}>{ &props.empty }</p>
        </div>
    }
}

/// A source compared by identity, as the key of an effect.
struct SourceKey(Rc<dyn ChartSource>);

impl PartialEq for SourceKey {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}
