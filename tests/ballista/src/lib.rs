//! Holds nothing: the package names what a cluster of the tests is built from.
