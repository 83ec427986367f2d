//! `BarChart`: horizontal bars as SVG that reads well on light and on dark ground.

use std::fmt::{self, Write as _};

use crate::number;

/// Width of the picture; a README shows it without scaling.
const WIDTH: f64 = 840.0;
/// Where the bars begin; names of clients stand left of it.
const LEFT: f64 = 300.0;
/// Room right of the longest bar for its number.
const RIGHT: f64 = 80.0;
/// From one bar to the next.
const STEP: f64 = 22.0;
/// Height of a bar.
const BAR: f64 = 14.0;
/// Height of a group's title and the gap above it.
const TITLE: f64 = 44.0;

/// One bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// Stands left of the bar.
    pub name: String,
    /// Its length, in the unit of its group.
    pub value: f64,
    /// Whether it stands out from the others.
    pub ours: bool,
}

/// Bars on one scale, which starts at zero.
#[derive(Debug, Clone, PartialEq)]
pub struct BarGroup {
    /// Stands above the bars.
    pub title: String,
    /// What the numbers are, as `GB/s, more is better`.
    pub unit: String,
    /// From top to bottom.
    pub bars: Vec<Bar>,
}

/// Groups of bars, from top to bottom; its `Display` is the SVG.
#[derive(Debug, Clone, PartialEq)]
pub struct BarChart {
    /// Read out where the picture can't be seen.
    pub title: String,
    /// From top to bottom.
    pub groups: Vec<BarGroup>,
}

impl fmt::Display for BarChart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut drawn = String::new();
        let mut top = 0.0;
        for group in &self.groups {
            top = draw(&mut drawn, group, top)?;
        }
        let height = top + STEP / 2.0;
        let title = escaped(&self.title);
        writeln!(
            f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
             viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{title}\" \
             font-family=\"system-ui, sans-serif\" font-size=\"13\">"
        )?;
        // Mid tones have contrast on white as well as on black; nothing is drawn behind them.
        writeln!(
            f,
            "<title>{title}</title>\n<style>text {{ fill: #57606a }} .title {{ font-weight: 600 }} \
             .ours {{ fill: #2f81f7 }} .other {{ fill: #8c959f }}\n\
             @media (prefers-color-scheme: dark) {{ text {{ fill: #adb5be }} .other {{ fill: #6e7781 }} }}</style>"
        )?;
        writeln!(f, "{drawn}</svg>")
    }
}

/// Draws a group below `top` and gives where it ends.
fn draw(svg: &mut String, group: &BarGroup, top: f64) -> Result<f64, fmt::Error> {
    let longest =
        group.bars.iter().map(|bar| bar.value).filter(|value| value.is_finite()).fold(0.0, f64::max);
    writeln!(
        svg,
        "<text x=\"8\" y=\"{}\"><tspan class=\"title\">{}</tspan> ({})</text>",
        top + TITLE - 14.0,
        escaped(&group.title),
        escaped(&group.unit)
    )?;
    let mut y = top + TITLE;
    for bar in &group.bars {
        let share = if longest > 0.0 && bar.value.is_finite() { bar.value / longest } else { 0.0 };
        let length = share * (WIDTH - LEFT - RIGHT);
        let (class, text) = if bar.ours { ("ours", " class=\"title\"") } else { ("other", "") };
        let baseline = y + BAR - 3.0;
        writeln!(
            svg,
            "<text{text} x=\"{}\" y=\"{baseline}\" text-anchor=\"end\">{}</text>\
             <rect class=\"{class}\" x=\"{LEFT}\" y=\"{y}\" width=\"{length:.1}\" height=\"{BAR}\" rx=\"2\"/>\
             <text{text} x=\"{:.1}\" y=\"{baseline}\">{}</text>",
            LEFT - 8.0,
            escaped(&bar.name),
            LEFT + length + 6.0,
            number(bar.value)
        )?;
        y += STEP;
    }
    Ok(y)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(values: &[f64]) -> String {
        let bar = |value: &f64| Bar { name: "a < b & \"c\"".to_owned(), value: *value, ours: *value > 3.0 };
        let bars = values.iter().map(bar).collect();
        let group = BarGroup { title: "GET 1 GiB".to_owned(), unit: "GB/s".to_owned(), bars };
        BarChart { title: "speed".to_owned(), groups: vec![group] }.to_string()
    }

    #[test]
    fn bars_are_in_proportion() {
        let svg = chart(&[4.0, 1.0]);
        assert!(svg.contains("class=\"ours\" x=\"300\" y=\"44\" width=\"460.0\""), "{svg}");
        assert!(svg.contains("class=\"other\" x=\"300\" y=\"66\" width=\"115.0\""), "{svg}");
        assert_eq!(svg.matches("a &lt; b &amp; &quot;c&quot;").count(), 2);
        assert!(svg.ends_with("</svg>\n") && svg.contains("height=\"99\""), "{svg}");
    }

    #[test]
    fn what_is_not_a_number_has_no_length() {
        for svg in [chart(&[]), chart(&[0.0]), chart(&[f64::NAN, f64::INFINITY])] {
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }
}
