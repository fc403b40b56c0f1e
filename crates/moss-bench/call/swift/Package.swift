// swift-tools-version:5.9
import PackageDescription

let package = Package(
    name: "call",
    dependencies: [.package(name: "Moss", path: "../../../../swift")],
    targets: [.executableTarget(name: "call", dependencies: ["Moss"])]
)
