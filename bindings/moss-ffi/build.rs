//! Names the shared library for the linker, and lets nothing but the C ABI out of it.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Never set: cbindgen makes of it what a C program defines.
    println!("cargo:rustc-check-cfg=cfg(moss_no_short_names)");
    let system = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let arguments: &[&str] = match system.as_str() {
        // The number changes when a program that was linked with an earlier library cannot run with this one.
        //
        // rustc writes a version script that lists every `no_mangle` function of every crate, those of usearch's bridge to
        // C++ too; a linker takes only one such script, so the others are hidden where they come from.
        "linux" => &["-Wl,-soname,libmoss.so.0", "-Wl,--exclude-libs,ALL"],
        "macos" => &["-Wl,-install_name,@rpath/libmoss.dylib"],
        _ => &[],
    };
    for argument in arguments {
        println!("cargo:rustc-cdylib-link-arg={argument}");
    }
}
