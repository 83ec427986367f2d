//! Copies within a container, done by the service.

use std::time::Duration;

use rangeway_core::{CopyOptions, Error, ErrorKind, Key, PutResponse, Result};
use rangeway_transport::{HeaderMap, Method, headers};

use crate::api::Api;
use crate::store::{of_mode, put_mode, put_response};

const SOURCE: &str = "x-ms-copy-source";
const STATUS: rangeway_transport::HeaderName =
    rangeway_transport::HeaderName::from_static("x-ms-copy-status");

/// How often a copy that takes its time is asked about; doubles up to the longest.
const FIRST_LOOK: Duration = Duration::from_millis(100);
const LONGEST_LOOK: Duration = Duration::from_secs(5);

/// Copies `from` to `to`, attributes included, and waits until the service has done it.
pub(crate) async fn copy(api: &Api, from: &Key, to: &Key, options: &CopyOptions) -> Result<PutResponse> {
    if from.is_empty() {
        return Err(Error::invalid("the empty key names the container, not a blob"));
    }
    let mut request = api.blob(Method::PUT, to, &[])?;
    request.headers.insert(SOURCE, headers::value(SOURCE, &api.source_url(from)?)?);
    put_mode(&mut request.headers, &options.mode)?;
    let mut headers = api.send_plain(request).await.map_err(|error| of_mode(error, &options.mode))?;
    let mut look = FIRST_LOOK;
    loop {
        match status(&headers).as_deref() {
            None | Some("success") => return Ok(put_response(&headers)),
            Some("pending") => {}
            Some(other) => {
                return Err(Error::new(ErrorKind::Service, format!("the copy ended as {other:?}")));
            }
        }
        tokio::time::sleep(look).await;
        look = (look * 2).min(LONGEST_LOOK);
        headers = api.send_plain(api.blob(Method::HEAD, to, &[])?).await?;
    }
}

fn status(headers: &HeaderMap) -> Option<String> {
    headers::text(headers, &STATUS)
}
