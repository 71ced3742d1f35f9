//! Progress for people: a bar where standard error is a terminal, plain lines otherwise.

use std::{
    io::IsTerminal,
    sync::Mutex,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rightly::Event;

use crate::output::say;

/// How often a plain line is printed.
const PLAIN_EVERY: Duration = Duration::from_secs(15);
/// Problems that are printed as they come; the rest is counted.
const PROBLEMS_SHOWN: usize = 5;

/// Turns events into progress.
pub(crate) struct Progress {
    quiet: bool,
    state: Mutex<State>,
}

struct State {
    bar: ProgressBar,
    terminal: bool,
    problems: usize,
    started: Instant,
    last: Instant,
    total: usize,
    before: usize,
    done: usize,
}

impl Progress {
    pub(crate) fn new(quiet: bool) -> Self {
        let now = Instant::now();
        Self {
            quiet,
            state: Mutex::new(State {
                bar: ProgressBar::hidden(),
                terminal: std::io::stderr().is_terminal(),
                problems: 0,
                started: now,
                last: now,
                total: 0,
                before: 0,
                done: 0,
            }),
        }
    }

    /// A sentence for the user.
    pub(crate) fn note(&self, text: &str) {
        self.take(Event::Note(text.to_owned()));
    }

    /// Does work of `total` parts, each of which calls the function that `work` is given once, and
    /// says how long it took.
    pub(crate) fn during<T>(
        &self,
        what: &str,
        unit: &str,
        total: usize,
        work: &dyn Fn(&(dyn Fn() + Sync)) -> T,
    ) -> T {
        if self.quiet {
            return work(&|| ());
        }
        if let Ok(mut state) = self.state.lock() {
            state.begin(unit, total, 0);
        }
        let start = Instant::now();
        let result = work(&|| {
            if let Ok(mut state) = self.state.lock() {
                state.part(unit);
            }
        });
        if let Ok(state) = self.state.lock() {
            state.bar.finish_and_clear();
            state.line(&format!("{what}: done in {}", duration(start.elapsed().as_secs_f64())));
        }
        result
    }

    /// Takes an event, from any thread.
    pub(crate) fn take(&self, event: Event) {
        // A file that is not as it was written is named in any case.
        if self.quiet && !matches!(event, Event::Damaged(_)) {
            return;
        }
        if let Ok(mut state) = self.state.lock() {
            state.take(event);
        }
    }
}

impl State {
    fn line(&self, text: &str) {
        if self.terminal {
            self.bar.suspend(|| say(text));
        } else {
            say(text);
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Note(text) | Event::Damaged(text) => self.line(&text),
            Event::Started { stage, images, done, forwards, seconds } => {
                self.start(stage, images, done, forwards, seconds);
            }
            Event::Image => self.part("images"),
            Event::Problem(problem) => {
                self.problems += 1;
                if self.problems <= PROBLEMS_SHOWN {
                    self.line(&format!(
                        "problem: {}: {}; {}",
                        problem.image, problem.problem, problem.action
                    ));
                } else if self.problems == PROBLEMS_SHOWN + 1 {
                    self.line("further problems are listed in problems.csv only");
                }
            }
            Event::Summarising { stage } => {
                self.bar.finish_and_clear();
                self.line(&format!("{stage}: writing tables and computing intervals"));
            }
            Event::Finished { stage, seconds, unchanged } => {
                self.bar.finish_and_clear();
                let text = if unchanged {
                    format!("{stage}: nothing to do, inputs and options are those of the last time")
                } else {
                    format!("{stage}: done in {}", duration(seconds))
                };
                self.line(&text);
            }
        }
    }

    fn start(&mut self, stage: &str, images: usize, done: usize, forwards: usize, seconds: f64) {
        let resumed =
            if done > 0 { format!(", {done} of them already done") } else { String::new() };
        let passes = if forwards == 1 { "pass" } else { "passes" };
        self.line(&format!(
            "{stage}: {images} images{resumed}, {forwards} forward {passes} each; about {}",
            duration(seconds)
        ));
        self.begin("images", images, done);
    }

    /// Starts to count parts.
    fn begin(&mut self, unit: &str, total: usize, done: usize) {
        (self.total, self.before, self.done) = (total, done, done);
        (self.started, self.last) = (Instant::now(), Instant::now());
        if self.terminal {
            let template = format!("{{bar:32}} {{pos}}/{{len}} {unit}  {{per_sec}}  {{eta}} left");
            let style = ProgressStyle::with_template(&template)
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            let target = ProgressDrawTarget::stderr();
            self.bar = ProgressBar::with_draw_target(Some(total as u64), target).with_style(style);
            self.bar.set_position(done as u64);
            self.bar.reset_eta();
        }
    }

    fn part(&mut self, unit: &str) {
        self.done += 1;
        self.bar.inc(1);
        if !self.terminal && self.last.elapsed() >= PLAIN_EVERY {
            self.last = Instant::now();
            let rate = (self.done - self.before) as f64 / self.started.elapsed().as_secs_f64();
            let left = self.total.saturating_sub(self.done) as f64 / rate.max(1e-9);
            say(&format!(
                "{}/{} {unit}, {rate:.1}/s, {} left",
                self.done,
                self.total,
                duration(left)
            ));
        }
    }
}

/// Seconds in words.
pub(crate) fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => "less than a second".to_owned(),
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_read_as_a_person_says_them() {
        assert_eq!(duration(0.2), "less than a second");
        assert_eq!(duration(42.4), "42 s");
        assert_eq!(duration(600.0), "10 min");
        assert_eq!(duration(7200.0), "2.0 h");
    }
}
