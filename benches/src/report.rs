//! `Report`: the three files of a result in one directory: `raw.csv`, `summary.md` and `chart.svg`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// A result, ready to be written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Every sample.
    pub raw: String,
    /// Medians and ratios, and the machine.
    pub summary: String,
    /// The picture; none is written when it is empty.
    pub chart: String,
}

impl Report {
    /// Writes the files into `directory`, which is made if it isn't there.
    ///
    /// # Errors
    /// When a file cannot be written; the message names it.
    pub fn write(&self, directory: &Path) -> Result<()> {
        fs::create_dir_all(directory).with_context(|| format!("making {}", directory.display()))?;
        for (name, text) in
            [("raw.csv", &self.raw), ("summary.md", &self.summary), ("chart.svg", &self.chart)]
        {
            let path = directory.join(name);
            if !text.is_empty() {
                fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
            }
        }
        Ok(())
    }
}
