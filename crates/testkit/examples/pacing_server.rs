//! A server for measurements: `cargo run --release -p rangeway-testkit --example pacing_server -- first-byte=30ms total=800MB`
//!
//! Arguments are the options of `PacingServerOptions::set`, and `tls=FILE`, which gets the authority to trust. Prints
//! the endpoint. Each line on standard input is answered with the counts since the last as one line of JSON; the
//! server stops at the end of standard input.
#![allow(clippy::print_stdout, reason = "an example's output is for people")]

use std::error::Error;

use rangeway_testkit::PacingServerOptions;

fn main() -> Result<(), Box<dyn Error>> {
    let mut options = PacingServerOptions::new();
    let mut ca_file = None;
    for argument in std::env::args().skip(1) {
        let (name, value) = argument.split_once('=').ok_or("an argument is not NAME=VALUE")?;
        if name == "tls" {
            ca_file = Some(value.to_owned());
            options = options.tls(true);
        } else {
            options = options.set(name, value)?;
        }
    }
    let server = options.start()?;
    if let (Some(file), Some(pem)) = (ca_file, server.ca_pem()) {
        std::fs::write(file, pem)?;
    }
    println!("endpoint {}", server.endpoint());
    for line in std::io::stdin().lines() {
        line?;
        println!("{}", server.counts().json());
        server.reset_counts();
    }
    Ok(())
}
