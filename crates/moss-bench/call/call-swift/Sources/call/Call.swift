// The Swift side of the measurement; see README.md.

import Foundation
import Moss

@main
struct Call {
    static let warmUp = 2_000
    static let calls = 20_000

    static func main() async throws {
        let client = try MossClient(projectId: "bench", projectKey: "bench")
        let session = try await client.session("call")
        let vector = try await session.getDocs(["doc-7"])[0].embedding
        let clock = ContinuousClock()
        var times: [Double] = []
        for _ in 0..<(warmUp + calls) {
            let started = clock.now
            let found = try await session.query("refund", embedding: vector)
            let took = clock.now - started
            precondition(found.docs.count == 5)
            times.append(Double(took.components.attoseconds) / 1e12)
        }
        let median = times[warmUp...].sorted()[calls / 2]
        print("swift".padding(toLength: 10, withPad: " ", startingAt: 0), String(format: "%8.2f us", median))
        session.close()
        client.close()
    }
}
