// A session with the real model, from opening to the next process.

import Foundation
import XCTest

@testable import Moss

final class SessionTests: XCTestCase {
    func testAConversationGoesOnWhereItWasPushed() async throws {
        let folder = try Folder()
        let agent = try await folder.client().session("conv-123")
        XCTAssertEqual(agent.name, "conv-123")
        XCTAssertEqual(agent.modelId, "moss-minilm")
        let done = try await agent.addDocs([
            DocumentInfo(id: "turn-1", text: "I want my money back", metadata: ["speaker": "customer"]),
            DocumentInfo(id: "turn-2", text: "The parcel arrived broken"),
        ])
        XCTAssertEqual(done.added, 2)
        XCTAssertEqual(done.updated, 0)
        let found = try await agent.query("refund", options: QueryOptions(topK: 1))
        XCTAssertEqual(found.docs.map(\.id), ["turn-1"])
        XCTAssertEqual(found.query, "refund")
        try await agent.pushIndex()

        let next = try await folder.client().session("conv-123")
        XCTAssertEqual(next.docCount, 2)
        let same = try await next.query("refund", options: QueryOptions(topK: 1))
        XCTAssertEqual(same.docs, found.docs)
        let again = try await next.addDocs([DocumentInfo(id: "turn-1", text: "Never mind")], upsert: false)
        XCTAssertEqual(again.added + again.updated, 0)
        let removed = try await next.deleteDocs(["turn-1", "none"])
        XCTAssertEqual(removed, 1)
    }

    func testEmbedIsWhatAQuerySearchesBy() async throws {
        let folder = try Folder()
        let session = try await folder.client().session("s")
        try await session.addDocs([DocumentInfo(id: "a", text: "tea"), DocumentInfo(id: "b", text: "a long train ride")])
        let vector = try await session.embed("green tea")
        XCTAssertEqual(vector.count, 384)
        XCTAssertEqual(vector.map { $0 * $0 }.reduce(0, +), 1, accuracy: 1e-4)
        let options = QueryOptions(alpha: 1)
        let byText = try await session.query("green tea", options: options)
        let byVector = try await session.query("green tea", embedding: vector, options: options)
        XCTAssertEqual(byText.docs, byVector.docs)
    }

    func testGetDocsInItsForms() async throws {
        let folder = try Folder()
        let session = try await folder.client().session("s", modelId: "custom")
        try await session.addDocs(twoDocs)
        let all = try await session.getDocs()
        XCTAssertEqual(all, twoDocs)
        let none = try await session.getDocs([])
        XCTAssertEqual(none, [])
        let some = try await session.getDocs(ids: ["b", "none", "a"])
        XCTAssertEqual(some.map(\.id), ["b", "a"])
        let both = try await session.getDocs(
            options: GetDocsOptions(ids: ["b", "a"], filter: .equals("n", 1)))
        XCTAssertEqual(both.map(\.id), ["a"])
    }

    func testTwoWritersMergeOrNotAsAsked() async throws {
        let folder = try Folder()
        let client = try folder.client()
        let one = try await client.session("s", modelId: "custom")
        let two = try await client.session("s", modelId: "custom")
        try await one.addDocs([twoDocs[0]])
        try await one.pushIndex()
        try await two.addDocs([DocumentInfo(id: "a", text: "another", embedding: [1, 1]), twoDocs[1]])
        let refused = await failure { try await two.pushIndex(onConflict: .fail) }
        XCTAssertEqual(refused.code, -9)
        let merged = try await two.pushIndex()
        XCTAssertEqual(merged.docCount, 2)
        XCTAssertEqual(merged.conflicts, ["a"])
        try await one.deleteDocs(["a"])
        let replaced = try await one.pushIndex(onConflict: .replace)
        XCTAssertEqual(replaced.docCount, 0)
    }

    func testASessionOpenedWithoutLoadingIsEmptyAndReplaces() async throws {
        let folder = try Folder()
        let client = try folder.client()
        try await client.createIndex("s", docs: twoDocs)
        let session = try await client.session("s", options: SessionOptions(modelId: "custom", autoLoadOnInit: false))
        XCTAssertEqual(session.docCount, 0)
        try await session.addDocs([DocumentInfo(id: "c", text: "", embedding: [1, 1])])
        try await session.pushIndex()
        let stored = try await client.getDocs("s")
        XCTAssertEqual(stored.map(\.id), ["c"])
    }

    func testVectorsAreHeldAsAsked() async throws {
        let folder = try Folder()
        let client = try folder.client()
        let vector: [Float] = [1, 0.3333]
        for (quantization, isExact) in [(VectorQuantization.default, true), (.fp32, true), (.int8, false)] {
            let options = SessionOptions(modelId: "custom", vectorQuantization: quantization)
            let session = try await client.session("s", options: options)
            try await session.addDocs([DocumentInfo(id: "a", text: "", embedding: vector)])
            let held = try await session.getDocs()[0].embedding ?? []
            XCTAssertEqual(held == vector, isExact, "\(quantization)")
            XCTAssertEqual(held[1], vector[1], accuracy: 0.01)
        }
    }
}
