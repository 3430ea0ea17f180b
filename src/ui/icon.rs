//! The page's icons: strokes on a 24 x 24 grid, in the colour of the text beside them.

use yew::prelude::*;

macro_rules! icons {
    ($( $(#[$meta:meta])* $name:ident = $path:literal; )+) => {
        /// The icon.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum IconKind { $( $(#[$meta])* $name, )+ }

        impl IconKind {
            const fn path(self) -> &'static str {
                match self { $( Self::$name => $path, )+ }
            }
        }
    };
}

icons! {
    /// A triangle.
    Play = "M8 5.5v13l10.5-6.5z";
    /// Two bars.
    Pause = "M8 5.5v13M16 5.5v13";
    /// A triangle before a bar.
    Step = "M6 6v12l8-6zM18 6v12";
    /// Two triangles before a bar.
    Epoch = "M4 7v10l6-5zM11 7v10l6-5zM20 6v12";
    /// An arrow that turns back.
    Reset = "M4.5 12a7.5 7.5 0 1 0 2.4-5.5M4.5 4.5v4h4";
    /// An arrow to the left that bends.
    Undo = "M8.5 5 4.5 9l4 4M4.5 9H15a4.5 4.5 0 0 1 0 9h-4";
    /// An arrow to the right that bends.
    Redo = "M15.5 5l4 4-4 4M19.5 9H9a4.5 4.5 0 0 0 0 9h4";
    /// A cylinder.
    Data = "M5 6.5C5 5 8 4 12 4s7 1 7 2.5S16 9 12 9 5 8 5 6.5zM5 6.5v11C5 19 8 20 12 20s7-1 7-2.5v-11M5 12c0 1.5 3 2.5 7 2.5s7-1 7-2.5";
    /// Joined circles.
    Design = "M7.5 12h3M10.5 12c3 0 2-5 5-5M10.5 12c3 0 2 5 5 5M5 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM18 4.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM18 14.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z";
    /// A rising line.
    Watch = "M4 4v16h16M7.5 15.5l3.5-4 3 2.5 5-6.5";
    /// Sliders.
    Train = "M4 7h9M17 7h3M4 12h3M11 12h9M4 17h10M18 17h2M15 5v4M9 10v4M16 15v4";
    /// A speech bubble.
    Try = "M4.5 5h15v11h-8l-4 3.5V16h-3zM8 9h8M8 12h5";
    /// Four squares.
    Presets = "M4.5 4.5h6v6h-6zM13.5 4.5h6v6h-6zM4.5 13.5h6v6h-6zM13.5 13.5h6v6h-6z";
    /// Sheets of paper.
    Documents = "M8 4h6.5L18 7.5V17H8zM14 4v4h4M8 7H5.5v13H15v-3";
    /// Two squares.
    Copy = "M9 9h10.5v10.5H9zM15 9V4.5H4.5V15H9";
    /// An arrow into a tray.
    Save = "M12 4v11M7.5 10.5 12 15l4.5-4.5M4.5 15.5V20h15v-4.5";
    /// An arrow out of a tray.
    Open = "M12 15V4M7.5 8.5 12 4l4.5 4.5M4.5 15.5V20h15v-4.5";
    /// A sun behind a moon.
    Theme = "M12 4a8 8 0 1 0 0 16a8 8 0 1 0 0-16z M12 4a8 8 0 0 1 0 16z";
    /// A sun.
    Sun = "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M5.6 18.4 7 17M17 7l1.4-1.4";
    /// A moon.
    Moon = "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z";
    /// A globe.
    Language = "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM3.5 12h17M12 3.5c5 5 5 12 0 17M12 3.5c-5 5-5 12 0 17";
    /// A question mark.
    Help = "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM9.7 9.3a2.4 2.4 0 1 1 3.4 2.3c-.8.4-1.1.9-1.1 1.9M12 16.3v.2";
    /// An i in a circle.
    Info = "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 11v5.5M12 7.6v.2";
    /// A cross.
    Close = "M6 6l12 12M18 6 6 18";
    /// A bracket to the left.
    Left = "M14.5 6 8.5 12l6 6";
    /// A bracket to the right.
    Right = "M9.5 6l6 6-6 6";
    /// A bracket down.
    Down = "M6 9.5l6 6 6-6";
    /// A tick.
    Tick = "M5 12.5l4.5 4.5L19 7";
    /// An exclamation mark in a triangle.
    Warning = "M12 4.5 21 19.5H3zM12 10.5v4M12 17v.2";
    /// Two dice dots: another random number.
    Dice = "M5 5h14v14H5zM9 9v.2M15 9v.2M12 12v.2M9 15v.2M15 15v.2";
    /// A plus.
    Plus = "M12 5v14M5 12h14";
    /// A minus.
    Minus = "M5 12h14";
    /// A bin.
    Delete = "M5 7h14M10 7V4.5h4V7M7 7l1 12.5h8L17 7M10.5 10.5v6M13.5 10.5v6";
    /// A magnifying glass.
    Search = "M10.5 4.5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15 15l5 5";
    /// Four corners.
    Fit = "M4.5 9V4.5H9M15 4.5h4.5V9M19.5 15v4.5H15M9 19.5H4.5V15";
    /// Columns of boxes.
    Layout = "M4 5h5v5H4zM4 14h5v5H4zM15 9.5h5v5h-5zM9 7.5h3v9H9M12 12h3";
    /// A padlock.
    Lock = "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3";
}

/// An icon of the size of the adjacent text, hidden from screen readers, since the text says the same.
pub fn icon(kind: IconKind) -> Html {
    sized_icon(kind, 18)
}

/// An icon of this width and height in pixels.
pub fn sized_icon(kind: IconKind, size_px: u32) -> Html {
    let size = AttrValue::from(size_px.to_string());
    let filled = matches!(kind, IconKind::Play | IconKind::Theme);
    html! {
        <svg class={if filled { "icon icon-filled" } else { "icon" }} width={size.clone()} height={size}
            viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path d={kind.path()} />
        </svg>
    }
}
