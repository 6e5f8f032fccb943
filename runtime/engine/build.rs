//! Tells the crate whether the target has Thumb-2, which Rust's own `cfg` does not say on stable.

fn main() {
    let target = std::env::var("TARGET").unwrap_or_default();
    let thumb_2 = ["thumbv7", "thumbv8m.main"]
        .iter()
        .any(|prefix| target.starts_with(prefix));
    println!("cargo::rustc-check-cfg=cfg(thumb_2)");
    println!("cargo::rerun-if-changed=build.rs");
    if thumb_2 {
        println!("cargo::rustc-cfg=thumb_2");
    }
}
