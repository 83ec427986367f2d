//! The digests that S3 gives: MD5 etags, and CRC64NVME of whole objects; and the CRC-32C that Google gives.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest, Md5};

/// The reflected polynomial of [CRC-64/NVME](https://reveng.sourceforge.io/crc-catalogue/17plus.htm#crc.cat.crc-64-nvme).
const POLYNOMIAL: u64 = 0x9a6c_9329_ac4b_c9b5;

/// The reflected polynomial of [CRC-32C](https://reveng.sourceforge.io/crc-catalogue/17plus.htm#crc.cat.crc-32-iscsi).
const POLYNOMIAL_32: u64 = 0x82f6_3b78;

const TABLE: [u64; 256] = table(POLYNOMIAL);
const TABLE_32: [u64; 256] = table(POLYNOMIAL_32);

const fn table(polynomial: u64) -> [u64; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut value = byte as u64;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { (value >> 1) ^ polynomial } else { value >> 1 };
            bit += 1;
        }
        table[byte] = value;
        byte += 1;
    }
    table
}

/// The checksum as `x-amz-checksum-crc64nvme` has it.
pub(super) fn crc64nvme(bytes: &[u8]) -> String {
    let value = bytes.iter().fold(u64::MAX, |value, byte| {
        let [low, ..] = value.to_le_bytes();
        TABLE[usize::from(low ^ byte)] ^ (value >> 8)
    });
    BASE64_STANDARD.encode((!value).to_be_bytes())
}

/// The checksum that `x-goog-hash` has.
pub(super) fn crc32c(bytes: &[u8]) -> u32 {
    let value = bytes.iter().fold(u64::from(u32::MAX), |value, byte| {
        let [low, ..] = value.to_le_bytes();
        TABLE_32[usize::from(low ^ byte)] ^ (value >> 8)
    });
    !u32::try_from(value).expect("the table has 32 bits")
}

pub(super) fn md5(bytes: &[u8]) -> [u8; 16] {
    Md5::digest(bytes).into()
}

/// The digest as `Content-MD5` has it.
pub(super) fn content_md5(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(md5(bytes))
}

/// The etag of an object that was written at once.
pub(super) fn etag(digest: [u8; 16]) -> String {
    format!("\"{}\"", hex(digest))
}

/// The etag of an object that was written in parts.
pub(super) fn etag_of_parts(digests: &[[u8; 16]]) -> String {
    format!("\"{}-{}\"", hex(md5(digests.as_flattened())), digests.len())
}

fn hex(digest: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_have_their_check_values() {
        let crc = BASE64_STANDARD.encode(0xae8b_1486_0a79_9888_u64.to_be_bytes());
        assert_eq!(crc64nvme(b"123456789"), crc);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(etag(md5(b"")), "\"d41d8cd98f00b204e9800998ecf8427e\"");
    }
}
