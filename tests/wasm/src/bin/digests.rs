//! Prints the digests of this machine as JSON.

fn main() {
    print!("{}", wasm_tests::digests::json());
}
