//! Writes the Swift side of the border: see scripts/gen.

fn main() {
    uniffi::uniffi_bindgen_main()
}
