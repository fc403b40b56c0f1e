# The Elixir side of the measurement; see README.md.

defmodule Call do
  @warm_up 2_000
  @calls 20_000

  def run do
    {:ok, client} = Moss.Client.new("bench", "bench")
    {:ok, session} = Moss.Client.session(client, "call")
    [asked] = Moss.Session.get_docs(session, doc_ids: ["doc-7"])

    times =
      for _ <- 1..(@warm_up + @calls) do
        started = System.monotonic_time(:nanosecond)
        {:ok, found} = Moss.Session.query(session, "refund", embedding: asked.embedding)
        took = System.monotonic_time(:nanosecond) - started
        5 = length(found.docs)
        took
      end

    median = times |> Enum.drop(@warm_up) |> Enum.sort() |> Enum.at(div(@calls, 2))
    :io.format("~-10s ~8.2f us~n", ["elixir", median / 1000])
  end
end

Call.run()
