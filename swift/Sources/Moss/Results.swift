// What calls of the cloud answer.

/// A model, as an index names it.
public struct ModelRef: Equatable, Hashable, Sendable {
    /// The model's id, for instance `moss-minilm`.
    public let id: String
    /// The version of its files.
    public let version: String?
}

/// A cloud index.
public struct IndexInfo: Equatable, Hashable, Sendable {
    /// The service's key of the index; it stays when the index is pushed again.
    public let id: String
    /// Your name of the index.
    public let name: String
    /// `NotStarted`, `Building`, `Ready` or `Failed`.
    public let status: String
    /// How many documents it holds.
    public let docCount: Int
    /// The model of its vectors.
    public let model: ModelRef
    /// The version of its content.
    public let version: String?
    /// When it was made, as `2025-01-09T21:14:07.000+00:00`.
    public let createdAt: String?
    /// When it last changed.
    public let updatedAt: String?
}

/// What a change of a cloud index did. It is done when the call returns.
public struct MutationResult: Equatable, Hashable, Sendable {
    /// The change as a job.
    public let jobId: String
    /// The index.
    public let indexName: String
    /// How many documents or ids the call named.
    public let docCount: Int
}

/// What a push did. It is done when the call returns.
public struct PushIndexResult: Equatable, Hashable, Sendable {
    /// The push as a job.
    public let jobId: String
    /// The session's name.
    public let indexName: String
    /// Documents in the pushed version.
    public let docCount: Int
    /// `ready`.
    public let status: String
    /// The pushed version.
    public let version: String
    /// Ids that both this session and somebody else had changed; this session's documents won.
    public let conflicts: [String]
}

/// A job of the service.
public struct JobStatus: Equatable, Hashable, Sendable {
    /// The job.
    public let jobId: String
    /// `ready` once it is done; before, `pending_upload`, `uploading` or `building`; or `failed`.
    public let status: String
    /// 0 to 100.
    public let progress: Double
    /// What it is busy with while it builds.
    public let currentPhase: String?
    /// Why it failed.
    public let error: String?
    /// When it was made.
    public let createdAt: String
    /// When it last changed.
    public let updatedAt: String
    /// When it was done.
    public let completedAt: String?
}

/// What refreshing a loaded index did.
public struct RefreshResult: Equatable, Hashable, Sendable {
    /// The index.
    public let indexName: String
    /// When the version held before was made.
    public let previousUpdatedAt: String
    /// When the version held now was made.
    public let newUpdatedAt: String
    /// Whether the two differ.
    public let wasUpdated: Bool
}
