//! Has the program built again when the dashboard's files change: the macro that takes them in
//! sees changes of files that it knows, but no new ones.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=dashboard/dist");
}
