// Closed handles, cancelled tasks, many calls at once, and a panic below.

import Foundation
import XCTest

@testable import Moss

final class ClosingTests: XCTestCase {
    func testAClosedClientRefusesEveryCall() async throws {
        let folder = try Folder()
        let client = try folder.client()
        let session = try await client.session("s", modelId: "custom")
        client.close()
        client.close()
        let calls: [() async throws -> Any] = [
            { try await client.createIndex("i", docs: twoDocs) }, { try await client.addDocs("i", docs: twoDocs) },
            { try await client.deleteDocs("i", docIds: ["a"]) }, { try await client.getDocs("i") },
            { try await client.getIndex("i") }, { try await client.listIndexes() },
            { try await client.deleteIndex("i") }, { try await client.getJobStatus("j") },
            { try await client.loadIndex("i") }, { try await client.unloadIndex("i") },
            { try await client.refreshIndex("i") }, { try await client.query("i", "q") },
            { try await client.onMemoryPressure() }, { try await client.session("s") },
        ]
        for call in calls {
            let error = await failure(call)
            XCTAssertEqual(error, MossError(code: -1, message: "MossClient already closed"))
        }
        // What it opened stays open.
        try await session.addDocs(twoDocs)
        try await session.pushIndex()
    }

    func testAClosedSessionRefusesEveryCall() async throws {
        let folder = try Folder()
        let session = try await folder.client().session("s", modelId: "custom")
        try await session.addDocs(twoDocs)
        session.close()
        session.close()
        let calls: [() async throws -> Any] = [
            { try await session.addDocs(twoDocs) }, { try await session.deleteDocs(["a"]) },
            { try await session.getDocs() }, { try await session.embed("x") }, { try await session.query("q") },
            { try await session.loadIndex("i") }, { try await session.save(toCachePath: folder.store) },
            { try await session.loadFromDisk(cachePath: folder.store) }, { try await session.pushIndex() },
        ]
        for call in calls {
            let error = await failure(call)
            XCTAssertEqual(error, MossError(code: -1, message: "MossSession already closed"))
        }
        XCTAssertEqual(session.name, "")
        XCTAssertEqual(session.docCount, 0)
        XCTAssertEqual(session.modelId, "")
    }

    func testClosingWaitsForTheCallInFlight() async throws {
        let folder = try Folder()
        try await folder.client().createIndex("i", docs: twoDocs)
        let gate = Gate()
        let client = try MossClient(projectId: "project", authenticator: gate, baseUrl: folder.store)
        let call = Task { try await client.getIndex("i") }
        await gate.asked()
        let closed = Flag()
        let closing = Thread {
            client.close()
            closed.raise()
        }
        closing.start()
        // Until closing has begun, the index is just not loaded.
        while await failure({ try await client.unloadIndex("i") }).code != -1 { await Task.yield() }
        XCTAssertFalse(closed.isUp)
        gate.open(with: "key")
        let info = try await call.value
        XCTAssertEqual(info.docCount, 2)
        while !closed.isUp { await Task.yield() }
    }

    func testACallOfACancelledTaskDoesNotBegin() async throws {
        let folder = try Folder()
        let client = try folder.client()
        let session = try await client.session("s", modelId: "custom")
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            for call: () async throws -> Any in [
                { try await session.addDocs(twoDocs) }, { try await session.query("q") },
                { try await session.pushIndex() }, { try await client.createIndex("i", docs: twoDocs) },
            ] {
                do {
                    _ = try await call()
                    XCTFail("a cancelled task began a call")
                } catch {
                    XCTAssertTrue(error is CancellationError, "\(error)")
                }
            }
        }
        await task.value
        XCTAssertEqual(session.docCount, 0)
        let indexes = try await client.listIndexes()
        XCTAssertEqual(indexes, [])
    }

    func testACallThatRunsEndsWholeThoughItsTaskIsCancelled() async throws {
        let folder = try Folder()
        let gate = Gate()
        let client = try MossClient(projectId: "project", authenticator: gate, baseUrl: folder.store)
        let push = Task {
            let session = try await client.session("s", options: SessionOptions(modelId: "custom", autoLoadOnInit: false))
            try await session.addDocs(twoDocs)
            return try await session.pushIndex()
        }
        await gate.asked()
        push.cancel()
        gate.open(with: "key")
        let pushed = try await push.value
        XCTAssertEqual(pushed.docCount, 2)
        let stored = try await folder.client().getDocs("s")
        XCTAssertEqual(stored.map(\.id), ["a", "b"])
    }

    func testAHundredCallsAtOnce() async throws {
        let folder = try Folder()
        let client = try folder.client()
        let session = try await client.session("s", modelId: "custom")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<100 {
                group.addTask {
                    let doc = DocumentInfo(id: "d\(number)", text: "document \(number)", embedding: [Float(number), 1])
                    let done = try await session.addDocs([doc])
                    XCTAssertEqual(done.added, 1)
                    let found = try await session.query("document \(number)", embedding: [Float(number), 1])
                    XCTAssertFalse(found.docs.isEmpty)
                    _ = try await client.listIndexes()
                }
            }
            try await group.waitForAll()
        }
        XCTAssertEqual(session.docCount, 100)
        let pushed = try await session.pushIndex()
        XCTAssertEqual(pushed.docCount, 100)
    }

    func testAPanicIsAnErrorAndTheProcessLives() async throws {
        let folder = try Folder()
        setenv("MOSS_TEST_PANIC", "1", 1)
        let client = try folder.client()
        unsetenv("MOSS_TEST_PANIC")
        let session = try await client.session("s", modelId: "custom")
        try await session.addDocs(twoDocs)
        let error = await failure { try await session.query("q", embedding: [1, 0]) }
        XCTAssertEqual(error.code, -7)
        XCTAssertTrue(error.message.contains("MOSS_TEST_PANIC"), error.message)
        XCTAssertEqual(session.docCount, 2)
        session.close()
        client.close()
        let other = try await folder.client().session("s", modelId: "custom")
        try await other.addDocs(twoDocs)
        let found = try await other.query("q", embedding: [1, 0])
        XCTAssertEqual(found.docs.first?.id, "a")
    }
}

/// Something that has happened, seen from several threads.
private final class Flag: @unchecked Sendable {
    private let lock = NSLock()
    private var up = false

    var isUp: Bool { lock.withLock { up } }
    func raise() { lock.withLock { up = true } }
}

/// An authenticator that answers when the test says so.
private final class Gate: Authenticator, @unchecked Sendable {
    private let lock = NSLock()
    private var token: String?
    private var waiting: [CheckedContinuation<String, Never>] = []
    private var wasAsked = false

    func getAuthHeader() async throws -> String {
        await withCheckedContinuation { answer in
            let token = lock.withLock { () -> String? in
                wasAsked = true
                if self.token == nil { waiting.append(answer) }
                return self.token
            }
            if let token { answer.resume(returning: token) }
        }
    }

    func asked() async {
        while !lock.withLock({ wasAsked }) { await Task.yield() }
    }

    func open(with token: String) {
        let waiting = lock.withLock { () -> [CheckedContinuation<String, Never>] in
            self.token = token
            defer { self.waiting = [] }
            return self.waiting
        }
        waiting.forEach { $0.resume(returning: token) }
    }
}
