//! The range engine of rangeway: one policy, plan and scheduler for large reads and writes.
