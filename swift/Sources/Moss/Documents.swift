// What is stored, and what is found.

import Foundation

/// A document: what is added, replaced, found and deleted as a whole.
public struct DocumentInfo: Codable, Equatable, Hashable, Sendable {
    /// Your key, unique in an index.
    public var id: String
    /// What is embedded and searched by keyword.
    public var text: String
    /// What filters see.
    public var metadata: [String: String]?
    /// The vector. Needed with the model `custom`; with the others it is used in place of the model's.
    public var embedding: [Float]?
    /// An opaque string that comes back with the document; never embedded, searched or filtered.
    public var payload: String?

    /// A document with a payload in text, or without one.
    public init(
        id: String, text: String, metadata: [String: String]? = nil, embedding: [Float]? = nil, payload: String? = nil
    ) {
        self.id = id
        self.text = text
        self.metadata = metadata
        self.embedding = embedding
        self.payload = payload
    }

    /// A document whose payload is a value, in JSON; ``decodedPayload(_:)`` gives it back.
    public init(
        id: String, text: String, metadata: [String: String]? = nil, embedding: [Float]? = nil,
        structured: some Encodable
    ) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let payload = String(decoding: try encoder.encode(structured), as: UTF8.self)
        self.init(id: id, text: text, metadata: metadata, embedding: embedding, payload: payload)
    }

    /// The payload as the value that it holds in JSON; nil without a payload.
    ///
    /// - Throws: `DecodingError` if the payload is no such value.
    public func decodedPayload<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value? {
        try decoded(payload)
    }
}

/// A document that a query found.
public struct QueryResult: Equatable, Hashable, Sendable {
    /// The document's id.
    public let id: String
    /// How well it answers, 0 to 1.
    public let score: Float
    /// The document's text.
    public let text: String
    /// The document's metadata.
    public let metadata: [String: String]?
    /// The document's payload.
    public let payload: String?

    /// The payload as the value that it holds in JSON; nil without a payload.
    ///
    /// - Throws: `DecodingError` if the payload is no such value.
    public func decodedPayload<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value? {
        try decoded(payload)
    }
}

/// The answer to a query.
public struct SearchResult: Equatable, Hashable, Sendable {
    /// The documents, best first.
    public let docs: [QueryResult]
    /// The text as asked.
    public let query: String
    /// Whole milliseconds in the index, often 0.
    public let timeMs: UInt64
}

private func decoded<Value: Decodable>(_ payload: String?) throws -> Value? {
    try payload.map { try JSONDecoder().decode(Value.self, from: Data($0.utf8)) }
}
