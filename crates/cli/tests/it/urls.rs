//! Objects named by the URLs that their services show.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use rangeway_testkit::FaultServer;

use crate::support::{BUCKET, Sandbox};

#[test]
fn urls_of_a_service_go_to_its_own_backend() {
    for (server, url) in [
        (FaultServer::start_azure(BUCKET), "https://any.blob.core.windows.net/bucket"),
        (FaultServer::start_gcs(BUCKET), "https://storage.googleapis.com/bucket"),
    ] {
        let server = server.expect("a free port");
        let sandbox = Sandbox::with_environment(server.environment());
        sandbox.write("x", "bytes");
        sandbox.run(&format!("cp x {url}/a%20b")).exits(0);
        assert_eq!(server.object("a b").as_deref(), Some(&b"bytes"[..]), "{url}");
        assert_eq!(sandbox.run(&format!("cat {url}/a%20b")).exits(0).text(), "bytes");
        assert_eq!(sandbox.run(&format!("stat --json {url}/a%20b")).exits(0).records()[0]["size"], 5);
        assert!(sandbox.run(&format!("ls {url}")).exits(0).text().ends_with("a b\n"), "{url}");
        sandbox.run(&format!("rm {url}/a%20b")).exits(0);
        assert_eq!(server.object("a b"), None, "{url}");
    }
}

#[test]
fn other_urls_are_files_of_a_web_server() {
    let sandbox = Sandbox::local();
    sandbox.write("x", "x");
    sandbox.run("cp x https://example.org/x").exits(2).says("unsupported");
}

/// A web server that answers whatever is asked for with the path, until the program ends.
fn web_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.expect("a connection"));
            let mut first = String::new();
            let mut line = String::new();
            while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
                if first.is_empty() {
                    first.clone_from(&line);
                }
                line.clear();
            }
            let mut words = first.split(' ');
            let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let body = if method == "HEAD" { "" } else { path };
            let length = path.len();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            // Who asked may have gone.
            let _ = stream.get_mut().write_all(format!("{head}{body}").as_bytes());
        }
    });
    url
}

#[test]
fn pages_of_a_web_server_are_files() {
    let (sandbox, url) = (Sandbox::local(), web_server());
    for (line, page) in [
        (format!("cp {url}/sub/ page.html"), "/sub/"),
        (format!("cp {url} page.html"), "/"),
        (format!("cp {url}/file.bin page.html"), "/file.bin"),
    ] {
        sandbox.run(&line).exits(0);
        assert_eq!(sandbox.read("page.html"), page, "{line}");
    }
    for (line, page) in [(format!("cat {url}/"), "/"), (format!("cp {url}/sub/ -"), "/sub/")] {
        assert_eq!(sandbox.run(&line).exits(0).text(), page, "{line}");
    }
    assert_eq!(sandbox.run(&format!("stat --json {url}")).exits(0).records()[0]["size"], 1);
    sandbox.run(&format!("cp {url}/sub/ .")).exits(2).says("has no file name").says("hint: name the file");
    for line in [format!("cp -r {url}/sub/ new"), format!("ls {url}/sub/"), format!("rm -r {url}/sub/")] {
        sandbox
            .run(&line)
            .exits(2)
            .says("no listings")
            .says("hint: name each file by its own URL, without -r");
    }
}

#[test]
fn a_dry_run_promises_nothing_that_is_refused() {
    let sandbox = Sandbox::with_server();
    sandbox.write("x", "x");
    sandbox.write("y", "y");
    std::fs::create_dir(sandbox.path("empty")).expect("a folder");
    sandbox.run("cp -r --dry-run empty s3://bucket").exits(0).says("would copy 0 objects");
    for line in [
        "cp --dry-run -n x s3://bucket/x?conditional-writes=false",
        "cp --dry-run x https://example.org/x",
        "cp --dry-run --content-type text/x x y",
        "cp --dry-run --metadata a=b x y",
    ] {
        sandbox.run(line).exits(2).says("unsupported");
        sandbox.run(&line.replace(" --dry-run", "")).exits(2).says("unsupported");
    }
    let path = sandbox.path("").display().to_string();
    for line in [format!("cp --dry-run x file://{path}//y"), format!("cp --dry-run x file://{path}/a/../y")] {
        sandbox.run(&line).exits(2).says("invalid input");
    }
}
