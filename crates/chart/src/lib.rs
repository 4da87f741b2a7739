//! Drawings of lines over time as SVG. Their colours are readable on light and on dark.

#![forbid(unsafe_code)]

use std::fmt::Write;

/// Where a text stands, seen from its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// A drawing, piece by piece; what comes later lies above.
#[derive(Debug)]
pub struct Drawing(String);

impl Drawing {
    /// An empty one.
    pub fn new(width: u32, height: u32) -> Drawing {
        Drawing(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
             <style>text{{fill:#333}}.axis{{stroke:#888;fill:none}}@media(prefers-color-scheme:dark){{text{{fill:#ddd}}}}</style>\n"
        ))
    }

    /// A text; its point is on the line that it stands on.
    pub fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        let _ = writeln!(self.0, "<text x=\"{x:.1}\" y=\"{y:.1}\"{anchor}>{text}</text>");
    }

    /// A grey line through the points.
    pub fn axis(&mut self, points: impl IntoIterator<Item = (f64, f64)>) {
        let _ = writeln!(self.0, "<path class=\"axis\" d=\"{}\"/>", path(points));
    }

    /// The same, dashed.
    pub fn dashes(&mut self, points: impl IntoIterator<Item = (f64, f64)>) {
        let _ = writeln!(self.0, "<path class=\"axis\" stroke-dasharray=\"4 4\" d=\"{}\"/>", path(points));
    }

    /// A coloured line through the points.
    pub fn line(&mut self, colour: &str, points: impl IntoIterator<Item = (f64, f64)>) {
        let points = path(points);
        let _ = writeln!(self.0, "<path fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" d=\"{points}\"/>");
    }

    /// A rectangle from its upper left corner; `opacity` from 0 to 1.
    pub fn area(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), colour: &str, opacity: f64) {
        let _ = writeln!(
            self.0,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{colour}\" \
             fill-opacity=\"{opacity}\"/>"
        );
    }

    /// What a colour means.
    pub fn legend(&mut self, (x, y): (f64, f64), colour: &str, words: &str) {
        self.area((x, y - 10.0), (12.0, 12.0), colour, 1.0);
        self.text((x + 18.0, y), Anchor::Start, words);
    }

    /// The whole file.
    pub fn finish(self) -> String {
        self.0 + "</svg>\n"
    }
}

fn path(points: impl IntoIterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    for (number, (x, y)) in points.into_iter().enumerate() {
        let _ = write!(path, "{}{x:.1} {y:.1}", if number == 0 { "M" } else { "L" });
    }
    path
}

/// A number with a comma after each three digits.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A time in milliseconds, as long as it needs to be.
pub fn time(ms: u64) -> String {
    let seconds = ms / 1_000;
    match seconds {
        0..120 => format!("{seconds}.{} s", ms % 1_000 / 100),
        120..7_200 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_is_one_file_with_everything_in_order() {
        let mut drawing = Drawing::new(80, 40);
        drawing.area((1.0, 2.0), (3.0, 4.0), "#888", 0.2);
        drawing.line("#123456", [(0.0, 1.0), (2.25, 3.0)]);
        drawing.text((5.0, 6.0), Anchor::End, "a < b & c");
        let text = drawing.finish();
        let places = ["<svg ", "<style>", "<rect x=\"1.0\"", "d=\"M0.0 1.0L2.2 3.0\"", "a &lt; b &amp; c", "</svg>\n"];
        let found: Vec<_> = places.iter().map(|part| text.find(part).unwrap()).collect();
        assert!(found.is_sorted() && text.ends_with("</svg>\n"), "{text}");
    }

    #[test]
    fn figures_are_as_long_as_they_need_to_be() {
        assert_eq!([count(7), count(1_000), count(1_234_567)], ["7", "1,000", "1,234,567"]);
        assert_eq!([time(1_250), time(125_000), time(7_260_000)], ["1.2 s", "2 min 5 s", "2 h 1 min"]);
    }
}
