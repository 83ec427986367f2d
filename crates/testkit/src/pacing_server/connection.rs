//! One connection on its thread: read a request, admit it, wait, answer.

use std::io;
use std::net::TcpStream;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::Shared;
use super::answer::{Answer, Body};
use super::counts::add;
use super::pace::{Bucket, Fate};
use super::request::{Reader, Request};
use super::wire::Wire;
use crate::request_kind::RequestKind;

pub(super) struct Connection<'a> {
    shared: &'a Shared,
    wire: Wire,
    reader: Reader,
    /// This connection's own rate.
    own: Option<Bucket>,
}

/// A request between its arrival and the moment at which the last portion of its answer is handed to the kernel. Not
/// later: a client that has it all may ask again before this thread runs on.
struct UnderWay<'a> {
    shared: &'a Shared,
    is_admitted: bool,
    is_over: bool,
}

impl<'a> UnderWay<'a> {
    fn begin(shared: &'a Shared, kind: RequestKind) -> Self {
        shared.tally.requests.begin(kind);
        Self { shared, is_admitted: shared.admit(), is_over: false }
    }

    fn end(&mut self) {
        if !std::mem::replace(&mut self.is_over, true) {
            self.shared.tally.requests.end();
            if self.is_admitted {
                self.shared.in_flight.fetch_sub(1, Ordering::AcqRel);
            }
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.end();
    }
}

impl<'a> Connection<'a> {
    pub(super) fn new(socket: Arc<TcpStream>, shared: &'a Shared) -> io::Result<Self> {
        Ok(Self {
            wire: Wire::new(socket, shared.tls.as_ref())?,
            reader: Reader::new(),
            own: shared.options.per_connection.map(Bucket::new),
            shared,
        })
    }

    /// Answers requests until the client closes, or the connection is at its end otherwise.
    pub(super) fn serve(mut self) -> io::Result<()> {
        while let Some(request) = self.reader.head(&mut self.wire)? {
            let under_way = UnderWay::begin(self.shared, request.kind);
            let goes_on = if under_way.is_admitted {
                self.answer(&request, under_way)?
            } else {
                self.refuse(&request)?
            };
            if !goes_on {
                break;
            }
        }
        Ok(())
    }

    /// Refuses a request; whether the connection goes on. A client that waits with its body may send it all the same,
    /// so that its connection can't be used again.
    fn refuse(&mut self, request: &Request) -> io::Result<bool> {
        let is_last = request.waits || request.is_last;
        if !request.waits {
            self.reader.discard(request, &mut self.wire)?;
        }
        self.wire.write_all(&Answer::slow_down().head(is_last))?;
        Ok(!is_last)
    }

    /// Answers a request; whether the connection goes on.
    fn answer(&mut self, request: &Request, mut under_way: UnderWay<'_>) -> io::Result<bool> {
        let received = self.reader.discard(request, &mut self.wire)?;
        add(&self.shared.tally.bytes_in, received);
        self.shared.wait_for_first_byte()?;
        let answer = Answer::to(request, &self.shared.options.keys);
        let head = answer.head(request.is_last);
        let goes_on = match answer.body {
            Body::Object(range) if !range.is_empty() => self.send(&head, range, &mut under_way)?,
            _ => {
                under_way.end();
                self.wire.write_all(&head)?;
                true
            }
        };
        Ok(goes_on && !request.is_last)
    }

    /// Sends a body at the pace of the options; whether the connection goes on.
    fn send(&mut self, mut head: &[u8], range: Range<u64>, under_way: &mut UnderWay<'_>) -> io::Result<bool> {
        let fate = self.shared.fate(range.end - range.start);
        let end = match fate {
            Fate::Whole => range.end,
            Fate::Reset(before) | Fate::Stall(before) => range.start + before,
        };
        let portion = self.shared.portion;
        if portion.is_some() {
            // The client sees it now, and the first bytes when it is their time.
            self.wire.write_all(std::mem::take(&mut head))?;
        }
        if let Some(own) = &mut self.own {
            own.begin(Instant::now());
        }
        let mut at = range.start;
        while at < end {
            let next = portion.map_or(end, |portion| end.min(at + portion));
            self.wait_for_rates(next - at)?;
            if portion.is_some() && next == range.end {
                under_way.end();
            }
            let head = std::mem::take(&mut head);
            self.wire.send(head, &self.shared.pattern, at..next, &self.shared.tally.bytes_out)?;
            at = next;
        }
        // Where it is not even the first byte that goes, the head still does.
        self.wire.write_all(head)?;
        match fate {
            Fate::Whole => return Ok(true),
            Fate::Reset(_) => {
                add(&self.shared.tally.resets, 1);
                self.wire.reset_on_drop()?;
            }
            Fate::Stall(_) => {
                add(&self.shared.tally.stalls, 1);
                self.wire.wait_for_close();
            }
        }
        Ok(false)
    }

    /// Waits until `amount` bytes have passed this connection's link, and then the one that all share.
    fn wait_for_rates(&mut self, amount: u64) -> io::Result<()> {
        if let Some(own) = &mut self.own {
            let end = own.take(amount, Instant::now());
            self.shared.wait_until(end)?;
        }
        self.shared.wait_for_total(amount)
    }
}
