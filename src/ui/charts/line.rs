//! Draws line charts over a step or time axis with plotters, and returns the plot area for the read-out.

use std::{cell::Cell, rc::Rc};

use plotters::{
    coord::{
        Shift,
        ranged1d::{AsRangedCoord, ValueFormatter},
    },
    prelude::*,
};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use super::backend::{CanvasBackend, CanvasError};

/// Font of the labels: the page's own.
const FONT: &str = "system-ui, sans-serif";
const LABEL_SIZE_PX: u32 = 12;

/// A line of the chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Label in the read-out.
    pub label: String,
    pub rgb: (u8, u8, u8),
    /// Whether it is dashed, as validation curves are.
    pub dashed: bool,
    /// Whether the points are marked.
    pub marked: bool,
    /// Whether it is drawn faintly and omitted from the read-out, as the raw values of a smoothed line are.
    pub faint: bool,
    /// Increasing in x; at most a few thousand.
    pub points: Vec<(f64, f64)>,
}

/// Data of a chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChartData {
    /// The lines, back to front.
    pub series: Vec<Series>,
    /// Whether the value axis is logarithmic.
    pub log_y: bool,
    /// Whether the x axis is in milliseconds; otherwise in steps.
    pub time_axis: bool,
    /// Part of the x axis to show; all of it otherwise.
    pub zoom: Option<(f64, f64)>,
    /// Bounds that the value axis does not exceed (0 and 1 for a share).
    pub value_bounds: Option<(f64, f64)>,
}

/// Colours that depend on the theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChartTheme {
    /// Labels.
    pub text: (u8, u8, u8),
    /// Mesh.
    pub grid: (u8, u8, u8),
}

/// The plot area in CSS pixels, and the values at its edges.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Geometry {
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
    /// Values of x at the left and the right edge.
    pub x_range: (f64, f64),
}

impl Geometry {
    /// The x value under a pixel.
    pub fn x_at(&self, pixel: f64) -> f64 {
        let share = (pixel - self.left) / (self.right - self.left).max(1.0);
        self.x_range.0 + share.clamp(0.0, 1.0) * (self.x_range.1 - self.x_range.0)
    }

    /// The pixel of an x value.
    pub fn pixel_of(&self, x: f64) -> f64 {
        let share = (x - self.x_range.0) / (self.x_range.1 - self.x_range.0);
        self.left + share * (self.right - self.left)
    }
}

/// Exponential moving average with bias correction: `s_t = w s_{t-1} + (1 - w) y_t`, shown as `s_t / (1 - w^t)`.
pub fn smooth(points: &[(f64, f64)], weight: f64) -> Vec<(f64, f64)> {
    let mut average = 0.0;
    let mut weight_left = 1.0;
    points
        .iter()
        .map(|&(x, y)| {
            average = weight * average + (1.0 - weight) * y;
            weight_left *= weight;
            (x, average / (1.0 - weight_left))
        })
        .collect()
}

/// Keeps the first, last, smallest and largest point of each of `n_columns` columns of the x axis, so that the line
/// looks the same and costs at most four points a column.
pub fn thin(points: &[(f64, f64)], n_columns: usize) -> Vec<(f64, f64)> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return Vec::new();
    };
    if points.len() <= 4 * n_columns || last.0 <= first.0 {
        return points.to_vec();
    }
    let column = |x: f64| ((x - first.0) / (last.0 - first.0) * n_columns as f64) as usize;
    let mut kept = Vec::with_capacity(4 * n_columns);
    let mut start = 0;
    while start < points.len() {
        let here = column(points[start].0);
        let length = points[start..]
            .iter()
            .take_while(|point| column(point.0) == here)
            .count();
        let run = &points[start..start + length];
        let extreme = |better: fn(f64, f64) -> bool| {
            (1..length).fold(
                0,
                |best, at| if better(run[at].1, run[best].1) { at } else { best },
            )
        };
        let (lowest, highest) = (extreme(|a, b| a < b), extreme(|a, b| a > b));
        let places = [0, lowest.min(highest), lowest.max(highest), length - 1];
        for (at, &place) in places.iter().enumerate() {
            if at == 0 || place != places[at - 1] {
                kept.push(run[place]);
            }
        }
        start += length;
    }
    kept
}

/// The point nearest to `x`.
pub fn nearest(points: &[(f64, f64)], x: f64) -> Option<(f64, f64)> {
    let after = points.partition_point(|point| point.0 < x);
    let candidates = [after.checked_sub(1), Some(after)];
    candidates
        .into_iter()
        .flatten()
        .filter_map(|at| points.get(at).copied())
        .min_by(|a, b| (a.0 - x).abs().total_cmp(&(b.0 - x).abs()))
}

/// Label of a tick of the x axis: `1.5k` steps, or `12 s`.
pub fn format_x(x: f64, time_axis: bool) -> String {
    if time_axis {
        let seconds = x / 1000.0;
        if seconds < 120.0 {
            format!("{} s", trimmed(seconds, 1))
        } else {
            format!("{} min", trimmed(seconds / 60.0, 1))
        }
    } else if x.abs() >= 10_000.0 {
        format!("{}k", trimmed(x / 1000.0, 1))
    } else {
        trimmed(x, 0)
    }
}

/// A value with four significant digits at the most.
pub fn format_value(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        "—".to_owned()
    } else if size == 0.0 {
        "0".to_owned()
    } else if !(1e-4..1e6).contains(&size) {
        format!("{value:.2e}")
    } else {
        let n_digits = (3 - size.log10().floor() as i32).clamp(0, 6) as usize;
        trimmed(value, n_digits)
    }
}

fn trimmed(value: f64, n_digits: usize) -> String {
    let text = format!("{value:.n_digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// Draws `data` over the whole of `canvas`. `None` when there is nothing to draw or the canvas has no size.
pub fn draw(
    canvas: &HtmlCanvasElement,
    context: &CanvasRenderingContext2d,
    data: &ChartData,
    theme: ChartTheme,
) -> Option<Geometry> {
    let ratio = web_sys::window().map_or(1.0, |window| window.device_pixel_ratio());
    let (width, height) = (
        canvas.client_width().max(0) as u32,
        canvas.client_height().max(0) as u32,
    );
    let pixels = (
        (f64::from(width) * ratio) as u32,
        (f64::from(height) * ratio) as u32,
    );
    if width < 80 || height < 60 {
        return None;
    }
    if (canvas.width(), canvas.height()) != pixels {
        canvas.set_width(pixels.0);
        canvas.set_height(pixels.1);
    }
    context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0).ok()?;
    context.clear_rect(0.0, 0.0, f64::from(width), f64::from(height));
    let (x_range, y_range) = ranges(data)?;
    let dashed = Rc::new(Cell::new(false));
    let area =
        CanvasBackend::new(context.clone(), (width, height), FONT, Rc::clone(&dashed)).into_drawing_area();
    let drawn = if data.log_y {
        draw_on(
            &area,
            data,
            theme,
            x_range,
            (y_range.0..y_range.1).log_scale(),
            &dashed,
        )
    } else {
        draw_on(&area, data, theme, x_range, y_range.0..y_range.1, &dashed)
    };
    drawn.ok()
}

/// The visible ranges of both axes; `None` without a point.
fn ranges(data: &ChartData) -> Option<((f64, f64), (f64, f64))> {
    let all = || {
        data.series
            .iter()
            .flat_map(|series| series.points.iter().copied())
            .filter(|point| point.1.is_finite())
    };
    let full_x = all().fold(None, |range: Option<(f64, f64)>, (x, _)| {
        Some(range.map_or((x, x), |(low, high)| (low.min(x), high.max(x))))
    })?;
    let mut x_range = data.zoom.unwrap_or((full_x.0.min(0.0), full_x.1));
    if x_range.1 <= x_range.0 {
        x_range.1 = x_range.0 + 1.0;
    }
    let shown = || {
        all()
            .filter(|&(x, y)| x >= x_range.0 && x <= x_range.1 && (!data.log_y || y > 0.0))
            .map(|(_, y)| y)
    };
    let low = shown().fold(f64::INFINITY, f64::min);
    let high = shown().fold(f64::NEG_INFINITY, f64::max);
    if low > high {
        return Some((x_range, if data.log_y { (0.1, 1.0) } else { (0.0, 1.0) }));
    }
    let y_range = if data.log_y {
        (low / 1.1, high * 1.1)
    } else {
        let margin = ((high - low) * 0.06).max(high.abs() * 0.01).max(1e-6);
        let (floor, ceiling) = data.value_bounds.unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
        (
            (low - margin).max(floor),
            (high + margin).min(ceiling.max(low + 1e-6)),
        )
    };
    Some((x_range, y_range))
}

/// Clips a line to two bounds of x, with the points where it crosses them.
fn line_within(points: &[(f64, f64)], (low, high): (f64, f64)) -> Vec<(f64, f64)> {
    let mut line = Vec::new();
    for (at, &(x, y)) in points.iter().enumerate() {
        if let Some(&(last_x, last_y)) = at.checked_sub(1).and_then(|last| points.get(last)) {
            let crossed = [low, high]
                .into_iter()
                .filter(|bound| last_x < *bound && *bound < x);
            line.extend(
                crossed.map(|bound| (bound, last_y + (y - last_y) * (bound - last_x) / (x - last_x))),
            );
        }
        if low <= x && x <= high {
            line.push((x, y));
        }
    }
    line
}

type Area = DrawingArea<CanvasBackend, Shift>;

fn draw_on<Y>(
    area: &Area,
    data: &ChartData,
    theme: ChartTheme,
    x_range: (f64, f64),
    y_axis: Y,
    dashed: &Cell<bool>,
) -> Result<Geometry, DrawingAreaErrorKind<CanvasError>>
where
    Y: AsRangedCoord<Value = f64>,
    Y::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let text = RGBColor(theme.text.0, theme.text.1, theme.text.2);
    let grid = RGBColor(theme.grid.0, theme.grid.1, theme.grid.2);
    let mut chart = ChartBuilder::on(area)
        .margin_top(8)
        .margin_right(14)
        .x_label_area_size(22)
        .y_label_area_size(48)
        .build_cartesian_2d(x_range.0..x_range.1, y_axis)?;
    let (width, height) = area.dim_in_pixel();
    chart
        .configure_mesh()
        .x_labels((width / 90).clamp(2, 10) as usize)
        .y_labels((height / 36).clamp(2, 8) as usize)
        .max_light_lines(0)
        .axis_style(grid)
        .bold_line_style(grid.mix(0.6))
        .label_style(("sans-serif", LABEL_SIZE_PX).into_font().color(&text))
        .x_label_formatter(&|x| format_x(*x, data.time_axis))
        .y_label_formatter(&|y| format_value(*y))
        .draw()?;
    for series in &data.series {
        let color = RGBColor(series.rgb.0, series.rgb.1, series.rgb.2);
        let style = if series.faint {
            color.mix(0.3).stroke_width(1)
        } else {
            color.stroke_width(2)
        };
        let drawn: Vec<(f64, f64)> = series
            .points
            .iter()
            .copied()
            .filter(|&(_, y)| y.is_finite() && (!data.log_y || y > 0.0))
            .collect();
        dashed.set(series.dashed);
        chart.draw_series(LineSeries::new(line_within(&drawn, x_range), style))?;
        dashed.set(false);
        if series.marked {
            let visible = drawn
                .into_iter()
                .filter(|(x, _)| *x >= x_range.0 && *x <= x_range.1);
            chart.draw_series(visible.map(|point| Circle::new(point, 3, color.filled())))?;
        }
    }
    let (x_pixels, y_pixels) = chart.plotting_area().get_pixel_range();
    Ok(Geometry {
        left: f64::from(x_pixels.start),
        right: f64::from(x_pixels.end),
        top: f64::from(y_pixels.start),
        bottom: f64::from(y_pixels.end),
        x_range,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_to_the_edge_of_what_is_zoomed_to() {
        let points = [(0.0, 0.0), (10.0, 10.0), (20.0, 0.0)];
        assert_eq!(line_within(&points, (0.0, 20.0)), points);
        assert_eq!(
            line_within(&points, (5.0, 12.0)),
            [(5.0, 5.0), (10.0, 10.0), (12.0, 8.0)]
        );
        assert_eq!(line_within(&points, (2.0, 4.0)), [(2.0, 2.0), (4.0, 4.0)]);
        assert!(line_within(&[], (0.0, 1.0)).is_empty());
    }
}
