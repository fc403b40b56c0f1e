defmodule Moss.LifetimeTest do
  # Processes that end, and what is freed with them.
  use Moss.Case, async: false

  alias Moss.IndexManager

  defp credentials(store, rest),
    do: [project_id: "project", project_key: "key", base_url: store] ++ rest

  defp stop!(pid, reason) do
    monitor = Process.monitor(pid)
    Process.unlink(pid)
    Process.exit(pid, reason)
    assert_receive {:DOWN, ^monitor, :process, ^pid, _}, 5_000
  end

  test "a message that is not for it costs a session nothing", %{client: client} do
    session = custom!(client)
    {:ok, {1, 0}} = Session.add_docs(session, [%{id: "a", text: "", embedding: [1.0, 0.0]}])
    send(session, :stray)
    send(session, {make_ref(), :late})
    assert Session.doc_count(session) == 1
  end

  describe "a session that has ended" do
    test "makes every call exit", %{client: client, folder: folder} do
      session = custom!(client)
      GenServer.stop(session)

      for call <- [
            &Session.name/1,
            &Session.doc_count/1,
            &Session.model_id/1,
            &Session.get_docs/1,
            &Session.push_index/1,
            &Session.load_model/1,
            &Session.add_docs(&1, []),
            &Session.delete_docs(&1, []),
            &Session.query(&1, "x"),
            &Session.embed(&1, "x"),
            &Session.load_index(&1, "x"),
            &Session.save_to_disk(&1, folder),
            &Session.load_from_disk(&1, folder)
          ] do
        assert {:noproc, _} = catch_exit(call.(session))
      end
    end

    test "is freed at once, whoever keeps the handle", %{client: client} do
      session = custom!(client)
      {:ok, _} = Session.add_docs(session, [doc("a", "x", [1.0])])
      {_node, handle} = GenServer.call(session, :handle)
      assert MossCore.Nif.session_doc_count(handle) == 1

      stop!(session, :kill)
      assert MossCore.Nif.session_doc_count(handle) == {:error, :closed}
      assert MossCore.Nif.session_name(handle) == {:error, :closed}
      assert MossCore.Nif.session_query_text(handle, "x", nil, nil, nil) == {:error, :closed}
      # On a thread of its own.
      if File.dir?("/proc/self/task") do
        names = "/proc/self/task/*/comm" |> Path.wildcard() |> Enum.map(&File.read!/1)
        assert "moss-free\n" in names
      end
    end

    test "leaves calls under way alone", %{client: client} do
      session = custom!(client)
      Session.add_docs(session, for(n <- 1..2000, do: doc("#{n}", "words #{n}", [n, 1.0])))
      test = self()

      callers =
        for _ <- 1..4 do
          spawn_monitor(fn ->
            ask = fn ask, asked ->
              {:ok, %{docs: [_ | _]}} = Session.query(session, "words", embedding: [1.0, 1.0])
              if asked == 3, do: send(test, :asking)
              ask.(ask, asked + 1)
            end

            ask.(ask, 0)
          end)
        end

      for _ <- callers, do: assert_receive(:asking, 30_000)
      stop!(session, :kill)

      for {pid, monitor} <- callers do
        assert_receive {:DOWN, ^monitor, :process, ^pid, {reason, _}}, 5_000
        assert reason in [:noproc, :killed]
      end
    end
  end

  test "a caller that is killed in a query harms nobody", %{client: client} do
    session = custom!(client)
    Session.add_docs(session, for(n <- 1..2000, do: doc("#{n}", "words #{n}", [n, 1.0])))
    test = self()

    for _ <- 1..100 do
      {caller, monitor} =
        spawn_monitor(fn ->
          send(test, :asking)
          Session.query(session, "words", embedding: [1.0, 1.0], top_k: 2000)
          Session.add_docs(session, [doc("1", "words 1", [1.0, 1.0])])
        end)

      assert_receive :asking, 5_000
      Process.exit(caller, :kill)
      assert_receive {:DOWN, ^monitor, :process, ^caller, _}, 5_000
    end

    assert Session.doc_count(session) == 2000
    assert {:ok, %{docs: [_, _, _, _, _]}} = Session.query(session, "words", embedding: [1.0, 1.0])
  end

  test "a session ends with a linked process that crashes", %{client: client} do
    test = self()

    {opener, monitor} =
      spawn_monitor(fn ->
        send(test, {:session, custom!(client)})
        receive do: (:crash -> exit(:crash))
      end)

    assert_receive {:session, session}
    ended = Process.monitor(session)
    send(opener, :crash)
    assert_receive {:DOWN, ^monitor, :process, _, :crash}
    assert_receive {:DOWN, ^ended, :process, ^session, :crash}
  end

  # Longer than the default of a minute: the machine may have other work.
  @tag timeout: 300_000
  test "10,000 sessions that are opened and dropped leave nothing", %{client: client} do
    vector = List.duplicate(0.5, 256)

    drop = fn numbers ->
      for n <- numbers do
        {:ok, session} = Client.session(client, "s", model_id: "custom", auto_load: false)
        {:ok, {1, 0}} = Session.add_docs(session, [doc("a", "words", vector)])
        {:ok, %{docs: [_]}} = Session.query(session, "words", embedding: vector)
        if rem(n, 2) == 0, do: GenServer.stop(session), else: stop!(session, :kill)
      end
    end

    drop.(1..2_000)
    processes = length(Process.list())
    before = resident_kib()
    drop.(1..10_000)
    grown = resident_kib() - before
    assert length(Process.list()) <= processes
    # Sessions that stayed would be 120 MiB.
    assert grown < 8 * 1024, "grew by #{grown} KiB"
  end

  test "clients that nobody holds any more leave no process", %{store: store} do
    test = self()
    # Makers that trap exits hear nothing of it.
    Process.flag(:trap_exit, true)

    for _ <- 1..50 do
      spawn(fn ->
        {:ok, client} = Client.new("project", "key", base_url: store)
        send(test, {:manager, client.manager_pid})
      end)

      {:ok, client} = Client.new("project", "key", base_url: store)
      send(test, {:manager, client.manager_pid})
    end

    for _ <- 1..100 do
      assert_receive {:manager, manager}, 5_000
      monitor = Process.monitor(manager)
      :erlang.garbage_collect()
      assert_receive {:DOWN, ^monitor, :process, ^manager, _}, 5_000
    end

    refute_received {:EXIT, _, _}
  end

  test "a client outlives the process that made it", %{store: store} do
    client = Task.await(Task.async(fn -> Client.new("project", "key", base_url: store) |> elem(1) end))
    {:ok, _} = Client.create_index(client, "faq", [doc("a", "x", [1.0])])
    :erlang.garbage_collect()
    assert {:ok, %{doc_count: 1}} = Client.load_index(client, "faq")
  end

  describe "start_link" do
    test "opens an empty session that can take in what is stored", %{client: client, store: store} do
      first = custom!(client, "conv")
      Session.add_docs(first, [doc("a", "x", [1.0])])
      {:ok, _} = Session.push_index(first)

      {:ok, session} =
        Session.start_link(credentials(store, name: "conv", model_id: "custom", client_id: "me"))

      assert Session.doc_count(session) == 0
      assert Session.load_index(session, "conv") == {:ok, 1}

      # It merges from then on.
      Session.add_docs(first, [doc("b", "x", [1.0])])
      {:ok, _} = Session.push_index(first)
      Session.add_docs(session, [doc("c", "x", [1.0])])
      assert {:ok, %{doc_count: 3}} = Session.push_index(session)
    end

    test "answers bad credentials and leaves the linked caller alone", %{client: client, store: store} do
      {:ok, _} = Client.create_index(client, "i", [doc("a", "x", [1.0])])

      assert {:error, message} =
               Session.start_link(
                 name: "s",
                 model_id: "custom",
                 project_id: "project",
                 project_key: "wrong",
                 base_url: store
               )

      assert message =~ "key"
      refute message =~ "wrong"

      {:ok, other} = Client.new("project", "wrong", base_url: store)
      assert {:error, _} = Client.session(other, "i")
      assert {:error, _} = Moss.ManageClient.validate_credentials(other.manage_ref)
      assert Moss.ManageClient.validate_credentials(client.manage_ref) == {:ok, :ok}
      refute_received {:EXIT, _, _}
    end

    test "answers missing and wrong options", %{store: store} do
      assert Session.start_link(credentials(store, model_id: "custom")) ==
               {:error, "name must be a string, not nil"}

      assert Session.start_link(credentials(store, name: "s")) ==
               {:error, "model_id must be a string, not nil"}

      assert {:error, message} = Session.start_link(credentials(store, name: "s", model_id: "no-such-model"))
      assert message =~ "no-such-model"
      assert {:error, "unknown option" <> _} = Session.start_link(credentials(store, nmae: "s"))
      assert Session.start_link(name: "s") == {:error, "project_id must be a string, not nil"}
    end

    test "registers a name, once", %{client: client, store: store} do
      options = credentials(store, name: "s", model_id: "custom", server_name: __MODULE__.Named)
      {:ok, session} = Session.start_link(options)
      assert Session.name(__MODULE__.Named) == "s"
      assert Session.start_link(options) == {:error, {:already_started, session}}

      assert Client.session(client, "s", server_name: __MODULE__.Named) ==
               {:error, {:already_started, session}}

      {:ok, _} = Client.session(client, "t", model_id: "custom", server_name: {:global, __MODULE__})
      assert Session.name({:global, __MODULE__}) == "t"
    end
  end

  describe "under a supervisor" do
    test "a killed session comes back as it was pushed", %{client: client, store: store} do
      first = custom!(client, "conv")
      Session.add_docs(first, [doc("a", "x", [1.0])])
      {:ok, _} = Session.push_index(first)

      name = __MODULE__.Supervised
      start_supervised!({Session, credentials(store, name: "conv", auto_load: true, server_name: name)})
      {:ok, _} = Session.add_docs(name, [doc("lost", "x", [1.0])])
      before = Process.whereis(name)
      monitor = Process.monitor(before)
      Process.exit(before, :kill)
      assert_receive {:DOWN, ^monitor, :process, ^before, :killed}
      assert Enum.map(Session.get_docs(await(name, before)), & &1.id) == ["a"]
    end

    test "a child that cannot be opened is an error of the supervisor", %{store: store} do
      Process.flag(:trap_exit, true)
      child = {Session, credentials(store, name: "", model_id: "custom")}
      assert {:error, {:shutdown, reason}} = Supervisor.start_link([child], strategy: :one_for_one)
      assert inspect(reason) =~ "name"
    end

    test "two sessions need no ids of their own", %{store: store} do
      children = for name <- ["a", "b"], do: {Session, credentials(store, name: name, model_id: "custom")}
      {:ok, supervisor} = Supervisor.start_link(children, strategy: :one_for_one)
      assert %{active: 2} = Supervisor.count_children(supervisor)
    end

    test "index managers work as well", %{client: client, store: store} do
      {:ok, _} = Client.create_index(client, "faq", [doc("a", "x", [1.0])])
      start_supervised!({IndexManager, credentials(store, server_name: __MODULE__.Manager)})
      assert {:ok, %{doc_count: 1}} = IndexManager.load_index(__MODULE__.Manager, "faq")
      assert IndexManager.load_query_model(__MODULE__.Manager, "faq") == {:ok, :ok}
      assert {:error, _} = IndexManager.load_query_model(__MODULE__.Manager, "other")

      assert {:ok, %{docs: [%{id: "a"}]}} =
               IndexManager.query(__MODULE__.Manager, "faq", "x", embedding: [1.0])
    end
  end

  # The process that a supervisor registers under the name anew.
  defp await(name, before) do
    case Process.whereis(name) do
      pid when pid in [nil, before] ->
        Process.sleep(1)
        await(name, before)

      pid ->
        pid
    end
  end

  defp resident_kib do
    for process <- Process.list(), do: :erlang.garbage_collect(process)
    status = "/proc/self/status"

    output =
      if File.exists?(status),
        do: Enum.find(File.stream!(status), &(&1 =~ "VmRSS")),
        else: elem(System.cmd("ps", ["-o", "rss=", "-p", System.pid()]), 0)

    [kib] = Regex.run(~r/\d+/, output)
    String.to_integer(kib)
  end
end
