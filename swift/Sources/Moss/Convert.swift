// Values of this package as those of the native library, and back.

import Foundation

extension NativeDocument {
    init(_ document: DocumentInfo) {
        self.init(
            id: document.id, text: document.text, metadata: document.metadata,
            embedding: document.embedding.map(bytes), payload: document.payload)
    }
}

extension DocumentInfo {
    init(_ document: NativeDocument) {
        self.init(
            id: document.id, text: document.text, metadata: document.metadata,
            embedding: document.embedding.map(floats), payload: document.payload)
    }
}

extension SearchResult {
    init(_ result: NativeSearchResult, query: String) {
        docs = result.docs.map {
            QueryResult(id: $0.id, score: $0.score, text: $0.text, metadata: $0.metadata, payload: $0.payload)
        }
        self.query = query
        timeMs = result.timeMs
    }
}

extension NativeGrouping {
    init(_ grouping: ParentGrouping) {
        self.init(parentField: grouping.parentField, orderField: grouping.orderField)
    }
}

extension NativeQueryOptions {
    init(_ options: QueryOptions) throws {
        guard options.topK >= 0 else {
            throw MossError.invalidArgument("topK must be non-negative, got \(options.topK)")
        }
        self.init(
            topK: Int64(options.topK), alpha: options.alpha,
            filter: try json(options.filter) ?? options.filterJson,
            groupBy: options.groupByParent.map(NativeGrouping.init))
    }
}

extension NativeGetOptions {
    init(_ options: GetDocsOptions) throws {
        self.init(
            ids: options.ids, filter: try json(options.filter), sortBy: options.sortBy,
            ascending: options.ascending, groupBy: options.groupByParent.map(NativeGrouping.init))
    }
}

extension NativeSessionOptions {
    init(_ options: SessionOptions) {
        let precision: NativePrecision? =
            switch options.vectorQuantization {
            case .default: nil
            case .fp32: .f32
            case .int8: .int8
            }
        self.init(modelId: options.modelId, precision: precision, autoLoad: options.autoLoadOnInit)
    }
}

extension NativeLoadOptions {
    init(_ options: LoadIndexOptions) {
        self.init(
            autoRefresh: options.autoRefresh, pollingIntervalSecs: options.pollingIntervalSeconds,
            cachePath: options.cachePath)
    }
}

extension MutationResult {
    init(_ result: NativeMutation) {
        self.init(jobId: result.jobId, indexName: result.indexName, docCount: Int(result.docCount))
    }
}

extension PushIndexResult {
    init(_ result: NativePush) {
        self.init(
            jobId: result.jobId, indexName: result.indexName, docCount: Int(result.docCount),
            status: shown(status: result.status), version: result.version, conflicts: result.conflicts)
    }
}

extension IndexInfo {
    init(_ info: NativeIndex) {
        self.init(
            id: info.id, name: info.name, status: info.status, docCount: Int(info.docCount),
            model: ModelRef(id: info.modelId, version: known(info.modelVersion)), version: known(info.version),
            createdAt: known(info.createdAt), updatedAt: known(info.updatedAt))
    }
}

/// What the library does not know, it leaves empty.
private func known(_ text: String) -> String? { text.isEmpty ? nil : text }

extension JobStatus {
    init(_ job: NativeJob) {
        self.init(
            jobId: job.jobId, status: shown(status: job.status), progress: job.progress,
            currentPhase: job.currentPhase, error: job.error, createdAt: job.createdAt, updatedAt: job.updatedAt,
            completedAt: job.completedAt)
    }
}

extension RefreshResult {
    init(_ result: NativeRefresh) {
        self.init(
            indexName: result.indexName, previousUpdatedAt: result.previousUpdatedAt,
            newUpdatedAt: result.newUpdatedAt, wasUpdated: result.wasUpdated)
    }
}

/// The word of a job's state that the Swift pages have callers wait for; the other words are the service's.
private func shown(status: String) -> String {
    status == "completed" ? "ready" : status
}

private func json(_ filter: Filter?) throws -> String? {
    guard let filter else { return nil }
    guard let json = filter.encoded() else {
        throw MossError.invalidArgument("could not encode metadata filter")
    }
    return json
}

/// A vector as little-endian f32, which is how every system of Swift holds it.
func bytes(_ vector: [Float]) -> Data {
    vector.withUnsafeBytes { Data($0) }
}

func floats(_ bytes: Data) -> [Float] {
    let count = bytes.count / MemoryLayout<Float>.stride
    return [Float](unsafeUninitializedCapacity: count) { buffer, filled in
        filled = bytes.copyBytes(to: buffer) / MemoryLayout<Float>.stride
    }
}
