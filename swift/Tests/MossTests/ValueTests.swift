// Documents, payloads, filters and options as values.

import Foundation
import XCTest

@testable import Moss

final class ValueTests: XCTestCase {
    private struct Order: Codable, Equatable {
        var number: Int
        var items: [String]
    }

    func testAPayloadIsAValueAgain() async throws {
        let order = Order(number: 7, items: ["tea", "\"quoted\"", "🍵"])
        let doc = try DocumentInfo(id: "a", text: "order", embedding: [1, 0], structured: order)
        XCTAssertEqual(try doc.decodedPayload(Order.self), order)
        let folder = try Folder()
        let session = try await folder.client().session("s", modelId: "custom")
        try await session.addDocs([doc, DocumentInfo(id: "b", text: "", embedding: [0, 1], payload: "no JSON")])
        let found = try await session.query("order", embedding: [1, 0])
        XCTAssertEqual(try found.docs[0].decodedPayload(Order.self), order)
        XCTAssertThrowsError(try found.docs[1].decodedPayload(Order.self)) { XCTAssertTrue($0 is DecodingError) }
        XCTAssertNil(try DocumentInfo(id: "c", text: "").decodedPayload(Order.self))
    }

    func testADocumentIsTheSameAfterJSON() throws {
        for doc in twoDocs + [DocumentInfo(id: "", text: "bare")] {
            let json = try JSONEncoder().encode(doc)
            XCTAssertEqual(try JSONDecoder().decode(DocumentInfo.self, from: json), doc)
        }
        XCTAssertEqual(
            try JSONDecoder().decode(DocumentInfo.self, from: Data(#"{"id": "a", "text": "b"}"#.utf8)),
            DocumentInfo(id: "a", text: "b"))
    }

    func testTextCrossesUnchanged() async throws {
        let folder = try Folder()
        let session = try await folder.client().session("s", modelId: "custom")
        let odd = "\u{FEFF}null \u{0} emoji 👩‍👩‍👧 e\u{301} \r\n end"
        let doc = DocumentInfo(id: odd, text: odd, metadata: [odd: odd], embedding: [0.1, -0.0], payload: odd)
        try await session.addDocs([doc])
        let back = try await session.getDocs(ids: [odd])
        XCTAssertEqual(back.map { Array($0.id.utf8) }, [Array(odd.utf8)])
        XCTAssertEqual(back, [doc])
        XCTAssertEqual(back[0].embedding?.map(\.bitPattern), doc.embedding?.map(\.bitPattern))
    }

    func testFiltersAreWrittenAsTheOtherLanguagesWriteThem() {
        let cases: [(Filter, String)] = [
            (.equals("city", "NYC"), #"{"field":"city","condition":{"$eq":"NYC"}}"#),
            (.notEquals("a\"b\\", "\n"), #"{"field":"a\"b\\","condition":{"$ne":"\u000a"}}"#),
            (.greaterThan("n", 10), #"{"field":"n","condition":{"$gt":10}}"#),
            (.greaterThanOrEqual("n", 0.5), #"{"field":"n","condition":{"$gte":0.5}}"#),
            (.lessThan("n", -3), #"{"field":"n","condition":{"$lt":-3}}"#),
            (.lessThanOrEqual("n", .double(2)), #"{"field":"n","condition":{"$lte":2.0}}"#),
            (.equals("on", true), #"{"field":"on","condition":{"$eq":true}}"#),
            (.isIn("c", ["a", 1]), #"{"field":"c","condition":{"$in":["a",1]}}"#),
            (.notIn("c", []), #"{"field":"c","condition":{"$nin":[]}}"#),
            (
                .near(field: "at", lat: 40.758, lng: -73.9855, withinMeters: 1000),
                #"{"field":"at","condition":{"$near":"40.758,-73.9855,1000.0"}}"#
            ),
            (.and([]), #"{"$and":[]}"#),
            (
                .or([.raw(#"{"$and": []}"#), .equals("a", "b")]),
                #"{"$or":[{"$and": []},{"field":"a","condition":{"$eq":"b"}}]}"#
            ),
        ]
        for (filter, json) in cases {
            XCTAssertEqual(filter.encoded(), json)
        }
        for filter in [
            Filter.raw("not JSON"), .and([.equals("a", "b"), .or([.raw("{")])]), .equals("n", .double(.nan)),
            .near(field: "at", lat: .infinity, lng: 0, withinMeters: 1),
        ] {
            XCTAssertNil(filter.encoded())
        }
    }

    func testFiltersFind() async throws {
        let folder = try Folder()
        let session = try await folder.client().session("s", modelId: "custom")
        try await session.addDocs([
            DocumentInfo(id: "nyc", text: "", metadata: ["city": "NYC", "n": "8", "at": "40.7580,-73.9855"], embedding: [1, 0]),
            DocumentInfo(id: "tokyo", text: "", metadata: ["city": "Tokyo", "n": "12", "on": "true"], embedding: [0, 1]),
        ])
        let cases: [(Filter, [String])] = [
            (.equals("city", "NYC"), ["nyc"]), (.notEquals("city", "NYC"), ["tokyo"]),
            (.greaterThan("n", 8), ["tokyo"]), (.greaterThanOrEqual("n", 8.0), ["nyc", "tokyo"]),
            (.lessThan("n", 10), ["nyc"]), (.lessThanOrEqual("n", "12"), ["nyc", "tokyo"]),
            (.isIn("n", [12, 13]), ["tokyo"]), (.notIn("city", ["NYC"]), ["tokyo"]), (.equals("on", true), ["tokyo"]),
            (.near(field: "at", lat: 40.6892, lng: -74.0445, withinMeters: 10_000), ["nyc"]),
            (.and([.equals("city", "NYC"), .lessThan("n", 5)]), []),
            (.or([.equals("city", "NYC"), .raw(#"{"field": "n", "condition": {"$eq": 12}}"#)]), ["nyc", "tokyo"]),
        ]
        for (filter, ids) in cases {
            let docs = try await session.getDocs(where: filter)
            XCTAssertEqual(docs.map(\.id), ids, "\(filter)")
            // A filter wins over one in JSON.
            let options = QueryOptions(filter: filter, filterJson: #"{"$or": []}"#)
            let found = try await session.query("", embedding: [1, 1], options: options)
            XCTAssertEqual(Set(found.docs.map(\.id)), Set(ids), "\(filter)")
        }
        let sorted = try await session.getDocs(where: .and([]), sortBy: "n", ascending: false)
        XCTAssertEqual(sorted.map(\.id), ["tokyo", "nyc"])
    }

    func testBadOptionsAreRefusedBeforeTheCall() async throws {
        let folder = try Folder()
        let client = try folder.client()
        let session = try await client.session("s", modelId: "custom")
        let negative = await failure { try await session.query("q", options: QueryOptions(topK: -1)) }
        XCTAssertEqual(negative.code, -2)
        XCTAssertTrue(negative.message.contains("topK must be non-negative"), negative.message)
        let loaded = await failure { try await client.query("none", "q", options: QueryOptions(topK: -1)) }
        XCTAssertEqual(loaded.code, -2)
        let raw = QueryOptions(filter: .raw("not JSON"))
        let filter = await failure { try await session.query("q", embedding: [1, 0], options: raw) }
        XCTAssertEqual(filter.code, -2)
        XCTAssertTrue(filter.message.contains("could not encode metadata filter"), filter.message)
        let json = QueryOptions(filterJson: "not JSON")
        let refused = await failure { try await session.query("q", embedding: [1, 0], options: json) }
        XCTAssertEqual(refused.code, -2)
    }

    func testDefaultsAreThoseOfTheContract() {
        XCTAssertEqual(QueryOptions().topK, 5)
        XCTAssertEqual(QueryOptions().alpha, 0.8)
        XCTAssertTrue(SessionOptions().autoLoadOnInit)
        XCTAssertEqual(SessionOptions().vectorQuantization, .default)
        XCTAssertEqual(LoadIndexOptions(), LoadIndexOptions(autoRefresh: false, pollingIntervalSeconds: 600, cachePath: nil))
        XCTAssertTrue(GetDocsOptions().ascending)
        XCTAssertEqual([VectorQuantization.default, .fp32, .int8].map(\.rawValue), [0, 1, 2])
        XCTAssertEqual([MemoryPressureLevel.low, .critical].map(\.rawValue), [0, 1])
    }
}
