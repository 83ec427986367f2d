//! The window and the part sizes against simulated services: a link, connections of a given rate, answers that take
//! time to begin, refusals. No clock and no chance: each run gives the same rows.
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a simulation computes in floating point"
)]
#![cfg_attr(
    not(feature = "simulation"),
    allow(unreachable_pub, dead_code, reason = "the tests look at less than what is printed")
)]

use std::time::Duration;

use super::Window;
use crate::PartSize;
use crate::link::{Direction, Link};
use crate::pace::{Pace, Speed};
use crate::part_size::{Known, Left, Sizes};

const MB: f64 = 1e6;
const GIB: u64 = 1 << 30;

/// What the first request of a read brings.
const FIRST: u64 = 8 << 20;

/// The time over which a rate is measured that is said to be reached.
const SPAN: f64 = 0.25;

/// A service, the way to it, and what is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case {
    pub(super) name: &'static str,
    /// Seconds from a request to the first byte, on average; each takes half to one and a half times as long.
    pub(super) latency: f64,
    /// Bytes per second of one connection.
    pub(super) per_connection: f64,
    /// Bytes per second of all connections together.
    pub(super) link: f64,
    /// How many requests are answered at one time; what exceeds them is refused.
    pub(super) in_flight: usize,
    /// The length of the object.
    pub(super) bytes: u64,
    /// What there is for buffers, if the read needs any.
    pub(super) memory: Option<u64>,
    pub(super) target: Option<u64>,
}

/// Amazon S3 from a large machine nearby.
pub(super) const AWS: Case = Case {
    name: "10 GB/s",
    latency: 0.03,
    per_connection: 90.0 * MB,
    link: 10_000.0 * MB,
    in_flight: usize::MAX,
    bytes: 64 * GIB,
    memory: None,
    target: None,
};

pub(super) const CASES: [Case; 16] = [
    Case { name: "a cap of 800 MB/s", link: 800.0 * MB, bytes: 4 * GIB, ..AWS },
    Case { name: "a slow link", latency: 0.02, link: 100.0 * MB, bytes: 4 * GIB, ..AWS },
    Case { name: "32 requests at a time", in_flight: 32, bytes: 32 * GIB, ..AWS },
    Case {
        name: "32 slow requests at a time",
        per_connection: 25.0 * MB,
        in_flight: 32,
        bytes: 16 * GIB,
        ..AWS
    },
    Case {
        name: "32 requests at a time, shortly",
        per_connection: 20.0 * MB,
        in_flight: 32,
        bytes: 4 * GIB,
        ..AWS
    },
    Case { name: "45 requests at a time", in_flight: 45, bytes: 32 * GIB, ..AWS },
    Case { name: "100 requests at a time", in_flight: 100, ..AWS },
    Case { name: "a fast network nearby", latency: 0.001, per_connection: 1_000.0 * MB, ..AWS },
    AWS,
    Case { name: "10 GB/s, told so", target: Some(10_000_000_000), ..AWS },
    Case { name: "25 Gbit/s", link: 3_125.0 * MB, bytes: 16 * GIB, ..AWS },
    Case { name: "25 Gbit/s, 100 ms away", latency: 0.1, link: 3_125.0 * MB, bytes: 32 * GIB, ..AWS },
    Case { name: "slow connections", per_connection: 10.0 * MB, link: 2_000.0 * MB, bytes: 16 * GIB, ..AWS },
    Case {
        name: "25 Gbit/s, 128 MiB of buffers",
        link: 3_125.0 * MB,
        bytes: 16 * GIB,
        memory: Some(128 << 20),
        ..AWS
    },
    Case { name: "64 MiB", bytes: 64 << 20, ..AWS },
    Case { name: "1 GiB", bytes: GIB, ..AWS },
];

/// What came of a simulation.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Row {
    /// What was simulated.
    pub name: &'static str,
    /// From a request to the first byte of its answer.
    pub latency: Duration,
    /// Bytes per second of one connection.
    pub per_connection: f64,
    /// Bytes per second of all connections together.
    pub link: f64,
    /// How many requests the service answers at one time.
    pub in_flight: Option<usize>,
    /// The length of what was read.
    pub bytes: u64,
    /// Bytes per second over the whole read.
    pub rate: f64,
    /// `rate` as a part of what as many connections as the service allows could bring without ever waiting.
    pub share: f64,
    /// When nine tenths of that were reached.
    pub reached: Option<Duration>,
    /// Requests sent, refused ones included.
    pub requests: u64,
    /// The part of the requests after the first two seconds that was refused.
    pub refused: f64,
    /// The largest window.
    pub largest: usize,
    /// The window at the end.
    pub last: usize,
}

/// The table: one row for each kind of service, in a fixed order.
pub fn rows() -> Vec<Row> {
    CASES.iter().map(Case::run).collect()
}

/// A part on its way: when its next step is due, or how many of its bytes are missing.
#[derive(Debug)]
enum Step {
    /// The answer begins.
    Answer {
        at: f64,
    },
    /// The request is sent, or sent again.
    Send {
        at: f64,
    },
    /// It may be sent again once the window has room for it.
    Turn,
    Body {
        left: f64,
    },
}

#[derive(Debug)]
struct Part {
    length: u64,
    begun: f64,
    attempts: i32,
    step: Step,
}

struct Run<'a> {
    case: &'a Case,
    window: Window,
    pace: Pace,
    sizes: Sizes,
    seed: u64,
    now: f64,
    unplanned: u64,
    planned: u64,
    moved: f64,
    parts: Vec<Part>,
    /// Whether the window held a part back since the last one that ended.
    held_back: bool,
    /// Requests and refusals, and both after two seconds.
    sent: [u64; 4],
    largest: usize,
}

impl Case {
    /// The most that as many connections as there may be could bring.
    fn best(&self) -> f64 {
        (self.per_connection * self.in_flight.min(super::LARGEST) as f64).min(self.link)
    }

    pub(super) fn run(&self) -> Row {
        let start = Link::Aws.start(Direction::Down, self.target, FIRST);
        let first = FIRST.min(self.bytes);
        let mut run = Run {
            case: self,
            window: Window::new(start, self.target),
            pace: Pace::default(),
            sizes: Sizes::new(PartSize::Auto, self.bytes - first),
            seed: 1,
            now: self.latency,
            unplanned: self.bytes - first,
            planned: first,
            moved: 0.0,
            parts: vec![Part {
                length: first,
                begun: 0.0,
                attempts: 0,
                step: Step::Body { left: first as f64 },
            }],
            held_back: false,
            sent: [1, 0, 0, 0],
            largest: 0,
        };
        let (mut reached, mut looked) = (None, (run.now, 0.0));
        while !run.parts.is_empty() {
            run.plan();
            run.largest = run.largest.max(run.window.size());
            run.advance();
            if run.now - looked.0 >= SPAN {
                let rate = (run.moved - looked.1) / (run.now - looked.0);
                if reached.is_none() && rate >= 0.9 * self.best() {
                    reached = Some(Duration::from_secs_f64(run.now));
                }
                looked = (run.now, run.moved);
            }
        }
        let rate = self.bytes as f64 / run.now;
        Row {
            name: self.name,
            latency: Duration::from_secs_f64(self.latency),
            per_connection: self.per_connection,
            link: self.link,
            in_flight: (self.in_flight < usize::MAX).then_some(self.in_flight),
            bytes: self.bytes,
            rate,
            share: rate / self.best(),
            reached,
            requests: run.sent[0],
            refused: run.sent[3] as f64 / run.sent[2].max(1) as f64,
            largest: run.largest,
            last: run.window.size(),
        }
    }
}

impl Run<'_> {
    /// From 0.5 to 1.5: with equal times, all parts would wait, and all would move, at the same time.
    fn jitter(&mut self) -> f64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        0.5 + (self.seed >> 33) as f64 / (1u64 << 31) as f64
    }

    /// How many requests the service has.
    fn in_flight(&self) -> usize {
        self.parts.iter().filter(|part| matches!(part.step, Step::Answer { .. } | Step::Body { .. })).count()
    }

    /// Begins parts, as many as window and memory allow; those that were refused come first.
    fn plan(&mut self) {
        let free = self.window.size().saturating_sub(self.in_flight());
        for part in self.parts.iter_mut().filter(|part| matches!(part.step, Step::Turn)).take(free) {
            part.step = Step::Send { at: self.now };
        }
        while self.unplanned > 0 {
            if self.parts.len() >= self.window.size() {
                self.held_back = true;
                break;
            }
            let left = Left {
                unplanned: self.unplanned,
                unfinished: self.planned - self.moved as u64,
                slots: self.window.size() as u64,
                memory: self.case.memory.map_or(u64::MAX, |memory| memory / self.window.size() as u64),
            };
            let may_grow = self.window.may_grow(Duration::from_secs_f64(self.now));
            let length = self.sizes.next(left, Known { lag: self.pace.lag(), may_grow });
            let used: u64 = self.parts.iter().map(|part| part.length).sum();
            if self.case.memory.is_some_and(|memory| used + length > memory) {
                break;
            }
            self.unplanned -= length;
            self.planned += length;
            let part = Part { length, begun: self.now, attempts: 0, step: Step::Send { at: self.now } };
            self.parts.push(part);
        }
    }

    /// Goes on to the next moment at which something happens.
    fn advance(&mut self) {
        let moving = self.parts.iter().filter(|part| matches!(part.step, Step::Body { .. })).count();
        let rate = self.case.per_connection.min(self.case.link / moving.max(1) as f64);
        let due = self.parts.iter().map(|part| match part.step {
            Step::Answer { at } | Step::Send { at } => at,
            Step::Turn => f64::MAX,
            Step::Body { left } => self.now + left / rate,
        });
        let next = due.fold(f64::MAX, f64::min).max(self.now);
        let bytes = rate * (next - self.now);
        self.now = next;
        let mut in_flight = self.in_flight();
        let mut parts = std::mem::take(&mut self.parts);
        for part in &mut parts {
            match &mut part.step {
                Step::Body { left } => {
                    self.moved += bytes.min(*left);
                    *left -= bytes;
                }
                Step::Answer { at } if *at <= self.now => {
                    self.pace.answered(Duration::from_secs_f64(self.now - part.begun));
                    part.step = Step::Body { left: part.length as f64 };
                    part.begun = self.now;
                }
                Step::Send { at } if *at <= self.now => {
                    if part.attempts > 0 && in_flight >= self.window.size() {
                        part.step = Step::Turn;
                        continue;
                    }
                    part.step = self.send(&mut in_flight, &mut part.attempts);
                    part.begun = self.now;
                }
                _ => {}
            }
        }
        // Half a byte is an error of rounding.
        let is_done = |part: &mut Part| matches!(part.step, Step::Body { left } if left < 0.5);
        for part in parts.extract_if(.., is_done) {
            let mut speed = Speed::default();
            speed.count(part.length, Duration::from_secs_f64(self.now - part.begun));
            self.pace.finished(&speed);
            let held_back = std::mem::take(&mut self.held_back);
            self.window.completed(Duration::from_secs_f64(self.now), self.moved as u64, held_back);
        }
        self.parts = parts;
    }

    /// Sends a request: it is answered after the latency, or refused at once and sent again after a backoff.
    fn send(&mut self, in_flight: &mut usize, attempts: &mut i32) -> Step {
        let late = u64::from(self.now >= 2.0);
        self.sent[0] += 1;
        self.sent[2] += late;
        if *in_flight < self.case.in_flight {
            *in_flight += 1;
            return Step::Answer { at: self.now + self.case.latency * self.jitter() };
        }
        self.sent[1] += 1;
        self.sent[3] += late;
        self.window.refused(Duration::from_secs_f64(self.now));
        let wait = 0.1 * f64::powi(2.0, *attempts) * (0.5 + self.jitter() / 4.0);
        *attempts += 1;
        Step::Send { at: self.now + wait.min(20.0) }
    }
}
