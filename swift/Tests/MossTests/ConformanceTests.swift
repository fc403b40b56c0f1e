// The scenarios and vectors of crates/moss-conformance; its README explains the format.

import Foundation
import XCTest

@testable import Moss

private let folder = repository.appendingPathComponent("crates/moss-conformance")

final class ConformanceTests: XCTestCase {
    /// What Swift has of the optional parts.
    private static let has: Set<String> = ["auto_load", "cache_path", "local_query", "precision", "refresh_index"]

    func testScenarios() async throws {
        let files = try FileManager.default.contentsOfDirectory(
            at: folder.appendingPathComponent("scenarios"), includingPropertiesForKeys: nil)
        var ran = 0
        for file in files.sorted(by: { $0.path < $1.path }) where file.pathExtension == "json" {
            for scenario in try XCTUnwrap(JSON.file(file)["scenarios"]?.list) {
                guard Self.has.isSuperset(of: scenario["needs"]?.texts ?? []) else { continue }
                do {
                    try await Scenario().run(XCTUnwrap(scenario["steps"]?.list))
                } catch {
                    let name = scenario["name"]?.text ?? ""
                    XCTFail("\(file.deletingPathExtension().lastPathComponent): \(name): \(error)")
                }
                ran += 1
            }
        }
        XCTAssertGreaterThan(ran, 100)
    }

    func testFilterVectors() async throws {
        let cases = try XCTUnwrap(JSON.file(folder.appendingPathComponent("vectors/filters.json")).list)
        let store = try Folder()
        let client = try store.client()
        for vector in cases {
            let name = vector["name"]?.text ?? ""
            let session = try await client.session("s", modelId: "custom")
            try await session.addDocs([
                DocumentInfo(id: "d", text: "", metadata: vector["metadata"]?.textMap, embedding: [1, 0])
            ])
            let filter = Filter.raw(try XCTUnwrap(vector["filter"]).written)
            if vector["error"]?.flag == true {
                let error = await failure { try await session.getDocs(where: filter) }
                XCTAssertEqual(error.code, -2, name)
            } else {
                let found = try await session.getDocs(where: filter)
                XCTAssertEqual(found.count, vector["matches"]?.flag == true ? 1 : 0, name)
            }
        }
        XCTAssertGreaterThan(cases.count, 100)
    }
}

/// A step that did not go as its file says.
private struct Mismatch: Error, CustomStringConvertible {
    let description: String
}

/// One scenario: an empty folder, and the variables of its steps.
private final class Scenario {
    private let folder: Folder
    private var variables: [String: Variable]

    init() throws {
        folder = try Folder()
        variables = ["client": .client(try folder.client())]
    }

    func run(_ steps: [JSON]) async throws {
        for (number, step) in steps.enumerated() {
            let name = try XCTUnwrap(step["call"]?.text)
            let place = "step \(number + 1) (\(name))"
            let args = Arguments(try await resolve(step["args"] ?? .object([:])))
            let result: Variable
            do {
                result = try await call(name, args)
            } catch let error as MossError {
                guard let kind = step["error"]?.text, codes[kind] == error.code else {
                    throw Mismatch(description: "\(place): \(error)")
                }
                for part in step["contains"]?.texts ?? [] where !error.message.contains(part) {
                    throw Mismatch(description: "\(place): \(error) does not contain \(part)")
                }
                continue
            }
            if let kind = step["error"]?.text {
                throw Mismatch(description: "\(place) did not fail with \(kind)")
            }
            if let variable = step["as"]?.text {
                variables[variable] = result
            }
            try await check(step, result, place)
        }
    }

    private func check(_ step: JSON, _ result: Variable, _ place: String) async throws {
        guard case .value(let value) = result else { return }
        let docs = (value["docs"] ?? value).list ?? []
        if let ids = step["ids"] {
            try compare(ids, .list(docs.map { $0["id"] ?? .null }), "\(place) ids")
        }
        if let scores = step["scores"] {
            try compare(scores, .list(docs.map { $0["score"] ?? .null }), "\(place) scores")
        }
        if let count = step["count"] {
            try compare(count, .int(docs.count), "\(place) count")
        }
        if let expected = step["expect"] {
            try compare(try await resolve(expected), value, place)
        }
    }

    private func call(_ name: String, _ args: Arguments) async throws -> Variable {
        if name == "open_client" {
            return .client(try folder.client(args.text("project_id"), key: args.text("project_key")))
        }
        if name == "damage" {
            try damage(folder.url.appendingPathComponent(args.text("path")), suffix: args.text("suffix"))
            return .value(.null)
        }
        let parts = name.split(separator: ".").map(String.init)
        switch try XCTUnwrap(variables[parts[0]]) {
        case .client(let client): return try await client.call(parts[1], args, folder.url)
        case .session(let session): return .value(try await session.call(parts[1], args, folder.url))
        case .value: throw Mismatch(description: "\(name): a value has no calls")
        }
    }

    /// The value with references, repetitions and odd floats replaced by what they stand for.
    private func resolve(_ value: JSON) async throws -> JSON {
        switch value {
        case .list(let list):
            var resolved: [JSON] = []
            for item in list { resolved.append(try await resolve(item)) }
            return .list(resolved)
        case .object(let object):
            if let reference = object["$ref"]?.text {
                let parts = reference.split(separator: ".").map(String.init)
                switch try XCTUnwrap(variables[parts[0]]) {
                case .value(let value): return try XCTUnwrap(value[parts[1]])
                case .session(let session): return try await session.call(parts[1], Arguments(.null), folder.url)
                case .client: throw Mismatch(description: "\(reference): a client has no fields")
                }
            }
            if let parts = object["$repeat"]?.list, let count = parts[1].integer {
                if let text = parts[0].text { return .text(String(repeating: text, count: count)) }
                return .list(Array(repeating: try XCTUnwrap(parts[0].list), count: count).flatMap { $0 })
            }
            if let float = object["$float"]?.text {
                return .number(try XCTUnwrap(Double(float)))
            }
            var resolved: [String: JSON] = [:]
            for (key, item) in object { resolved[key] = try await resolve(item) }
            return .object(resolved)
        default:
            return value
        }
    }
}

private func damage(_ folder: URL, suffix: String) throws {
    let paths = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: [.isRegularFileKey])
    var damaged = 0
    while let file = paths?.nextObject() as? URL {
        let isFile = try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true
        guard isFile, file.lastPathComponent.hasSuffix(suffix) || suffix.isEmpty else { continue }
        var content = try Data(contentsOf: file)
        content[content.count - 1] ^= 1
        try content.write(to: file)
        damaged += 1
    }
    guard damaged > 0 else { throw Mismatch(description: "nothing to damage in \(folder.path)") }
}

private func compare(_ expected: JSON, _ got: JSON, _ place: String) throws {
    let differs = Mismatch(description: "\(place): expected \(expected), got \(got)")
    if let unwanted = expected["$not"] {
        do {
            try compare(unwanted, got, place)
        } catch {
            return
        }
        throw differs
    }
    switch (expected, got) {
    case (.object(let fields), .object(let others)):
        for (key, value) in fields {
            let other = others[key] ?? .null
            if key == "metadata", value != other { throw differs }
            try compare(value, other, "\(place).\(key)")
        }
    case (.list(let items), .list(let others)):
        guard items.count == others.count else { throw differs }
        for (at, (item, other)) in zip(items, others).enumerated() {
            try compare(item, other, "\(place)[\(at)]")
        }
    case (.int, _), (.number, _):
        guard let number = expected.double, let other = got.double, abs(number - other) <= 1e-4 else { throw differs }
    default:
        guard expected == got else { throw differs }
    }
}

/// The code of each kind of error.
private let codes: [String: Int32] = [
    "Closed": -1, "InvalidArgument": -2, "InvalidType": -2, "InvalidFilter": -2, "InvalidFilterType": -2,
    "UnknownModel": -2, "MixedEmbeddings": -2, "EmbeddingMissing": -2, "EmbeddingRequired": -2,
    "DimensionMismatch": -2, "Unauthorized": -3, "Network": -4, "IndexNotFound": -5, "JobNotFound": -5,
    "UploadMissing": -5, "ModelUnavailable": -6, "Internal": -7, "ModelMismatch": -8, "IndexExists": -9,
    "Conflict": -9, "IndexNotLoaded": -10, "JobFailed": -11, "JobTimeout": -11, "Cloud": -12, "TooLarge": -12,
    "RateLimited": -12, "CacheCorrupt": -13, "Io": -14,
]
