// The client: credentials, a cloud, sessions and loaded indexes.

import Foundation

/// A project's door to the cloud, its sessions and its loaded indexes.
///
/// Calls run off the caller's thread. A call in a cancelled task throws `CancellationError` if it has not begun; once begun it
/// ends whole, so that nothing is half applied.
///
/// ```swift
/// let client = try MossClient(projectId: "my-project", projectKey: "my-key")
/// let session = try await client.session("conv-123")
/// try await session.addDocs([DocumentInfo(id: "turn-1", text: "I want my money back")])
/// let found = try await session.query("refund")
/// ```
public final class MossClient: @unchecked Sendable {
    private let native: NativeClient

    /// A client with a project key, which is checked on first use.
    ///
    /// - Parameter baseUrl: where the cloud is: the manage URL of a service, or a directory or store URL that is opened in
    ///   process. Without it the environment says so, else it is a store in the user's home.
    public init(projectId: String, projectKey: String, baseUrl: String? = nil) throws {
        ModelCache.shared.setUp()
        native = try callNow {
            try NativeClient.withKey(projectId: projectId, projectKey: projectKey, baseUrl: baseUrl)
        }
    }

    /// A client that asks for a token at every request in place of holding a key.
    public init(projectId: String, authenticator: any Authenticator, baseUrl: String? = nil) throws {
        ModelCache.shared.setUp()
        native = try callNow {
            try NativeClient.withAuthenticator(
                projectId: projectId, authenticator: AuthenticatorBridge(authenticator), baseUrl: baseUrl)
        }
    }

    deinit {
        close()
    }

    /// The version of the native library, as `0.1.0`.
    public static var sdkVersion: String { nativeVersion() }

    /// Where downloaded models are kept from now on; models that are open stay open. The folder is made if need be.
    ///
    /// Without this call it is `moss-models` in the application's folder for caches; on Linux the user's cache.
    public static func setModelCacheDir(_ path: String) throws {
        try ModelCache.shared.use(path)
    }

    /// Waits for calls in flight and unloads the indexes. Later calls throw ``MossError`` -1; closing again does nothing.
    /// Sessions stay open.
    public func close() {
        native.close()
    }

    /// Makes an index of these documents. Without a model it is `custom` if they have vectors, else the default.
    @discardableResult
    public func createIndex(_ name: String, docs: [DocumentInfo], modelId: String? = nil) async throws -> MutationResult {
        let docs = docs.map(NativeDocument.init)
        return MutationResult(
            try await call { try await native.createIndex(name: name, docs: docs, modelId: modelId) })
    }

    /// Adds documents to a cloud index.
    ///
    /// - Parameter upsert: whether a document whose id exists replaces the stored one; otherwise it is passed over.
    @discardableResult
    public func addDocs(_ name: String, docs: [DocumentInfo], upsert: Bool = true) async throws -> MutationResult {
        let docs = docs.map(NativeDocument.init)
        return MutationResult(try await call { try await native.addDocs(name: name, docs: docs, upsert: upsert) })
    }

    /// Deletes documents from a cloud index; unknown ids are ignored.
    @discardableResult
    public func deleteDocs(_ name: String, docIds: [String]) async throws -> MutationResult {
        MutationResult(try await call { try await native.deleteDocs(name: name, ids: docIds) })
    }

    /// Documents of a cloud index, without vectors: these in this order, or all by id.
    public func getDocs(_ name: String, docIds: [String]? = nil) async throws -> [DocumentInfo] {
        try await call { try await native.getDocs(name: name, ids: docIds) }.map(DocumentInfo.init)
    }

    /// What is known of a cloud index.
    public func getIndex(_ name: String) async throws -> IndexInfo {
        IndexInfo(try await call { try await native.getIndex(name: name) })
    }

    /// All cloud indexes of the project, by name.
    public func listIndexes() async throws -> [IndexInfo] {
        try await call { try await native.listIndexes() }.map(IndexInfo.init)
    }

    /// Deletes a cloud index.
    ///
    /// - Returns: true; a missing index throws ``MossError`` -5.
    @discardableResult
    public func deleteIndex(_ name: String) async throws -> Bool {
        try await call { try await native.deleteIndex(name: name) }
    }

    /// The state of a job.
    public func getJobStatus(_ jobId: String) async throws -> JobStatus {
        JobStatus(try await call { try await native.jobStatus(jobId: jobId) })
    }

    /// Loads the newest version of a cloud index, and its model, so that ``query(_:_:options:)`` can ask it. Loading again
    /// replaces what was loaded, and the options.
    public func loadIndex(_ name: String, options: LoadIndexOptions = .init()) async throws {
        try await call { try await native.loadIndex(name: name, options: NativeLoadOptions(options)) }
    }

    /// Frees a loaded index.
    public func unloadIndex(_ name: String) async throws {
        try await call { try native.unloadIndex(name: name) }
    }

    /// Loads the newer version of a loaded index, if there is one.
    @discardableResult
    public func refreshIndex(_ name: String) async throws -> RefreshResult {
        RefreshResult(try await call { try await native.refreshIndex(name: name) })
    }

    /// The documents of a loaded index that answer best. `groupByParent` is for sessions and ignored here.
    public func query(_ indexName: String, _ query: String, options: QueryOptions = .init()) async throws -> SearchResult {
        try await self.query(indexName, query, embedding: nil, options: options)
    }

    /// The same with a vector of your own, which the model `custom` needs; with nil the text is embedded.
    public func query(
        _ indexName: String, _ query: String, embedding: [Float]?, options: QueryOptions = .init()
    ) async throws -> SearchResult {
        try await call {
            let options = try NativeQueryOptions(options)
            let result = try native.query(
                name: indexName, text: query, embedding: bytes(embedding ?? []), options: options)
            return SearchResult(result, query: query)
        }
    }

    /// Gives memory back by unloading indexes; sessions are not touched.
    ///
    /// - Returns: how many were unloaded.
    @discardableResult
    public func onMemoryPressure(_ level: MemoryPressureLevel = .critical) async throws -> Int {
        Int(try await call { try native.releaseMemory(critical: level == .critical) })
    }

    /// Opens the session of that name: what was pushed under it comes back with its vectors, else it is empty.
    public func session(_ name: String, options: SessionOptions = .init()) async throws -> MossSession {
        let options = NativeSessionOptions(options)
        return MossSession(try await call { try await native.session(name: name, options: options) })
    }

    /// The same, with a model that the stored index must have.
    public func session(_ name: String, modelId: String?) async throws -> MossSession {
        try await session(name, options: SessionOptions(modelId: modelId))
    }
}
