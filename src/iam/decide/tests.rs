//! Tests of decisions.


