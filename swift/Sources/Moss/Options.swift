// What may be asked of a call, as values with defaults.

/// Folds documents that share a metadata value into one result, their texts joined in order.
public struct ParentGrouping: Equatable, Hashable, Sendable {
    /// The metadata field that siblings share.
    public var parentField: String
    /// The metadata field that orders them.
    public var orderField: String

    /// Groups by the first field, in the order of the second.
    public init(parentField: String, orderField: String) {
        self.parentField = parentField
        self.orderField = orderField
    }
}

/// Options of a query.
public struct QueryOptions: Equatable, Hashable, Sendable {
    /// How many documents to return at most.
    public var topK: Int
    /// Weight of the meaning against the keywords: 1 is meaning alone, 0 keywords alone.
    public var alpha: Float
    /// Only documents that match are ranked.
    public var filter: Filter?
    /// The same in JSON, used if there is no `filter`.
    public var filterJson: String?
    /// Folds siblings into one result; for sessions only.
    public var groupByParent: ParentGrouping?

    /// The options named, the defaults for the others.
    public init(
        topK: Int = 5, alpha: Float = 0.8, filter: Filter? = nil, filterJson: String? = nil,
        groupByParent: ParentGrouping? = nil
    ) {
        self.topK = topK
        self.alpha = alpha
        self.filter = filter
        self.filterJson = filterJson
        self.groupByParent = groupByParent
    }
}

/// Options of reading a session.
public struct GetDocsOptions: Equatable, Hashable, Sendable {
    /// These documents in this order; nil is all, an empty list none.
    public var ids: [String]?
    /// Only documents that match.
    public var filter: Filter?
    /// Orders by this metadata field: numbers as numbers, ties by id, documents without it last. Ignored with `ids`.
    public var sortBy: String?
    /// The direction of `sortBy`.
    public var ascending: Bool
    /// Folds siblings into one document.
    public var groupByParent: ParentGrouping?

    /// The options named, the defaults for the others.
    public init(
        ids: [String]? = nil, filter: Filter? = nil, sortBy: String? = nil, ascending: Bool = true,
        groupByParent: ParentGrouping? = nil
    ) {
        self.ids = ids
        self.filter = filter
        self.sortBy = sortBy
        self.ascending = ascending
        self.groupByParent = groupByParent
    }
}

/// How a session keeps its vectors.
public enum VectorQuantization: UInt8, Equatable, Hashable, Sendable {
    /// `int8` on iOS, `fp32` elsewhere.
    case `default` = 0
    /// Exact.
    case fp32 = 1
    /// A quarter of the memory.
    case int8 = 2
}

/// Options of opening a session.
public struct SessionOptions: Equatable, Hashable, Sendable {
    /// The model; nil adopts the stored one, else the default.
    public var modelId: String?
    /// How vectors are kept.
    public var vectorQuantization: VectorQuantization
    /// Whether to load what is stored under the name. Without it the session starts empty, and a push replaces the cloud
    /// index.
    public var autoLoadOnInit: Bool

    /// The options named, the defaults for the others.
    public init(
        modelId: String? = nil, vectorQuantization: VectorQuantization = .default, autoLoadOnInit: Bool = true
    ) {
        self.modelId = modelId
        self.vectorQuantization = vectorQuantization
        self.autoLoadOnInit = autoLoadOnInit
    }
}

/// Options of loading a cloud index.
public struct LoadIndexOptions: Equatable, Hashable, Sendable {
    /// Whether to follow newer versions.
    public var autoRefresh: Bool
    /// Seconds between two looks for a newer version; 0 counts as 1.
    public var pollingIntervalSeconds: UInt64
    /// A folder that keeps the download for the next time; not used by sessions.
    public var cachePath: String?

    /// The options named, the defaults for the others.
    public init(autoRefresh: Bool = false, pollingIntervalSeconds: UInt64 = 600, cachePath: String? = nil) {
        self.autoRefresh = autoRefresh
        self.pollingIntervalSeconds = pollingIntervalSeconds
        self.cachePath = cachePath
    }
}

/// What a push does if somebody else pushed under the name since the session was opened or last pushed.
public enum OnConflict: String, Equatable, Hashable, Sendable {
    /// Joins the two by id; where both changed a document, this session wins.
    case merge
    /// Drops what the others pushed.
    case replace
    /// Throws ``MossError`` -9.
    case fail
}

/// How badly memory is wanted.
public enum MemoryPressureLevel: UInt8, Equatable, Hashable, Sendable {
    /// The index queried last may stay.
    case low = 0
    /// All loaded indexes go.
    case critical = 1
}
