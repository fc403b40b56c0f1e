// Which documents may be found, by their metadata.

import Foundation

/// A condition on the metadata of documents, checked before they are ranked.
///
/// A document without the field never matches, whatever the condition. Numbers compare as numbers, other text by code point.
///
/// ```swift
/// let filter = Filter.and([.equals("city", "NYC"), .lessThan("price", 50)])
/// ```
public indirect enum Filter: Equatable, Hashable, Sendable {
    /// The value of the field is this one.
    case equals(String, FilterValue)
    /// The value of the field is another one.
    case notEquals(String, FilterValue)
    /// The value of the field is above this one.
    case greaterThan(String, FilterValue)
    /// The value of the field is this one or above it.
    case greaterThanOrEqual(String, FilterValue)
    /// The value of the field is below this one.
    case lessThan(String, FilterValue)
    /// The value of the field is this one or below it.
    case lessThanOrEqual(String, FilterValue)
    /// The value of the field is one of these.
    case isIn(String, [FilterValue])
    /// The value of the field is none of these.
    case notIn(String, [FilterValue])
    /// The field holds `"latitude,longitude"` of a place no farther away than this.
    case near(field: String, lat: Double, lng: Double, withinMeters: Double)
    /// All of them hold; of none, that is true.
    case and([Filter])
    /// One of them holds; of none, that is false.
    case or([Filter])
    /// A filter in JSON, as the other languages write it.
    case raw(String)

    /// The filter in JSON; nil if a `raw` inside is not JSON or a number is not finite. Using such a filter throws
    /// ``MossError`` -2.
    public func encoded() -> String? {
        switch self {
        case .equals(let field, let value): return Filter.condition(field, "$eq", value.encoded())
        case .notEquals(let field, let value): return Filter.condition(field, "$ne", value.encoded())
        case .greaterThan(let field, let value): return Filter.condition(field, "$gt", value.encoded())
        case .greaterThanOrEqual(let field, let value): return Filter.condition(field, "$gte", value.encoded())
        case .lessThan(let field, let value): return Filter.condition(field, "$lt", value.encoded())
        case .lessThanOrEqual(let field, let value): return Filter.condition(field, "$lte", value.encoded())
        case .isIn(let field, let values): return Filter.condition(field, "$in", Filter.list(values.map { $0.encoded() }))
        case .notIn(let field, let values): return Filter.condition(field, "$nin", Filter.list(values.map { $0.encoded() }))
        case .near(let field, let lat, let lng, let withinMeters):
            guard lat.isFinite, lng.isFinite, withinMeters.isFinite else { return nil }
            return Filter.condition(field, "$near", quoted("\(lat),\(lng),\(withinMeters)"))
        case .and(let filters): return Filter.list(filters.map { $0.encoded() }).map { "{\"$and\":\($0)}" }
        case .or(let filters): return Filter.list(filters.map { $0.encoded() }).map { "{\"$or\":\($0)}" }
        case .raw(let json):
            let isJSON = (try? JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed)) != nil
            return isJSON ? json : nil
        }
    }

    private static func condition(_ field: String, _ comparison: String, _ value: String?) -> String? {
        value.map { "{\"field\":\(quoted(field)),\"condition\":{\"\(comparison)\":\($0)}}" }
    }

    private static func list(_ items: [String?]) -> String? {
        let present = items.compactMap { $0 }
        return present.count == items.count ? "[" + present.joined(separator: ",") + "]" : nil
    }
}

/// What a ``Filter`` compares with; literals are one by themselves.
public enum FilterValue: Equatable, Hashable, Sendable {
    /// Text, compared byte for byte by `equals`.
    case string(String)
    /// An integer, compared by its decimal digits.
    case int(Int)
    /// A number; without a fraction it is the same as the integer.
    case double(Double)
    /// `"true"` or `"false"`.
    case bool(Bool)

    func encoded() -> String? {
        switch self {
        case .string(let text): return quoted(text)
        case .int(let number): return String(number)
        case .double(let number): return number.isFinite ? "\(number)" : nil
        case .bool(let flag): return String(flag)
        }
    }
}

extension FilterValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int) { self = .int(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}

/// The text as a JSON string.
private func quoted(_ text: String) -> String {
    var json = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": json += "\\\""
        case "\\": json += "\\\\"
        case "\u{0}"..<"\u{20}":
            let digits = String(scalar.value, radix: 16)
            json += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: json.unicodeScalars.append(scalar)
        }
    }
    return json + "\""
}
