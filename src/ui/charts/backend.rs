//! A plotters backend on a 2d canvas context.
//!
//! It differs from the stock one where a live chart needs it: text is measured by the canvas itself (the stock
//! backend inserts an element into the page and forces a layout for every label), lengths are scaled to the screen's
//! pixel ratio, a path is one stroke, and a series can be dashed.

use std::{cell::Cell, f64::consts::PI, rc::Rc};

use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
    FontTransform,
    text_anchor::{HPos, VPos},
};
use wasm_bindgen::JsValue;
use web_sys::CanvasRenderingContext2d;

/// An error of the canvas API.
#[derive(Debug, thiserror::Error)]
#[error("the canvas refused to draw: {0}")]
pub struct CanvasError(String);

fn refused(value: &JsValue) -> DrawingErrorKind<CanvasError> {
    DrawingErrorKind::DrawingError(CanvasError(format!("{value:?}")))
}

/// Draws on `context`, an area of `width` x `height` CSS pixels on a screen with `ratio` device pixels in each.
pub struct CanvasBackend {
    context: CanvasRenderingContext2d,
    width: u32,
    height: u32,
    font_family: &'static str,
    dashed: Rc<Cell<bool>>,
}

impl CanvasBackend {
    /// A backend that draws dashed paths while `dashed` is true.
    pub fn new(
        context: CanvasRenderingContext2d,
        (width, height): (u32, u32),
        font_family: &'static str,
        dashed: Rc<Cell<bool>>,
    ) -> Self {
        Self {
            context,
            width,
            height,
            font_family,
            dashed,
        }
    }

    fn stroke_style<S: BackendStyle>(&self, style: &S) {
        self.context.set_stroke_style_str(&css(style.color()));
        self.context.set_line_width(f64::from(style.stroke_width()));
    }

    fn trace(&self, path: impl IntoIterator<Item = BackendCoord>) {
        self.context.begin_path();
        let mut path = path.into_iter();
        if let Some((x, y)) = path.next() {
            self.context.move_to(f64::from(x), f64::from(y));
            for (x, y) in path {
                self.context.line_to(f64::from(x), f64::from(y));
            }
        }
    }

    fn set_font<S: BackendTextStyle>(&self, style: &S) {
        self.context
            .set_font(&format!("{}px {}", style.size(), self.font_family));
    }
}

fn css(color: BackendColor) -> String {
    let (red, green, blue) = color.rgb;
    format!("rgba({red},{green},{blue},{})", color.alpha)
}

/// Puts a horizontal or vertical line on the middle of a pixel, where it is sharp.
fn sharp(from: BackendCoord, to: BackendCoord) -> ((f64, f64), (f64, f64)) {
    let shift_x = if from.0 == to.0 { 0.5 } else { 0.0 };
    let shift_y = if from.1 == to.1 { 0.5 } else { 0.0 };
    let shifted = |(x, y): BackendCoord| (f64::from(x) + shift_x, f64::from(y) + shift_y);
    (shifted(from), shifted(to))
}

impl DrawingBackend for CanvasBackend {
    type ErrorType = CanvasError;

    fn get_size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    fn ensure_prepared(&mut self) -> Result<(), DrawingErrorKind<CanvasError>> {
        Ok(())
    }

    fn present(&mut self) -> Result<(), DrawingErrorKind<CanvasError>> {
        Ok(())
    }

    fn draw_pixel(
        &mut self,
        (x, y): BackendCoord,
        color: BackendColor,
    ) -> Result<(), DrawingErrorKind<CanvasError>> {
        self.context.set_fill_style_str(&css(color));
        self.context.fill_rect(f64::from(x), f64::from(y), 1.0, 1.0);
        Ok(())
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Result<(), DrawingErrorKind<CanvasError>> {
        let (from, to) = sharp(from, to);
        self.stroke_style(style);
        self.context.begin_path();
        self.context.move_to(from.0, from.1);
        self.context.line_to(to.0, to.1);
        self.context.stroke();
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (left, top): BackendCoord,
        (right, bottom): BackendCoord,
        style: &S,
        fill: bool,
    ) -> Result<(), DrawingErrorKind<CanvasError>> {
        let (x, y, width, height) = (
            f64::from(left),
            f64::from(top),
            f64::from(right - left),
            f64::from(bottom - top),
        );
        if fill {
            self.context.set_fill_style_str(&css(style.color()));
            self.context.fill_rect(x, y, width, height);
        } else {
            self.stroke_style(style);
            self.context.stroke_rect(x, y, width, height);
        }
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Result<(), DrawingErrorKind<CanvasError>> {
        self.stroke_style(style);
        let dashes = js_sys::Array::new();
        if self.dashed.get() {
            dashes.push(&JsValue::from_f64(5.0));
            dashes.push(&JsValue::from_f64(4.0));
        }
        self.context
            .set_line_dash(&dashes)
            .map_err(|error| refused(&error))?;
        self.trace(path);
        self.context.stroke();
        dashes.set_length(0);
        self.context
            .set_line_dash(&dashes)
            .map_err(|error| refused(&error))
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Result<(), DrawingErrorKind<CanvasError>> {
        self.context.set_fill_style_str(&css(style.color()));
        self.trace(path);
        self.context.close_path();
        self.context.fill();
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        (x, y): BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Result<(), DrawingErrorKind<CanvasError>> {
        self.context.begin_path();
        self.context
            .arc(f64::from(x), f64::from(y), f64::from(radius), 0.0, 2.0 * PI)
            .map_err(|error| refused(&error))?;
        if fill {
            self.context.set_fill_style_str(&css(style.color()));
            self.context.fill();
        } else {
            self.stroke_style(style);
            self.context.stroke();
        }
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        (x, y): BackendCoord,
    ) -> Result<(), DrawingErrorKind<CanvasError>> {
        let quarter_turns = match style.transform() {
            FontTransform::None => 0.0,
            FontTransform::Rotate90 => 1.0,
            FontTransform::Rotate180 => 2.0,
            FontTransform::Rotate270 => 3.0,
        };
        self.context.save();
        self.context
            .translate(f64::from(x), f64::from(y))
            .map_err(|error| refused(&error))?;
        self.context
            .rotate(quarter_turns * PI / 2.0)
            .map_err(|error| refused(&error))?;
        self.context.set_text_baseline(match style.anchor().v_pos {
            VPos::Top => "top",
            VPos::Center => "middle",
            VPos::Bottom => "bottom",
        });
        self.context.set_text_align(match style.anchor().h_pos {
            HPos::Left => "left",
            HPos::Right => "right",
            HPos::Center => "center",
        });
        self.context.set_fill_style_str(&css(style.color()));
        self.set_font(style);
        self.context
            .fill_text(text, 0.0, 0.0)
            .map_err(|error| refused(&error))?;
        self.context.restore();
        Ok(())
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<CanvasError>> {
        self.set_font(style);
        let width = self
            .context
            .measure_text(text)
            .map_err(|error| refused(&error))?
            .width();
        Ok((width.ceil() as u32, style.size().ceil() as u32))
    }
}
