// A JSON value that tells true from 1, which NSNumber does not.

import Foundation

enum JSON: Codable, Equatable {
    case null
    case bool(Bool)
    case int(Int)
    case number(Double)
    case text(String)
    case list([JSON])
    case object([String: JSON])

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let flag = try? value.decode(Bool.self) {
            self = .bool(flag)
        } else if let number = try? value.decode(Int.self) {
            self = .int(number)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let list = try? value.decode([JSON].self) {
            self = .list(list)
        } else {
            self = .object(try value.decode([String: JSON].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .null: try value.encodeNil()
        case .bool(let flag): try value.encode(flag)
        case .int(let number): try value.encode(number)
        case .number(let number): try value.encode(number)
        case .text(let text): try value.encode(text)
        case .list(let list): try value.encode(list)
        case .object(let object): try value.encode(object)
        }
    }

    static func file(_ url: URL) throws -> JSON {
        try JSONDecoder().decode(JSON.self, from: Data(contentsOf: url))
    }

    var written: String {
        get throws { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) }
    }

    subscript(key: String) -> JSON? {
        guard case .object(let object) = self else { return nil }
        return object[key]
    }

    var isNull: Bool { self == .null }

    var text: String? {
        guard case .text(let text) = self else { return nil }
        return text
    }

    var flag: Bool? {
        guard case .bool(let flag) = self else { return nil }
        return flag
    }

    var integer: Int? {
        guard case .int(let number) = self else { return nil }
        return number
    }

    var double: Double? {
        switch self {
        case .int(let number): return Double(number)
        case .number(let number): return number
        default: return nil
        }
    }

    var list: [JSON]? {
        guard case .list(let list) = self else { return nil }
        return list
    }

    var texts: [String]? { list?.compactMap(\.text) }

    var floats: [Float]? { list?.compactMap { $0.double.map { Float($0) } } }

    var textMap: [String: String]? {
        guard case .object(let object) = self else { return nil }
        return object.compactMapValues(\.text)
    }
}

extension Optional where Wrapped == String {
    var json: JSON { map(JSON.text) ?? .null }
}
