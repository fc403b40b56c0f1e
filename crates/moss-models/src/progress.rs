//! What a person at a terminal sees while a model comes.

#[cfg(not(target_os = "ios"))]
pub(crate) use terminal::Progress;
#[cfg(not(target_os = "ios"))]
pub use terminal::bars;

#[cfg(not(target_os = "ios"))]
mod terminal {
    use std::io::IsTerminal;
    use std::sync::LazyLock;

    use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

    /// The bars on standard error, if it is a terminal. A program that shows others while a model may be downloaded adds them
    /// here, so that none is drawn over another.
    pub fn bars() -> &'static MultiProgress {
        static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);
        &BARS
    }

    /// A bar on standard error, for people only; it goes with this value.
    pub(crate) struct Progress(ProgressBar);

    impl Progress {
        /// The bar of a download that begins at byte `start` of `total`.
        pub(crate) fn new(url: &str, start: u64, total: Option<u64>) -> Progress {
            let (Some(total), true) = (total, std::io::stderr().is_terminal()) else {
                return Progress(ProgressBar::hidden());
            };
            let name = url.rsplit('/').next().unwrap_or(url).to_owned();
            let style = ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes} {eta}");
            let bar = bars()
                .add(ProgressBar::new(total))
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
                .with_message(name)
                .with_position(start);
            Progress(bar)
        }

        /// So many bytes are there.
        pub(crate) fn at(&self, bytes: u64) {
            self.0.set_position(bytes);
        }
    }

    impl Drop for Progress {
        fn drop(&mut self) {
            self.0.finish_and_clear();
        }
    }
}

/// A phone has no terminal.
#[cfg(target_os = "ios")]
pub(crate) struct Progress;

#[cfg(target_os = "ios")]
impl Progress {
    pub(crate) fn new(_url: &str, _start: u64, _total: Option<u64>) -> Progress {
        Progress
    }

    pub(crate) fn at(&self, _bytes: u64) {}
}
