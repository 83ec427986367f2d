//! The s3:// backend of rangeway.
