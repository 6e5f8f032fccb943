//! Links the module with pages of one byte, so that it has exactly the memory it needs.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("wasm32") {
        // 256 bytes of stack, before the data, so that an overflow traps and spoils nothing.
        for argument in [
            "--page-size=1",
            "-zstack-size=256",
            "--stack-first",
            "--compress-relocations",
        ] {
            println!("cargo::rustc-link-arg-cdylib={argument}");
        }
    }
}
