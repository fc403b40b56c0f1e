// A session: an index in memory with a name in the cloud.

import Foundation

/// A read-write index in memory, opened by ``MossClient/session(_:options:)`` and stored under its name by
/// ``pushIndex(onConflict:)``.
///
/// Only push and load use the network. Calls run off the caller's thread, reads in parallel. A call in a cancelled task throws
/// `CancellationError` if it has not begun; once begun it ends whole.
public final class MossSession: @unchecked Sendable {
    private let native: NativeSession

    init(_ native: NativeSession) {
        self.native = native
    }

    deinit {
        close()
    }

    /// The session's name; empty once closed.
    public var name: String { (try? native.name()) ?? "" }

    /// How many documents the session holds; 0 once closed.
    public var docCount: Int { (try? native.docCount()).map(Int.init) ?? 0 }

    /// The id of the model in force; empty once closed.
    public var modelId: String { (try? native.modelId()) ?? "" }

    /// Waits for calls in flight and frees the memory. Later calls throw ``MossError`` -1; closing again does nothing. What was
    /// not pushed or saved is lost.
    public func close() {
        native.close()
    }

    /// Adds documents, visible to the next query: all of them, or none if one is refused.
    ///
    /// - Parameter upsert: whether a document whose id exists replaces the stored one; otherwise it is passed over.
    /// - Returns: how many were new, and how many replaced one.
    @discardableResult
    public func addDocs(_ docs: [DocumentInfo], upsert: Bool = true) async throws -> (added: Int, updated: Int) {
        let done = try await call { try await native.addDocs(docs: docs.map(NativeDocument.init), upsert: upsert) }
        return (Int(done.added), Int(done.updated))
    }

    /// Removes documents.
    ///
    /// - Returns: how many there were; unknown ids are ignored.
    @discardableResult
    public func deleteDocs(_ docIds: [String]) async throws -> Int {
        Int(try await call { try native.deleteDocs(ids: docIds) })
    }

    /// These documents in this order, without those that do not exist; all of them, by id, for nil.
    public func getDocs(_ docIds: [String]? = nil) async throws -> [DocumentInfo] {
        try await getDocs(options: GetDocsOptions(ids: docIds))
    }

    /// These documents in this order, without those that do not exist.
    public func getDocs(ids: [String]) async throws -> [DocumentInfo] {
        try await getDocs(options: GetDocsOptions(ids: ids))
    }

    /// Every document that matches, ordered by a metadata field, or else by id.
    public func getDocs(where filter: Filter, sortBy: String? = nil, ascending: Bool = true) async throws
        -> [DocumentInfo]
    {
        try await getDocs(options: GetDocsOptions(filter: filter, sortBy: sortBy, ascending: ascending))
    }

    /// Documents by ids, by filter, or all. They carry their vectors if the model is `custom`.
    public func getDocs(options: GetDocsOptions) async throws -> [DocumentInfo] {
        try await call { try native.getDocs(options: NativeGetOptions(options)).map(DocumentInfo.init) }
    }

    /// The vector that a query of this text searches by.
    public func embed(_ text: String) async throws -> [Float] {
        floats(try await call { try native.embed(text: text) })
    }

    /// The documents that answer best.
    public func query(_ q: String, options: QueryOptions = .init()) async throws -> SearchResult {
        try await query(q, embedding: nil, options: options)
    }

    /// The same with a vector of your own, which the model `custom` needs; with nil the text is embedded.
    public func query(_ q: String, embedding: [Float]?, options: QueryOptions = .init()) async throws -> SearchResult {
        try await call {
            let options = try NativeQueryOptions(options)
            return SearchResult(try native.query(text: q, embedding: bytes(embedding ?? []), options: options), query: q)
        }
    }

    /// Replaces the content by that of a cloud index; the session keeps its own name.
    ///
    /// - Returns: how many documents came; 0, and nothing changed, if the cloud has no such index.
    @discardableResult
    public func loadIndex(_ indexName: String, options: LoadIndexOptions = .init()) async throws -> Int {
        Int(try await call { try await native.loadIndex(indexName: indexName, options: NativeLoadOptions(options)) })
    }

    /// Writes the session into a folder of this one that is named after it, in place of what was saved there.
    public func save(toCachePath path: String) async throws {
        try await call { try await native.saveToDisk(path: path) }
    }

    /// Replaces the content by what a session of the same name saved there.
    ///
    /// - Returns: how many documents came; 0, and nothing changed, if nothing was saved.
    @discardableResult
    public func loadFromDisk(cachePath path: String) async throws -> Int {
        Int(try await call { try await native.loadFromDisk(path: path) })
    }

    /// Stores the session under its name, with its vectors. Whoever opens the name afterwards, anywhere, sees it.
    ///
    /// - Parameter onConflict: what happens if somebody else pushed since; nil merges; the first push of a session that was
    ///   opened without loading replaces.
    @discardableResult
    public func pushIndex(onConflict: OnConflict? = nil) async throws -> PushIndexResult {
        PushIndexResult(try await call { try await native.pushIndex(onConflict: onConflict?.rawValue) })
    }
}
