// swift-tools-version:5.9
import PackageDescription

let package = Package(
    name: "call",
    dependencies: [.package(path: "../../../../swift")],
    targets: [.executableTarget(name: "call", dependencies: [.product(name: "Moss", package: "swift")])]
)
