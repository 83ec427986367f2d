//! What the window does with simulated services, and by itself.

use super::simulation::rows;
use super::*;

const START: usize = 16;

/// Bounds on one row of the table.
struct Bounds {
    share: f64,
    /// Seconds.
    reached: f64,
    largest: usize,
    refused: f64,
}

const USUAL: Bounds = Bounds { share: 0.9, reached: 1.5, largest: LARGEST, refused: 0.0 };

#[test]
fn services_row_by_row() {
    let never = f64::INFINITY;
    for row in rows() {
        let bounds = match row.name {
            "a cap of 800 MB/s" => Bounds { share: 0.97, reached: 1.0, largest: 64, ..USUAL },
            "a slow link" => Bounds { share: 0.99, largest: 32, ..USUAL },
            "32 requests at a time" | "32 slow requests at a time" => {
                Bounds { share: 0.92, refused: 0.01, largest: 64, ..USUAL }
            }
            // It begins with 16, and one request takes 0.4 s.
            "32 requests at a time, shortly" => Bounds { share: 0.87, refused: 0.02, largest: 64, ..USUAL },
            "45 requests at a time" => Bounds { share: 0.8, reached: 6.5, largest: 64, refused: 0.01 },
            "100 requests at a time" => Bounds { share: 0.8, reached: 4.0, largest: 128, refused: 0.02 },
            "a fast network nearby" => Bounds { share: 0.99, reached: 0.5, largest: 32, ..USUAL },
            "10 GB/s" => USUAL,
            "10 GB/s, told so" => Bounds { share: 0.97, reached: 2.5, ..USUAL },
            "25 Gbit/s" => Bounds { share: 0.93, reached: 1.0, largest: 128, ..USUAL },
            "25 Gbit/s, 100 ms away" => Bounds { share: 0.93, ..USUAL },
            "slow connections" => Bounds { share: 0.6, reached: 8.0, ..USUAL },
            // No window makes up for too little memory, or for too short a read.
            "25 Gbit/s, 128 MiB of buffers" => {
                Bounds { share: 0.53, reached: never, largest: 64, refused: 0.0 }
            }
            "64 MiB" => Bounds { share: 0.04, reached: never, largest: 16, refused: 0.0 },
            "1 GiB" => Bounds { share: 0.17, reached: never, largest: 64, refused: 0.0 },
            name => panic!("no bounds for {name}"),
        };
        let reached = row.reached.map_or(never, |reached| reached.as_secs_f64());
        assert!(row.share >= bounds.share && row.share <= 1.0, "{row:?}");
        assert!(reached <= bounds.reached, "{row:?}");
        assert!(row.largest <= bounds.largest, "more than it needs: {row:?}");
        assert!(row.refused <= bounds.refused, "{row:?}");
    }
}

#[test]
fn a_service_that_refuses_ever_more_is_followed_down() {
    let mut window = Window::new(64, None);
    let mut size = window.size();
    for second in 0..20 {
        window.refused(Duration::from_secs(second * 2));
        assert!(window.size() < size || size == SMALLEST);
        size = window.size();
    }
    assert_eq!(size, SMALLEST);
}

/// Lets a window look for its size: when how many requests were refused, each second counted from the start, by a
/// service that answers 32 at a time until it answers `later` from a minute on.
fn refusals(window: &mut Window, later: usize, seconds: u64) -> Vec<(u64, usize)> {
    let (mut bytes, mut refusals) = (0, Vec::new());
    for millisecond in (0..seconds * 1000).step_by(10) {
        let now = Duration::from_millis(millisecond);
        let allowed = if millisecond < 60_000 { 32 } else { later };
        if window.size() > allowed {
            refusals.push((millisecond / 1000, window.size() - allowed));
            window.refused(now);
        }
        bytes += 100_000 * window.size() as u64;
        window.completed(now, bytes, true);
    }
    refusals
}

#[test]
fn a_limit_is_looked_at_ever_more_rarely_and_by_one_request() {
    let mut window = Window::new(START, None);
    let found = refusals(&mut window, 32, 600);
    assert_eq!(
        found.iter().map(|(_, many)| many).take(4).collect::<Vec<_>>(),
        [&32, &2, &1, &1],
        "{found:?}"
    );
    assert!(found[2..].iter().all(|(_, many)| *many == 1), "{found:?}");
    let gaps: Vec<_> = found.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    assert!(gaps[1..].windows(2).all(|pair| pair[1] + 1 >= pair[0]), "{found:?}");
    assert!(gaps.last() >= Some(&60), "{found:?}");
    assert_eq!(window.size(), 32);
}

#[test]
fn a_limit_that_is_lifted_is_soon_left_behind() {
    let mut window = Window::new(START, None);
    let found = refusals(&mut window, usize::MAX, 120);
    assert!(found.iter().all(|(second, _)| *second < 60), "{found:?}");
    assert_eq!(window.size(), LARGEST, "{window:?}");
}

#[test]
fn a_target_that_is_reached_is_enough() {
    for (target, grows) in [(None, true), (Some(1_000_000_000), false), (Some(1_100_000_000), true)] {
        let mut window = Window::new(START, target);
        for number in 1..=50 {
            window.completed(Duration::from_millis(number * 10), number * 10_000_000, true);
        }
        assert_eq!(window.size() > START, grows, "{target:?}");
    }
}

#[test]
fn a_window_that_holds_nothing_back_says_nothing() {
    let mut window = Window::new(START, None);
    for millisecond in 0..60_000 {
        window.completed(Duration::from_millis(millisecond), millisecond * 1_000_000, false);
    }
    assert_eq!(window.size(), START);
}

#[test]
fn it_begins_within_its_limits() {
    for (start, size) in [(0, SMALLEST), (1000, LARGEST)] {
        assert_eq!(Window::new(start, None).size(), size);
    }
}
