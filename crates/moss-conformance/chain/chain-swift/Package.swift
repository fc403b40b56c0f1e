// swift-tools-version:5.9
import PackageDescription

let package = Package(
    name: "chain",
    dependencies: [.package(path: "../../../../swift")],
    targets: [.executableTarget(name: "chain", dependencies: [.product(name: "Moss", package: "swift")])]
)
