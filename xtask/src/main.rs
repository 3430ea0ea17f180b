//! `cargo xtask`: every command of the project, in Rust and from this repository alone.
//!
//! ```text
//! cargo xtask serve    build the page and serve it on this machine
//! cargo xtask dist     build the folder that any static host serves
//! cargo xtask data     fetch and convert the real data sets
//! cargo xtask test     run every test, with what the tests need
//! cargo xtask bench    measure the engine on this machine
//! ```

mod bench;
mod bundle;
mod command;
mod compress;
mod data_command;
mod files;
mod integrity;
mod serve;
mod server;
mod setup;
mod shrink;
mod test;
mod weight;

use std::ffi::OsString;
use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask COMMAND [OPTIONS]

  serve    build the optimised page and serve it on this machine
             --port N     first port to try (default 8080; the next free one is taken)
             --open       open the page in the system's browser
             --watch      rebuild when a source file changes, and reload the page
             --quick      compile in less time, into a larger and slower page
             --isolated   send the headers that make the page cross-origin isolated
  dist     build dist/, a folder that any static host serves under any path
             --out DIR    build there instead
  data     fetch the real data sets and convert them for the page (--help for more)
  test     run every test, installing what they need
             --only PART  native, wasm, browser or lint; may be repeated. faults: those tests of native and browser that
                          inject faults
             --no-data    do not try to fetch the real data sets
             --filter S   tests whose name contains S
             --dist DIR   test the page in this folder, built before
             --quick      test a page that was compiled in less time (see serve)
  bench    measure training speed on this machine (--help for more)
";

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let command = args
        .next()
        .and_then(|word| word.into_string().ok())
        .unwrap_or_default();
    let rest: Vec<OsString> = args.collect();
    let result = match command.as_str() {
        "serve" => serve::run(rest),
        "dist" => bundle::run(rest),
        "data" => data_command::run(rest),
        "test" => test::run(rest),
        "bench" => bench::run(rest),
        "" | "help" | "--help" | "-h" => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        other => {
            eprintln!("There is no command `{other}`.\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}
