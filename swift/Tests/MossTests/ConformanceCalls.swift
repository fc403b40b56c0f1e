// The calls of the scenarios as calls of Swift, and their results as JSON.

import Foundation
import XCTest

@testable import Moss

/// What a step's `as` keeps.
enum Variable {
    case client(MossClient)
    case session(MossSession)
    case value(JSON)
}

/// The arguments of a step, options among them.
struct Arguments {
    private let json: JSON

    init(_ json: JSON) {
        self.json = json
    }

    subscript(name: String) -> JSON? {
        guard let value = json[name], !value.isNull else { return nil }
        return value
    }

    func text(_ name: String) throws -> String {
        try XCTUnwrap(self[name]?.text, "argument \(name)")
    }

    func docs() throws -> [DocumentInfo] {
        try XCTUnwrap(self["docs"]?.list).map { doc in
            DocumentInfo(
                id: try XCTUnwrap(doc["id"]?.text), text: try XCTUnwrap(doc["text"]?.text),
                metadata: doc["metadata"]?.textMap, embedding: doc["embedding"]?.floats, payload: doc["payload"]?.text)
        }
    }

    func grouping() throws -> ParentGrouping? {
        try self["group_by"].map {
            ParentGrouping(
                parentField: try XCTUnwrap($0["parent_field"]?.text),
                orderField: try XCTUnwrap($0["order_field"]?.text))
        }
    }

    func query() throws -> QueryOptions {
        var options = QueryOptions()
        if let topK = self["top_k"]?.integer { options.topK = topK }
        if let alpha = self["alpha"]?.double { options.alpha = Float(alpha) }
        options.filterJson = try self["filter"]?.written
        options.groupByParent = try grouping()
        return options
    }

    func get() throws -> GetDocsOptions {
        GetDocsOptions(
            ids: self["doc_ids"]?.texts, filter: try self["filter"].map { .raw(try $0.written) },
            sortBy: self["sort_by"]?.text, ascending: self["ascending"]?.flag ?? true, groupByParent: try grouping())
    }

    func session() throws -> SessionOptions {
        let precisions: [String: VectorQuantization] = ["fp32": .fp32, "int8": .int8]
        return SessionOptions(
            modelId: self["model_id"]?.text,
            vectorQuantization: try self["precision"].map { try XCTUnwrap(precisions[XCTUnwrap($0.text)]) } ?? .default,
            autoLoadOnInit: self["auto_load"]?.flag ?? true)
    }
}

extension MossClient {
    func call(_ name: String, _ args: Arguments, _ folder: URL) async throws -> Variable {
        switch name {
        case "session":
            return .session(try await session(args.text("index_name"), options: args.session()))
        case "create_index":
            return try await .value(
                createIndex(args.text("name"), docs: args.docs(), modelId: args["model_id"]?.text).json)
        case "add_docs":
            return try await .value(
                addDocs(args.text("name"), docs: args.docs(), upsert: args["upsert"]?.flag ?? true).json)
        case "delete_docs":
            return try await .value(deleteDocs(args.text("name"), docIds: args["doc_ids"]?.texts ?? []).json)
        case "get_docs":
            return try await .value(.list(getDocs(args.text("name"), docIds: args["doc_ids"]?.texts).map(\.json)))
        case "get_index":
            return try await .value(getIndex(args.text("name")).json)
        case "list_indexes":
            return try await .value(.list(listIndexes().map(\.json)))
        case "delete_index":
            return try await .value(.bool(deleteIndex(args.text("name"))))
        case "get_job_status":
            return try await .value(getJobStatus(args.text("job_id")).json)
        case "load_index":
            let kept = args["cache_path"]?.text.map { folder.appendingPathComponent($0).path }
            try await loadIndex(args.text("name"), options: LoadIndexOptions(cachePath: kept))
        case "unload_index":
            try await unloadIndex(args.text("name"))
        case "refresh_index":
            let result = try await refreshIndex(args.text("name"))
            return .value(.object(["index_name": .text(result.indexName), "was_updated": .bool(result.wasUpdated)]))
        case "query":
            let result = try await query(
                args.text("name"), args.text("query"), embedding: args["embedding"]?.floats, options: args.query())
            return .value(result.json(try args.text("name")))
        default:
            XCTFail("no such call of a client: \(name)")
        }
        return .value(.null)
    }
}

extension MossSession {
    func call(_ call: String, _ args: Arguments, _ folder: URL) async throws -> JSON {
        func path() throws -> String { folder.appendingPathComponent(try args.text("path")).path }
        switch call {
        case "name": return .text(name)
        case "model_id": return .text(modelId)
        case "doc_count": return .int(docCount)
        case "add_docs":
            let done = try await addDocs(args.docs(), upsert: args["upsert"]?.flag ?? true)
            return .list([.int(done.added), .int(done.updated)])
        case "delete_docs":
            return .int(try await deleteDocs(args["doc_ids"]?.texts ?? []))
        case "get_docs":
            return .list(try await getDocs(options: args.get()).map(\.json))
        case "query":
            return try await query(args.text("query"), embedding: args["embedding"]?.floats, options: args.query())
                .json(name)
        case "push_index":
            let onConflict = try args["on_conflict"].map { try XCTUnwrap(OnConflict(rawValue: XCTUnwrap($0.text))) }
            return try await pushIndex(onConflict: onConflict).json
        case "load_index":
            return .int(try await loadIndex(args.text("index_name")))
        case "save_to_disk":
            try await save(toCachePath: path())
        case "load_from_disk":
            return .int(try await loadFromDisk(cachePath: path()))
        default:
            XCTFail("no such call of a session: \(call)")
        }
        return .null
    }
}

extension DocumentInfo {
    var json: JSON {
        .object([
            "id": .text(id), "text": .text(text), "metadata": map(metadata),
            "embedding": embedding.map { .list($0.map { .number(Double($0)) }) } ?? .null, "payload": payload.json,
        ])
    }
}

extension SearchResult {
    /// The scenarios' result also repeats which index was asked; in Swift the caller knows it.
    func json(_ indexName: String) -> JSON {
        let docs = docs.map { doc in
            JSON.object([
                "id": .text(doc.id), "text": .text(doc.text), "metadata": map(doc.metadata),
                "score": .number(Double(doc.score)), "payload": doc.payload.json,
            ])
        }
        return .object(["docs": .list(docs), "query": .text(query), "index_name": .text(indexName)])
    }
}

extension MutationResult {
    var json: JSON {
        .object(["job_id": .text(jobId), "index_name": .text(indexName), "doc_count": .int(docCount)])
    }
}

extension PushIndexResult {
    var json: JSON {
        .object([
            "job_id": .text(jobId), "index_name": .text(indexName), "doc_count": .int(docCount),
            "status": .text(service(status)), "version": .text(version), "conflicts": .list(conflicts.map(JSON.text)),
        ])
    }
}

extension IndexInfo {
    var json: JSON {
        .object([
            "id": .text(id), "name": .text(name), "version": version.json, "status": .text(status),
            "doc_count": .int(docCount), "created_at": createdAt.json, "updated_at": updatedAt.json,
            "model": .object(["id": .text(model.id), "version": model.version.json]),
        ])
    }
}

extension JobStatus {
    var json: JSON {
        .object([
            "job_id": .text(jobId), "status": .text(service(status)), "progress": .number(progress),
            "current_phase": currentPhase.json, "error": error.json,
        ])
    }
}

/// The scenarios say the service's word for what Swift calls ready.
private func service(_ status: String) -> String {
    status == "ready" ? "completed" : status
}

private func map(_ metadata: [String: String]?) -> JSON {
    metadata.map { .object($0.mapValues(JSON.text)) } ?? .null
}
