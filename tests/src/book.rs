//! The Rust of the book, as doctests: `cargo test --doc` compiles it, and runs it where it says nothing
//! else. `cargo xtask book` sees to it that no page with Rust is missing here.

/// A page of `docs/`.
macro_rules! page {
    ($name:ident, $path:literal) => {
        #[doc = include_str!(concat!("../../docs/", $path))]
        mod $name {}
    };
}

page!(transports, "concepts/transports.md");
page!(debugging, "guides/debugging.md");
page!(from_the_wrapper, "guides/from-the-wrapper.md");
page!(rust, "guides/rust.md");
page!(telemetry, "guides/telemetry.md");
page!(testing, "guides/testing.md");
page!(shutdown, "operations/shutdown.md");
page!(faults, "reference/faults.md");
