# The Elixir link of the chain; see README.md.

answer = fn session ->
  {:ok, found} = Moss.Session.query(session, "where is my parcel?", top_k: 10, alpha: 1.0)

  for document <- found.docs do
    IO.puts("#{document.id} #{Base.encode16(<<document.score::float-32>>, case: :lower)}")
  end
end

[id, text] = System.argv()
{:ok, client} = Moss.Client.new("chain", "chain")
{:ok, session} = Moss.Client.session(client, "chain")
IO.puts("opened #{Moss.Session.doc_count(session)}")
answer.(session)
{:ok, {1, 0}} = Moss.Session.add_docs(session, [%Moss.DocumentInfo{id: id, text: text}])
{:ok, pushed} = Moss.Session.push_index(session)
IO.puts("pushed #{pushed.doc_count}")
answer.(session)
