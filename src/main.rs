//! The program `rollbook`: parses the command line and does what it asks.

use rollbook::cli;
use std::process::ExitCode;

fn main() -> color_eyre::Result<ExitCode> {
    color_eyre::install()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .worker_threads(2)
        .build()?;
    let exit = runtime.block_on(cli::run());
    // A prompt that was interrupted may sit in a blocking read for ever.
    runtime.shutdown_background();
    Ok(ExitCode::from(exit as u8))
}
