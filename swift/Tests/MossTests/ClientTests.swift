// Credentials, settings, loaded indexes, jobs.

import Foundation
import XCTest

@testable import Moss

final class ClientTests: XCTestCase {
    func testTheVersionIsThatOfTheLibrary() throws {
        let manifest = try String(contentsOf: repository.appendingPathComponent("Cargo.toml"), encoding: .utf8)
        XCTAssertTrue(manifest.contains("version = \"\(MossClient.sdkVersion)\""), MossClient.sdkVersion)
    }

    func testEmptyCredentialsAreRefused() async throws {
        let error = await failure { try MossClient(projectId: "", projectKey: "key") }
        XCTAssertEqual(error.code, -2)
        XCTAssertTrue(error.message.contains("MOSS_PROJECT_ID"), error.message)
        XCTAssertEqual(error.localizedDescription, error.message)
    }

    func testAWrongKeyIsRefused() async throws {
        let folder = try Folder()
        _ = try await folder.client().listIndexes()
        let error = await failure { try await folder.client(key: "another").listIndexes() }
        XCTAssertEqual(error.code, -3)
        XCTAssertFalse(error.message.contains("another"), error.message)
    }

    func testTheAuthenticatorIsAskedForEveryRequest() async throws {
        let folder = try Folder()
        let tokens = Tokens(.success("key"))
        let client = try MossClient(projectId: "project", authenticator: tokens, baseUrl: folder.store)
        try await client.createIndex("i", docs: twoDocs)
        let info = try await client.getIndex("i")
        XCTAssertEqual(info.docCount, 2)
        let session = try await client.session("i")
        try await session.pushIndex()
        XCTAssertGreaterThanOrEqual(tokens.asked, 4)
    }

    func testAWrongTokenAndAThrowingAuthenticatorAreRefused() async throws {
        struct Expired: LocalizedError {
            var errorDescription: String? { "the login has expired" }
        }
        let folder = try Folder()
        _ = try await folder.client().listIndexes()
        for (tokens, part) in [(Tokens(.success("wrong")), ""), (Tokens(.failure(Expired())), "the login has expired")] {
            let client = try MossClient(projectId: "project", authenticator: tokens, baseUrl: folder.store)
            let error = await failure { try await client.session("s") }
            XCTAssertEqual(error.code, -3)
            XCTAssertTrue(part.isEmpty || error.message.contains(part), error.message)
        }
    }

    func testJobsReadReadyWhenTheServiceSaysCompleted() async throws {
        let folder = try Folder()
        let client = try folder.client()
        let session = try await client.session("s", modelId: "custom")
        try await session.addDocs(twoDocs)
        let pushed = try await session.pushIndex()
        XCTAssertEqual(pushed.status, "ready")
        XCTAssertEqual(pushed.conflicts, [])
        let job = try await client.getJobStatus(pushed.jobId)
        XCTAssertEqual(job.status, "ready")
        XCTAssertEqual(job.progress, 100)
        let info = try await client.getIndex("s")
        XCTAssertEqual(info.version, pushed.version)
    }

    func testMemoryPressureUnloads() async throws {
        let folder = try Folder()
        let client = try folder.client()
        for name in ["i", "j"] {
            try await client.createIndex(name, docs: twoDocs)
            try await client.loadIndex(name)
            _ = try await client.query(name, "alpha", embedding: [1, 0])
        }
        let low = try await client.onMemoryPressure(.low)
        XCTAssertEqual(low, 1)
        let found = try await client.query("j", "alpha", embedding: [1, 0])
        XCTAssertEqual(found.docs.map(\.id), ["a", "b"])
        let critical = try await client.onMemoryPressure()
        XCTAssertEqual(critical, 1)
        let error = await failure { try await client.query("j", "alpha", embedding: [1, 0]) }
        XCTAssertEqual(error.code, -10)
    }

    func testADownloadIsKeptInItsFolder() async throws {
        let folder = try Folder()
        let client = try folder.client()
        try await client.createIndex("i", docs: twoDocs)
        let cache = folder.url.appendingPathComponent("cache").path
        try await client.loadIndex("i", options: LoadIndexOptions(cachePath: cache))
        let kept = try FileManager.default.contentsOfDirectory(atPath: cache)
        XCTAssertFalse(kept.isEmpty)
    }

    func testModelsAreFoundWhereTheApplicationSays() async throws {
        let model = try XCTUnwrap(ProcessInfo.processInfo.environment["MOSS_MODEL_DIR"])
        unsetenv("MOSS_MODEL_DIR")
        setenv("MOSS_OFFLINE", "1", 1)
        defer {
            setenv("MOSS_MODEL_DIR", model, 1)
            unsetenv("MOSS_OFFLINE")
        }
        let folder = try Folder()
        let client = try folder.client()
        let empty = folder.url.appendingPathComponent("models/empty").path
        try MossClient.setModelCacheDir(empty)
        XCTAssertTrue(FileManager.default.fileExists(atPath: empty))
        // The same weights as moss-minilm under an id that no other test opens.
        let error = await failure { try await client.session("s", modelId: "moss-litelm") }
        XCTAssertEqual(error.code, -6)
        XCTAssertTrue(error.message.contains(empty), error.message)
        try MossClient.setModelCacheDir(model)
        let session = try await client.session("s", modelId: "moss-litelm")
        let vector = try await session.embed("refund")
        XCTAssertEqual(vector.count, 384)
        let refused = await failure { try MossClient.setModelCacheDir("/dev/null/models") }
        XCTAssertEqual(refused.code, -14)
    }
}

/// An authenticator with one answer.
private final class Tokens: Authenticator, @unchecked Sendable {
    private let answer: Result<String, any Error>
    private let lock = NSLock()
    private var count = 0

    init(_ answer: Result<String, any Error>) {
        self.answer = answer
    }

    var asked: Int { lock.withLock { count } }

    func getAuthHeader() async throws -> String {
        lock.withLock { count += 1 }
        return try answer.get()
    }
}
