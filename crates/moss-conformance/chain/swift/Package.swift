// swift-tools-version:5.9
import PackageDescription

let package = Package(
    name: "chain",
    dependencies: [.package(name: "Moss", path: "../../../../swift")],
    targets: [.executableTarget(name: "chain", dependencies: ["Moss"])]
)
