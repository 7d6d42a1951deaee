//! Tests for single rules.
