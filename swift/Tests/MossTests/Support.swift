// What the suites share: folders, clients of a store of their own, error codes.

import Foundation
import XCTest

@testable import Moss

/// The root of the repository.
let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

/// A folder that is gone after the test.
final class Folder {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    /// The store in it.
    var store: String { url.appendingPathComponent("store").path }

    func client(_ projectId: String = "project", key: String = "key") throws -> MossClient {
        try MossClient(projectId: projectId, projectKey: key, baseUrl: baseUrl)
    }

    /// The store, or the service before it: see scripts/through-service.
    private var baseUrl: String {
        guard let service = ProcessInfo.processInfo.environment["MOSS_TEST_SERVICE"] else { return store }
        return "\(service)/\(store.utf8.map { String(format: "%02x", $0) }.joined())/v1/manage"
    }
}

/// The error of a call that must fail with one of Moss.
func failure<T>(
    _ call: () async throws -> T, file: StaticString = #filePath, line: UInt = #line
) async -> MossError {
    do {
        _ = try await call()
        XCTFail("the call did not fail", file: file, line: line)
    } catch let error as MossError {
        return error
    } catch {
        XCTFail("no error of Moss: \(error)", file: file, line: line)
    }
    return MossError(code: 0, message: "")
}

/// Two documents with vectors.
let twoDocs = [
    DocumentInfo(id: "a", text: "alpha", metadata: ["n": "1"], embedding: [1, 0], payload: "p"),
    DocumentInfo(id: "b", text: "beta", metadata: ["n": "2"], embedding: [0, 1]),
]
