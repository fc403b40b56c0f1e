// Tokens in place of a project key.

import Foundation

/// Gives the token that a call of the cloud carries, so that no project key lies in the application.
///
/// It is asked for every request, by several at once if several run, and nothing is cached: keep a token while it is valid.
///
/// ```swift
/// final class BackendTokens: Authenticator {
///     func getAuthHeader() async throws -> String {
///         let (data, _) = try await URLSession.shared.data(from: URL(string: "https://example.com/moss-token")!)
///         return String(decoding: data, as: UTF8.self)
///     }
/// }
/// ```
public protocol Authenticator: AnyObject, Sendable {
    /// The raw token, without `Bearer `.
    ///
    /// What it throws, and 30 seconds without an answer, make the call fail with ``MossError`` -3. It must not close the
    /// client: closing waits for the call that waits for this answer.
    func getAuthHeader() async throws -> String
}

/// The authenticator as the native library asks it.
final class AuthenticatorBridge: NativeAuthenticator, Sendable {
    private let authenticator: any Authenticator

    init(_ authenticator: any Authenticator) {
        self.authenticator = authenticator
    }

    func ask(answer: NativeAnswer) {
        Task { [authenticator] in
            do {
                answer.give(token: try await authenticator.getAuthHeader())
            } catch {
                answer.refuse(reason: (error as? any LocalizedError)?.errorDescription ?? String(describing: error))
            }
        }
    }
}
