// swift-tools-version: 5.9
import PackageDescription

// Apple systems get the native library as an XCFramework, made by scripts/xcframework. On Linux it is a shared library that
// pkg-config finds as moss-swift, made by `cargo build -p moss-swift`; scripts/test-swift shows how.
#if os(Linux)
let native = Target.systemLibrary(name: "MossC", pkgConfig: "moss-swift")
#else
let native = Target.binaryTarget(name: "MossC", path: "MossC.xcframework")
#endif

let package = Package(
    name: "Moss",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [.library(name: "Moss", targets: ["Moss"])],
    targets: [
        native,
        .target(
            name: "Moss", dependencies: ["MossC"],
            linkerSettings: [
                // What the static library of Apple systems needs: the graph index is C++, TLS asks the system's trust.
                .linkedLibrary("c++", .when(platforms: [.iOS, .macOS])),
                .linkedFramework("Security", .when(platforms: [.iOS, .macOS])),
                .linkedFramework("SystemConfiguration", .when(platforms: [.iOS, .macOS])),
            ]),
        .testTarget(name: "MossTests", dependencies: ["Moss"]),
    ]
)
