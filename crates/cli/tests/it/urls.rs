//! Objects named by the URLs that their services show.

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
