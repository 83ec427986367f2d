//! Tests of how settings, profiles and the environment become a configuration.
