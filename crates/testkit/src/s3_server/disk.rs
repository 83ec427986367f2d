//! `Disk`: s3s-fs with larger reads. It reads 4 KiB per blocking call, which caps a server at some 200 MB/s.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, Stream};
use http::header::{CONTENT_RANGE, HeaderMap, HeaderValue};
use s3s::dto::{self, GetObjectInput, GetObjectOutput, StreamingBlob};
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result};
use s3s_fs::FileSystem;

/// Bytes per blocking read: small enough for the processor's cache, large enough for the hop between threads not to
/// matter.
const BLOCK: u64 = 256 * 1024;

/// s3s-fs, but for the way bodies are read, one false claim of its listings, and the size in refusals of ranges.
#[derive(Debug)]
pub(super) struct Disk {
    files: FileSystem,
    root: PathBuf,
}

impl Disk {
    pub(super) fn new(root: &Path) -> io::Result<Self> {
        let files = FileSystem::new(root).map_err(|error| io::Error::other(format!("{error:?}")))?;
        Ok(Self { files, root: root.to_owned() })
    }

    /// The refusal of a range with the object's size, which S3 says and s3s-fs does not.
    fn with_size(&self, mut error: S3Error, bucket: &str, key: &str) -> S3Error {
        let size = || Some(self.path(bucket, key)?.metadata().ok()?.len());
        if *error.code() == S3ErrorCode::InvalidRange
            && let Some(Ok(value)) = size().map(|size| HeaderValue::try_from(format!("bytes */{size}")))
        {
            error.set_headers(HeaderMap::from_iter([(CONTENT_RANGE, value)]));
        }
        error
    }

    /// The file of an object.
    fn path(&self, bucket: &str, key: &str) -> Option<PathBuf> {
        let mut path = self.root.join(bucket);
        for component in Path::new(key).components() {
            let Component::Normal(name) = component else { return None };
            path.push(name);
        }
        Some(path)
    }

    /// The object's file at the first byte of the answer, if it is the file that the answer speaks of.
    fn open(&self, bucket: &str, key: &str, answer: &GetObjectOutput) -> Option<File> {
        let (start, size) = match &answer.content_range {
            Some(range) => {
                let (range, size) = range.strip_prefix("bytes ")?.split_once('/')?;
                (range.split_once('-')?.0.parse().ok()?, size.parse().ok()?)
            }
            None => (0, u64::try_from(answer.content_length?).ok()?),
        };
        let mut file = File::open(self.path(bucket, key)?).ok()?;
        if file.metadata().ok()?.len() != size {
            return None;
        }
        file.seek(SeekFrom::Start(start)).ok()?;
        Some(file)
    }
}

/// The next `length` bytes of `file` in blocks, read off the async threads.
fn blocks(file: File, length: u64) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    stream::try_unfold((file, length), async |(mut file, left)| {
        if left == 0 {
            return Ok(None);
        }
        let read = tokio::task::spawn_blocking(move || {
            let mut block = Vec::with_capacity(usize::try_from(left.min(BLOCK)).map_err(io::Error::other)?);
            let read = (&mut file).take(left.min(BLOCK)).read_to_end(&mut block)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Ok((Bytes::from(block), (file, left - read as u64)))
        });
        read.await.map_err(io::Error::other)?.map(Some)
    })
}

macro_rules! pass_on {
    ($($method:ident: $input:ident => $output:ident;)+) => {
        #[async_trait]
        impl S3 for Disk {
            async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
                let (bucket, key) = (request.input.bucket.clone(), request.input.key.clone());
                let answer = self.files.get_object(request).await;
                let mut answer = answer.map_err(|error| self.with_size(error, &bucket, &key))?;
                let length = answer.output.content_length.and_then(|length| u64::try_from(length).ok());
                if let (Some(length), Some(file)) = (length, self.open(&bucket, &key, &answer.output)) {
                    answer.output.body = Some(StreamingBlob::wrap(blocks(file, length)));
                }
                Ok(answer)
            }

            async fn list_objects_v2(
                &self,
                request: S3Request<dto::ListObjectsV2Input>,
            ) -> S3Result<S3Response<dto::ListObjectsV2Output>> {
                let mut answer = self.files.list_objects_v2(request).await?;
                // s3s-fs says that it encodes the keys and doesn't: `a+b` would be read as `a b`.
                answer.output.encoding_type = None;
                Ok(answer)
            }

            $(async fn $method(&self, request: S3Request<dto::$input>) -> S3Result<S3Response<dto::$output>> {
                self.files.$method(request).await
            })+
        }
    };
}

pass_on! {
    create_bucket: CreateBucketInput => CreateBucketOutput;
    head_bucket: HeadBucketInput => HeadBucketOutput;
    delete_bucket: DeleteBucketInput => DeleteBucketOutput;
    list_buckets: ListBucketsInput => ListBucketsOutput;
    get_bucket_location: GetBucketLocationInput => GetBucketLocationOutput;
    head_object: HeadObjectInput => HeadObjectOutput;
    put_object: PutObjectInput => PutObjectOutput;
    copy_object: CopyObjectInput => CopyObjectOutput;
    delete_object: DeleteObjectInput => DeleteObjectOutput;
    delete_objects: DeleteObjectsInput => DeleteObjectsOutput;
    list_objects: ListObjectsInput => ListObjectsOutput;
    create_multipart_upload: CreateMultipartUploadInput => CreateMultipartUploadOutput;
    upload_part: UploadPartInput => UploadPartOutput;
    upload_part_copy: UploadPartCopyInput => UploadPartCopyOutput;
    list_parts: ListPartsInput => ListPartsOutput;
    complete_multipart_upload: CompleteMultipartUploadInput => CompleteMultipartUploadOutput;
    abort_multipart_upload: AbortMultipartUploadInput => AbortMultipartUploadOutput;
}
