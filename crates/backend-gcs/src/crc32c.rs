//! CRC-32C as the service says it of parts and objects: of what follows each other, it follows from that of each.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rangeway_transport::{HeaderMap, HeaderName};

const HASH: HeaderName = HeaderName::from_static("x-goog-hash");

/// The reflected polynomial of [CRC-32C](https://reveng.sourceforge.io/crc-catalogue/17plus.htm#crc.cat.crc-32-iscsi).
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// What the service says of the bytes that it took, or has.
pub(crate) fn of(headers: &HeaderMap) -> Option<u32> {
    let values = headers.get_all(HASH).iter().filter_map(|value| value.to_str().ok());
    let text =
        values.flat_map(|value| value.split(',')).find_map(|one| one.trim().strip_prefix("crc32c="))?;
    let bytes = BASE64_STANDARD.decode(text).ok()?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

/// The CRC of two runs of bytes, one after the other; the second is `length` bytes long.
///
/// A CRC is linear: appending zeros multiplies it, as a polynomial, by a power of x, which squaring finds in steps.
pub(crate) fn combine(first: u32, second: u32, length: u64) -> u32 {
    // x^8, one byte of zeros: in reflected order the highest bit is x^0.
    let (mut power, mut shift, mut left) = (1_u32 << 23, 1_u32 << 31, length);
    while left > 0 {
        if left & 1 == 1 {
            shift = multiply(shift, power);
        }
        power = multiply(power, power);
        left >>= 1;
    }
    multiply(first, shift) ^ second
}

/// The product of two polynomials modulo the CRC's.
fn multiply(left: u32, mut right: u32) -> u32 {
    let mut product = 0;
    for bit in (0..32).rev() {
        if left >> bit & 1 == 1 {
            product ^= right;
        }
        right = if right & 1 == 1 { right >> 1 ^ POLYNOMIAL } else { right >> 1 };
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bit by bit, as the definition says.
    fn slow(bytes: &[u8]) -> u32 {
        let step = |value: u32| if value & 1 == 1 { value >> 1 ^ POLYNOMIAL } else { value >> 1 };
        !bytes
            .iter()
            .fold(u32::MAX, |value, byte| (0..8).fold(value ^ u32::from(*byte), |value, _| step(value)))
    }

    #[test]
    fn parts_make_the_whole_wherever_they_are_cut() {
        let all: Vec<u8> = (0..=255).cycle().take(1000).collect();
        assert_eq!(slow(b"123456789"), 0xe306_9283);
        for cut in [0, 1, 2, 3, 7, 64, 500, 999, 1000] {
            let (first, second) = all.split_at(cut);
            assert_eq!(combine(slow(first), slow(second), second.len() as u64), slow(&all), "{cut}");
        }
    }

    #[test]
    fn headers_row_by_row() {
        for (value, expected) in [
            ("crc32c=4waSgw==", Some(0xe306_9283)),
            ("md5=AAAA,crc32c=4waSgw==", Some(0xe306_9283)),
            ("crc32c=4waS", None),
            ("md5=AAAA", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HASH, value.parse().expect("a value"));
            assert_eq!(of(&headers), expected, "{value}");
        }
    }
}
