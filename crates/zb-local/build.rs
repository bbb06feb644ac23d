//! Compiles `proto/*.proto` without a system `protoc`.
//!
//! The server's half goes where `tonic::include_proto!` finds it. The client's half goes to a
//! folder of its own: only the tests of this crate speak it.

use std::{error::Error, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let files = protox::compile(["proto/zerobus.proto", "proto/flight.proto"], ["proto"])?;

    tonic_prost_build::configure()
        .build_client(false)
        .bytes(".")
        .compile_fds(files.clone())?;

    let client = PathBuf::from(std::env::var("OUT_DIR")?).join("client");
    std::fs::create_dir_all(&client)?;
    tonic_prost_build::configure()
        .build_server(false)
        .build_transport(false)
        .out_dir(client)
        .compile_fds(files)?;
    Ok(())
}
