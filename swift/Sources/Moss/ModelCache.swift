// Where downloaded models are kept.

import Foundation

/// The one choice of the process: the last folder named by the application, else the first client's default.
final class ModelCache: @unchecked Sendable {
    static let shared = ModelCache()

    private let lock = NSLock()
    private var isSet = false

    /// Keeps models here from now on.
    func use(_ path: String) throws {
        guard !path.isEmpty else { throw MossError(code: -2, message: "the path of the model cache is empty") }
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw MossError(code: -14, message: "cannot make the model cache \(path): \(error.localizedDescription)")
        }
        lock.lock()
        defer { lock.unlock() }
        isSet = true
        nativeSetModelCacheDir(path: path)
    }

    /// Chooses the application's folder for caches unless another was named; on Linux the library knows the user's.
    func setUp() {
        #if canImport(Darwin)
        lock.lock()
        defer { lock.unlock() }
        let caches = FileManager.default.urls(for: .cachesDirectory, in: .userDomainMask).first
        guard !isSet, let folder = caches?.appendingPathComponent("moss-models", isDirectory: true) else { return }
        // A folder that cannot be made is told of by the download that needs it.
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        isSet = true
        nativeSetModelCacheDir(path: folder.path)
        #endif
    }
}
