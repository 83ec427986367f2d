//! An S3 server on loopback to try things against: `cargo run --release -p rangeway-testkit --example s3_server -- BUCKET...`
//!
//! Prints the variables that lead a client to it. Each line on standard input is answered with what has been asked
//! of the server so far; the server stops, and its objects are gone, at the end of standard input.
#![allow(clippy::print_stdout, reason = "an example's output is for people")]

use rangeway_testkit::S3Server;

fn main() -> std::io::Result<()> {
    let server = S3Server::start()?;
    for bucket in std::env::args().skip(1) {
        server.create_bucket(&bucket)?;
    }
    for (name, value) in server.environment() {
        println!("export {name}={value}");
    }
    for line in std::io::stdin().lines() {
        line?;
        println!("{:#?}\nopen uploads: {:?}", server.counts(), server.open_uploads()?);
        server.reset_counts();
    }
    Ok(())
}
