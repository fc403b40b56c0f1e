// The Swift link of the chain; see README.md.

import Foundation
import Moss

@main
struct Chain {
    static func main() async throws {
        let arguments = CommandLine.arguments
        let client = try MossClient(projectId: "chain", projectKey: "chain")
        let session = try await client.session("chain")
        print("opened", session.docCount)
        try await answer(session)
        try await session.addDocs([DocumentInfo(id: arguments[1], text: arguments[2])])
        let pushed = try await session.pushIndex()
        print("pushed", pushed.docCount)
        try await answer(session)
        session.close()
        client.close()
    }

    static func answer(_ session: MossSession) async throws {
        let options = QueryOptions(topK: 10, alpha: 1.0)
        for document in try await session.query("where is my parcel?", options: options).docs {
            print(document.id, String(format: "%08x", document.score.bitPattern))
        }
    }
}
