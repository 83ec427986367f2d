//! The backend against the emulator Azurite.
