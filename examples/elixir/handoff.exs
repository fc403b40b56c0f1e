# Hand a conversation from one process to another: `mix run handoff.exs a`, then `mix run handoff.exs b`.
#
# Both must see the same store: set MOSS_STORE to a directory (default: ~/.moss/store), and MOSS_PROJECT_ID and
# MOSS_PROJECT_KEY to any id and key; the store registers the project on first use.

defmodule Handoff do
  alias Moss.{DocumentInfo, Session}

  @turns [
    {"customer", "Hi, I ordered a blender two weeks ago and it still has not arrived."},
    {"agent", "I am sorry about that. Could you give me the order number?"},
    {"customer", "It is 4417. Honestly, at this point I would just like my money back."},
    {"agent", "I understand. I can refund 49.90 to your card, it takes three to five days."},
    {"customer", "Okay. And please send the receipt to my new address in Lisbon."}
  ]

  def run("a") do
    {:ok, session} = open()

    turns =
      for {{speaker, text}, number} <- Enum.with_index(@turns, 1) do
        %DocumentInfo{id: "turn-#{number}", text: text, metadata: %{"speaker" => speaker}}
      end

    {milliseconds, {:ok, {added, updated}}} = timed(fn -> Session.add_docs(session, turns) end)
    IO.puts("A: added #{added} turns, updated #{updated}, in #{milliseconds} ms")
    {milliseconds, {:ok, pushed}} = timed(fn -> Session.push_index(session) end)
    IO.puts("A: pushed #{pushed.doc_count} documents, #{pushed.status}, in #{milliseconds} ms")
  end

  def run("b") do
    {milliseconds, {:ok, session}} = timed(&open/0)
    IO.puts("B: resumed #{Session.doc_count(session)} documents in #{milliseconds} ms, model included")

    for document <- Session.get_docs(session) do
      IO.puts("   #{document.id} #{String.pad_trailing(document.metadata["speaker"], 8)} #{document.text}")
    end

    question = "does the customer want a refund?"
    {milliseconds, {:ok, found}} = timed(fn -> Session.query(session, question, top_k: 3) end)
    IO.puts("B: '#{question}', answered in #{milliseconds} ms")
    for document <- found.docs, do: IO.puts("   #{Float.round(document.score, 3)} #{document.id} #{document.text}")
  end

  defp open do
    {:ok, client} = Moss.client(System.fetch_env!("MOSS_PROJECT_ID"), System.fetch_env!("MOSS_PROJECT_KEY"))
    Moss.session(client, "conv-123")
  end

  defp timed(work) do
    {microseconds, result} = :timer.tc(work)
    {microseconds / 1000, result}
  end
end

Handoff.run(hd(System.argv()))
