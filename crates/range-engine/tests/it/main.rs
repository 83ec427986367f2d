//! The engine against a store that fails as told: right bytes or a named error, and nothing left behind.

mod deadline;
mod dependent;
mod faulty;
mod hedges;
mod limits;
mod reads;
mod window;
mod writes;
