//! One connection of the fault server, and the loop that accepts them.

use std::io;
use std::sync::{Arc, PoisonError};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::Shared;
use super::request::Reader;

/// Serves until dropped; its connections end with it.
pub(super) async fn run(listener: std::net::TcpListener, shared: Arc<Shared>) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let mut connections = JoinSet::new();
    loop {
        let (socket, _) = listener.accept().await?;
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            // A connection that breaks is the client's to notice.
            let _ = serve(socket, &shared).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(mut socket: TcpStream, shared: &Shared) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut reader = Reader::new();
    while let Some(mut request) = reader.head(&mut socket).await? {
        shared.dialect.understand(&mut request);
        shared.counters.begin(request.kind);
        let again = respond(request, &mut reader, &mut socket, shared).await;
        shared.counters.end();
        if !again? {
            break;
        }
    }
    Ok(())
}

/// Reads the rest of a request and answers it; whether the connection can be used again.
async fn respond(
    mut request: super::SeenRequest,
    reader: &mut Reader,
    socket: &mut TcpStream,
    shared: &Shared,
) -> io::Result<bool> {
    shared.log.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
    let body = reader.body(&request, socket).await?;
    let closes = request.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    let faults = shared.script.strike(&request);
    let mut answer = {
        let mut bucket = shared.bucket();
        for fault in &faults {
            fault.before(&mut request, &mut bucket);
        }
        let dialect = shared.dialect;
        let instead =
            faults.iter().find_map(|fault| fault.instead(|refusal| dialect.refuse(&request, refusal)));
        instead.unwrap_or_else(|| dialect.answer(&mut bucket, &request, body))
    };
    for fault in &faults {
        fault.after(&mut answer);
    }
    Ok(answer.send(&request.method, socket).await? && !closes)
}
