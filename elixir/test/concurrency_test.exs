defmodule Moss.ConcurrencyTest do
  use Moss.Case, async: false

  alias Moss.Test.VM

  @long for n <- 1..20,
            do: %{id: "#{n}", text: String.duplicate("the customer asks for a refund of order #{n} ", 20)}

  test "queries are answered while a long batch is being added, and see all of it or nothing", %{
    client: client
  } do
    {:ok, session} = Client.session(client, "conv")
    adding = Task.async(fn -> Session.add_docs(session, @long) end)
    counts = ask_until_done(session, adding, [])
    assert length(counts) >= 3
    assert Enum.uniq(counts) -- [0, 20] == []
    assert Session.doc_count(session) == 20
  end

  defp ask_until_done(session, adding, counts) do
    {:ok, %{docs: docs}} = Session.query(session, "refund", top_k: 1000, alpha: 0)

    case Task.yield(adding, 0) do
      nil -> ask_until_done(session, adding, [length(docs) | counts])
      {:ok, result} -> assert(result == {:ok, {20, 0}}) && counts
    end
  end

  test "many writers and readers of one session lose nothing", %{client: client} do
    session = custom!(client)

    1..8
    |> Task.async_stream(
      fn writer ->
        for n <- 1..100 do
          {:ok, {1, 0}} = Session.add_docs(session, [doc("#{writer}-#{n}", "words", [n, writer])])
          {:ok, %{docs: [_ | _]}} = Session.query(session, "words", embedding: [1.0, 0.0])
        end
      end,
      timeout: :infinity
    )
    |> Stream.run()

    assert Session.doc_count(session) == 800
  end

  test "no call blocks the only scheduler that runs Elixir" do
    # While a call runs, another process on the one scheduler must get on. A call too short to notice passes.
    script = """
    {:ok, client} = Moss.client("project", "key", base_url: "memory://vm")
    {:ok, session} = Moss.session(client, "conv")
    long = for n <- 1..8, do: %{id: to_string(n), text: String.duplicate("the customer asks for a refund ", 30)}
    big = for n <- 1..20_000, do: %{id: to_string(n), text: "words " <> to_string(n), embedding: [n, 1.0, 2.0]}
    {:ok, custom} = Moss.session(client, "custom", model_id: "custom")
    {:ok, from} = Moss.session(client, "from", model_id: "custom")
    test = self()

    ticks = fn call ->
      counter = :counters.new(1, [])
      ticker = spawn(fn -> tick = fn tick -> :counters.add(counter, 1, 1); tick.(tick) end; tick.(tick) end)
      {:ok, _} = call.()
      Process.exit(ticker, :kill)
      :counters.get(counter, 1)
    end

    for {name, call} <- [
          add: fn -> Moss.Session.add_docs(session, long) end,
          add_custom: fn -> Moss.Session.add_docs(custom, big) end,
          query: fn -> Moss.Session.query(session, String.duplicate("refund ", 200)) end,
          push: fn -> Moss.Session.push_index(custom) end,
          load: fn -> Moss.Session.load_index(from, "custom") end,
          open: fn -> Moss.session(client, "custom") end,
          load_index: fn -> Moss.Client.load_index(client, "custom") end
        ] do
      IO.puts("\#{name} \#{ticks.(call) > 1000}")
    end
    """

    assert {output, 0} = VM.run(script, erl: "+S 1:1 +SDcpu 1:1")

    assert output ==
             for(name <- ~w(add add_custom query push load open load_index), into: "", do: "#{name} true\n")
  end

  test "queries find a scheduler while long batches are added" do
    script = """
    {:ok, client} = Moss.client("project", "key", base_url: "memory://vm")
    {:ok, session} = Moss.session(client, "conv")
    docs = for n <- 1..40, do: %{id: to_string(n), text: String.duplicate("the customer asks for a refund ", 8)}
    adding = for _ <- 1..2, do: Task.async(fn -> Moss.Session.add_docs(session, docs) end)
    for _ <- 1..5, do: {:ok, _} = Moss.Session.query(session, "refund")
    IO.inspect(for task <- adding, do: Task.yield(task, 0))
    IO.inspect(Task.await_many(adding, :infinity) |> Enum.sort())
    """

    assert VM.run(script, erl: "+SDcpu 1:1") == {"[nil, nil]\n[ok: {0, 40}, ok: {40, 0}]\n", 0}
  end

  test "a session may be called from another node" do
    script = """
    paths = Enum.flat_map(:code.get_path(), &[~c"-pa", &1])
    {:ok, peer, node} = :peer.start(%{name: :peer.random_name(), host: ~c"127.0.0.1", longnames: true, args: paths})
    {:ok, _} = :erpc.call(node, Application, :ensure_all_started, [:elixir])
    session = :erpc.call(node, fn ->
      {:ok, client} = Moss.client("project", "key", base_url: "memory://there")
      {:ok, session} = Moss.session(client, "conv", model_id: "custom")
      for pid <- [client.manager_pid, session], do: Process.unlink(pid)
      session
    end)
    IO.inspect(node(session) == node)
    IO.inspect(Moss.Session.add_docs(session, [%{id: "a", text: "x", embedding: [1.0]}]))
    {:ok, found} = Moss.Session.query(session, "x", embedding: [1.0])
    IO.inspect(Enum.map(found.docs, & &1.id))
    :peer.stop(peer)
    """

    name = "moss-#{System.unique_integer([:positive])}-#{System.pid()}@127.0.0.1"
    assert VM.run(script, erl: "-name #{name}") == {"true\n{:ok, {1, 0}}\n[\"a\"]\n", 0}
  end

  test "a panic in the core is an error, and the session lives on", %{store: store} do
    script = """
    {:ok, client} = Moss.client("project", "key", base_url: #{inspect(store)})
    {:ok, session} = Moss.session(client, "conv", model_id: "custom")
    {:ok, {1, 0}} = Moss.Session.add_docs(session, [%{id: "a", text: "x", embedding: [1.0]}])
    {:error, message} = Moss.Session.query(session, "x", embedding: [1.0])
    IO.puts(message)
    {:ok, _} = Moss.Session.push_index(session)
    IO.puts("\#{Moss.Session.doc_count(session)} document, \#{Process.alive?(session)}")
    """

    assert {output, 0} = VM.run(script, env: [{"MOSS_TEST_PANIC", "1"}])
    assert output =~ "a bug in moss: MOSS_TEST_PANIC\n"
    assert output =~ "1 document, true\n"
  end
end
