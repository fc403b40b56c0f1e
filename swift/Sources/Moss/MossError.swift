// The one error of Moss.

import Foundation

/// Why a call failed: a code to branch on, and a message for a person.
///
/// | `code` | What it means |
/// | --- | --- |
/// | -1 | the client or session is closed |
/// | -2 | an argument is wrong |
/// | -3 | the credentials or the token were refused |
/// | -4 | the service was not reached |
/// | -5 | there is no such index or job |
/// | -6 | the model's files are absent or damaged |
/// | -7 | a bug in Moss |
/// | -8 | the index is bound to another model |
/// | -9 | the name is taken, or somebody else pushed |
/// | -10 | the index is not loaded |
/// | -11 | the job failed or took too long |
/// | -12 | the service answered with another error |
/// | -13 | stored bytes are damaged |
/// | -14 | the disk could not be read or written |
public struct MossError: LocalizedError, Equatable, Sendable, CustomStringConvertible {
    /// The number of the kind of error, the same as in C.
    public let code: Int32
    /// What was wrong and what to do. It may change between versions.
    public let message: String

    /// An error of your own, for instance in an ``Authenticator``.
    public init(code: Int32, message: String) {
        self.code = code
        self.message = message
    }

    public var errorDescription: String? { message }
    public var description: String { "MossError \(code): \(message)" }
}

extension MossError {
    static func invalidArgument(_ message: String) -> MossError {
        MossError(code: -2, message: message)
    }
}

/// Runs a call of the native library, so that only errors of this package leave it.
///
/// One that was cancelled before it began does not begin; one that runs ends whole.
func call<T>(_ body: () async throws -> T) async throws -> T {
    try Task.checkCancellation()
    do {
        return try await body()
    } catch {
        throw shown(error)
    }
}

/// The same for one that does not wait.
func callNow<T>(_ body: () throws -> T) throws -> T {
    do {
        return try body()
    } catch {
        throw shown(error)
    }
}

private func shown(_ error: any Error) -> any Error {
    switch error {
    case NativeError.Failed(let code, let reason): return MossError(code: code, message: reason)
    case is MossError, is CancellationError: return error
    default: return MossError(code: -7, message: String(describing: error))
    }
}
