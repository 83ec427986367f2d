//! The progress bar: bytes, rate and time left, on a terminal only.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinHandle;

use crate::context::Context;

/// Often enough to look smooth, seldom enough to cost nothing.
const INTERVAL: Duration = Duration::from_millis(100);

const WITH_TOTAL: &str =
    "{bar:30} {binary_bytes} of {binary_total_bytes}  {binary_bytes_per_sec}  {eta} left";
const WITHOUT_TOTAL: &str = "{spinner} {binary_bytes}  {binary_bytes_per_sec}  {elapsed}";

/// A running bar; it disappears when dropped. Where there is no room for a bar nothing is shown.
#[derive(Debug)]
pub(crate) struct Progress {
    context: Arc<Context>,
    total: Arc<Total>,
    drawing: Option<(ProgressBar, JoinHandle<()>)>,
}

/// How many bytes there are to move, as far as is known yet.
#[derive(Debug, Default)]
struct Total {
    bytes: AtomicU64,
    is_known: AtomicBool,
}

impl Progress {
    /// Shows a bar if the user can see one; `position` says how many bytes have been moved.
    pub(crate) fn start(context: &Arc<Context>, position: impl Fn() -> u64 + Send + 'static) -> Self {
        let total = Arc::new(Total::default());
        let drawing = context.shows_progress.then(|| {
            let bar = ProgressBar::new_spinner().with_style(style(WITHOUT_TOTAL));
            context.output.set_bar(Some(bar.clone()));
            let task = tokio::spawn(draw(bar.clone(), Arc::clone(&total), position));
            (bar, task)
        });
        Self { context: Arc::clone(context), total, drawing }
    }

    /// So many more bytes are to be moved.
    pub(crate) fn expect(&self, bytes: u64) {
        self.total.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// No more bytes will be expected.
    pub(crate) fn expect_no_more(&self) {
        self.total.is_known.store(true, Ordering::Relaxed);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((bar, task)) = self.drawing.take() {
            task.abort();
            self.context.output.set_bar(None);
            bar.finish_and_clear();
        }
    }
}

async fn draw(bar: ProgressBar, total: Arc<Total>, position: impl Fn() -> u64) {
    let mut ticks = tokio::time::interval(INTERVAL);
    let mut has_total = false;
    loop {
        ticks.tick().await;
        let bytes = total.bytes.load(Ordering::Relaxed);
        // A single object is expected before its size is known.
        if total.is_known.load(Ordering::Relaxed) && bytes > 0 {
            bar.set_length(bytes);
            if !has_total {
                has_total = true;
                bar.set_style(style(WITH_TOTAL));
            }
        }
        bar.set_position(position());
        bar.tick();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates are constants that are tested")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_valid() {
        for template in [WITH_TOTAL, WITHOUT_TOTAL] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
