//! `Addresses`: the addresses of one name, and whose turn it is. Pure: time comes from outside.

use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

/// How long an address that failed comes after the others of its family: long enough that not every connection waits
/// for it, short enough that it carries its share again soon after it came back.
const AVOIDED: Duration = Duration::from_secs(30);

/// The addresses of one name, in the order of the system.
#[derive(Debug, Clone)]
pub(super) struct Addresses {
    list: Vec<IpAddr>,
    /// How many times they were given out.
    turn: usize,
    /// Addresses that failed, and since when they are avoided.
    avoided: Vec<(IpAddr, Instant)>,
}

impl Addresses {
    pub(super) fn new(list: Vec<IpAddr>) -> Self {
        Self { list, turn: 0, avoided: Vec::new() }
    }

    /// All addresses, each time beginning with another one of the family that the system prefers; those of the other
    /// family follow. A family of which all addresses failed lately comes last.
    pub(super) fn next(&mut self, now: Instant) -> Vec<IpAddr> {
        let turn = self.turn;
        self.turn = turn.wrapping_add(1);
        self.avoided.retain(|(_, since)| now.duration_since(*since) < AVOIDED);
        let prefers_new = self.list.first().is_some_and(IpAddr::is_ipv6);
        let (mut preferred, mut others): (Vec<IpAddr>, Vec<IpAddr>) =
            self.list.iter().partition(|address| address.is_ipv6() == prefers_new);
        for family in [&mut preferred, &mut others] {
            // Those that failed go to the end, and the others take turns.
            family.sort_by_key(|address| self.is_avoided(*address));
            let good = family.iter().take_while(|address| !self.is_avoided(**address)).count();
            family[..good].rotate_left(turn % good.max(1));
        }
        let failed = preferred.first().is_some_and(|address| self.is_avoided(*address));
        let good = others.first().is_some_and(|address| !self.is_avoided(*address));
        if failed && good {
            std::mem::swap(&mut preferred, &mut others);
        }
        preferred.into_iter().chain(others).collect()
    }

    /// Notes that no connection was made to `address`.
    pub(super) fn avoid(&mut self, address: IpAddr, now: Instant) {
        self.avoided.retain(|(other, _)| *other != address);
        self.avoided.push((address, now));
    }

    fn is_avoided(&self, address: IpAddr) -> bool {
        self.avoided.iter().any(|(other, _)| *other == address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(text: &str) -> Addresses {
        Addresses::new(text.split(' ').map(|address| address.parse().expect("an address")).collect())
    }

    fn next(addresses: &mut Addresses, now: Instant) -> String {
        let next: Vec<String> = addresses.next(now).iter().map(ToString::to_string).collect();
        next.join(" ")
    }

    #[test]
    fn each_turn_begins_with_another_address_of_the_preferred_family() {
        let now = Instant::now();
        let mut mixed = addresses("10.0.0.1 ::1 10.0.0.2 ::2 10.0.0.3");
        for expected in [
            "10.0.0.1 10.0.0.2 10.0.0.3 ::1 ::2",
            "10.0.0.2 10.0.0.3 10.0.0.1 ::2 ::1",
            "10.0.0.3 10.0.0.1 10.0.0.2 ::1 ::2",
            "10.0.0.1 10.0.0.2 10.0.0.3 ::2 ::1",
        ] {
            assert_eq!(next(&mut mixed, now), expected);
        }
        assert_eq!(next(&mut addresses("::1 10.0.0.1"), now), "::1 10.0.0.1");
        assert!(Addresses::new(Vec::new()).next(now).is_empty());
    }

    #[test]
    fn what_failed_is_tried_last_for_a_while() {
        let now = Instant::now();
        let mut some = addresses("10.0.0.1 10.0.0.2 10.0.0.3");
        some.avoid("10.0.0.2".parse().expect("an address"), now);
        for expected in ["10.0.0.1 10.0.0.3 10.0.0.2", "10.0.0.3 10.0.0.1 10.0.0.2"] {
            assert_eq!(next(&mut some, now), expected);
        }
        assert_eq!(next(&mut some, now + AVOIDED), "10.0.0.3 10.0.0.1 10.0.0.2");
        assert_eq!(next(&mut some, now + AVOIDED), "10.0.0.1 10.0.0.2 10.0.0.3");
    }

    #[test]
    fn a_family_that_fails_goes_behind_the_other() {
        let now = Instant::now();
        let mut mixed = addresses("::1 ::2 10.0.0.1");
        for address in ["::1", "::2"] {
            mixed.avoid(address.parse().expect("an address"), now);
        }
        assert_eq!(next(&mut mixed, now), "10.0.0.1 ::1 ::2");
        mixed.avoid("10.0.0.1".parse().expect("an address"), now);
        assert_eq!(next(&mut mixed, now), "::1 ::2 10.0.0.1");
        assert_eq!(next(&mut mixed, now + AVOIDED), "::1 ::2 10.0.0.1");
    }
}
