//! `Table`: rows of text as a Markdown table whose columns stand straight in plain text too.

use std::fmt;

/// A table whose first column is names, aligned left, and whose others are numbers, aligned right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these column heads.
    pub fn new<T: Into<String>>(head: impl IntoIterator<Item = T>) -> Self {
        Self { head: head.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// Adds a row at the end. Cells that it does not have are empty.
    pub fn push<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        let mut cells: Vec<String> = cells.into_iter().map(Into::into).collect();
        cells.resize(self.head.len(), String::new());
        self.rows.push(cells);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| {
            let cells = self.rows.iter().chain([&self.head]).map(|row| row[column].chars().count());
            // Markdown wants three dashes at least.
            cells.max().unwrap_or_default().max(3)
        };
        let widths: Vec<usize> = (0..self.head.len()).map(width).collect();
        let line = |f: &mut fmt::Formatter<'_>, row: &[String]| {
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                if column == 0 {
                    write!(f, "| {cell:<width$} |")?;
                } else {
                    write!(f, " {cell:>width$} |")?;
                }
            }
            writeln!(f)
        };
        line(f, &self.head)?;
        for (column, width) in widths.iter().enumerate() {
            match column {
                0 => write!(f, "|:{}-|", "-".repeat(*width))?,
                _ => write!(f, "-{}:|", "-".repeat(*width))?,
            }
        }
        writeln!(f)?;
        self.rows.iter().try_for_each(|row| line(f, row))
    }
}

/// A number with as many decimals as leave three digits that say something.
pub fn number(value: f64) -> String {
    match value.abs() {
        _ if !value.is_finite() => "-".to_owned(),
        size if size >= 99.95 => format!("{value:.0}"),
        size if size >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A number of bytes in MiB or GiB.
pub fn bytes(value: f64) -> String {
    const MIB: f64 = 1024.0 * 1024.0;
    if value < 1024.0 * MIB {
        format!("{} MiB", number(value / MIB))
    } else {
        format!("{} GiB", number(value / MIB / 1024.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_straight() {
        let mut table = Table::new(["client", "GB/s"]);
        table.push(["rangeway", "3.61"]);
        table.push(["x"]);
        let expected = "| client   | GB/s |\n|:---------|-----:|\n| rangeway | 3.61 |\n| x        |      |\n";
        assert_eq!(table.to_string(), expected);
    }

    #[test]
    fn numbers_keep_three_digits() {
        for (value, expected) in [
            (0.0, "0.00"),
            (0.276, "0.28"),
            (9.994, "9.99"),
            (9.996, "10.0"),
            (99.96, "100"),
            (12_345.6, "12346"),
            (-3.456, "-3.46"),
            (f64::NAN, "-"),
            (f64::INFINITY, "-"),
        ] {
            assert_eq!(number(value), expected, "{value}");
        }
        assert_eq!(bytes(1.5 * 1024.0 * 1024.0), "1.50 MiB");
        assert_eq!(bytes(2.0 * 1024.0 * 1024.0 * 1024.0), "2.00 GiB");
    }
}
