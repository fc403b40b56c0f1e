defmodule Moss.SessionTest do
  use Moss.Case, async: true

  describe "a conversation" do
    test "is added to, asked, corrected and counted", %{client: client} do
      {:ok, session} = Moss.session(client, "conv", model_id: "custom")
      a = doc("a", "a refund please", [1.0, 0.0], metadata: %{"who" => "customer"}, payload: "{}")

      assert Session.add_docs(session, [a, doc("b", "the weather", [0.0, 1.0])]) == {:ok, {2, 0}}

      assert Session.add_docs(session, [%{id: "a", text: "kept", embedding: [1, 0]}], upsert: false) ==
               {:ok, {0, 0}}

      assert Session.add_docs(session, []) == {:ok, {0, 0}}

      assert {Session.name(session), Session.doc_count(session), Session.model_id(session)} ==
               {"conv", 2, "custom"}

      assert Session.get_docs(session, doc_ids: ["a"]) == [a]

      assert {:ok, %Moss.SearchResult{} = found} = Session.query(session, "refund", embedding: [1, 0])
      assert %{query: "refund", index_name: "conv"} = found
      assert is_integer(found.time_taken_ms)

      assert [
               %Moss.QueryResultDoc{id: "a", metadata: %{"who" => "customer"}, payload: "{}"} = best,
               %{id: "b"}
             ] = found.docs

      assert Float.round(best.score, 2) == 1.0

      assert Session.delete_docs(session, ["a", "unknown"]) == 1
      assert Enum.map(Session.get_docs(session), & &1.id) == ["b"]
    end

    test "goes on where it was pushed", %{client: client} do
      session = custom!(client, "conv")
      Session.add_docs(session, [doc("a", "one", [1.0, 0.0])])
      assert {:ok, %Moss.PushIndexResult{} = pushed} = Session.push_index(session)
      assert %{index_name: "conv", doc_count: 1, status: "completed", version: "1", conflicts: []} = pushed

      assert {:ok, resumed} = Client.session(client, "conv")
      assert Session.get_docs(resumed) == Session.get_docs(session)
      assert {:ok, %{status: "completed", progress: 100.0}} = Client.get_job_status(client, pushed.job_id)
    end

    test "of two writers is merged, or refused on demand", %{client: client} do
      [one, two] = [custom!(client), custom!(client)]
      Session.add_docs(one, [doc("a", "one", [1.0])])
      Session.add_docs(two, [doc("a", "two", [1.0]), doc("b", "two", [1.0])])
      {:ok, _} = Session.push_index(one)

      assert {:error, message} = Session.push_index(two, on_conflict: :fail)
      assert message =~ "push"
      assert {:ok, %{doc_count: 2, conflicts: ["a"]}} = Session.push_index(two, on_conflict: "merge")
      assert {:error, message} = Session.push_index(two, on_conflict: :perhaps)
      assert message =~ ~s("perhaps")
    end

    test "is found by words and by meaning", %{client: client} do
      {:ok, session} = Client.session(client, "conv")
      assert Session.model_id(session) == "moss-minilm"
      texts = ["I want my money back", "It rains in Bergen", "The parcel is late"]
      docs = for {text, at} <- Enum.with_index(texts), do: %DocumentInfo{id: "#{at}", text: text}
      {:ok, {3, 0}} = Session.add_docs(session, docs)

      assert {:ok, %{docs: [%{id: "0"} | _]}} = Session.query(session, "refund")
      assert {:ok, %{docs: [%{id: "1"}]}} = Session.query(session, "bergen", alpha: 0)
      assert {:ok, vector} = Session.embed(session, "refund")
      assert length(vector) == 384
      assert {:ok, by_vector} = Session.query(session, "refund", embedding: vector)
      assert {:ok, by_text} = Session.query(session, "refund")
      assert by_vector.docs == by_text.docs
      assert Session.load_model(session) == {:ok, :ok}
    end
  end

  test "load_index takes in another index and keeps the name", %{client: client} do
    {:ok, _} = Client.create_index(client, "faq", [doc("1", "q", [1.0]), doc("2", "q", [2.0])])
    session = custom!(client, "mine")
    assert Session.load_index(session, "faq") == {:ok, 2}
    assert {Session.name(session), Session.doc_count(session)} == {"mine", 2}
    assert Session.load_index(session, "nowhere") == {:ok, 0}
    assert Session.load_index(session, "faq", auto_refresh: true, polling_interval: 60) == {:ok, 2}

    assert {:error, "polling_interval must be an integer, not a string"} =
             Session.load_index(session, "faq", polling_interval: "soon")
  end

  test "is saved to disk and read back", %{client: client, folder: folder} do
    session = custom!(client)
    Session.add_docs(session, [doc("a", "one", [1.0])])
    assert Session.save_to_disk(session, folder) == {:ok, :ok}
    other = custom!(client)
    assert Session.load_from_disk(other, folder) == {:ok, 1}
    assert Session.get_docs(other) == Session.get_docs(session)
    assert Session.load_from_disk(custom!(client, "unsaved"), folder) == {:ok, 0}
  end

  describe "a session of custom vectors" do
    setup %{client: client}, do: %{session: custom!(client)}

    test "says which documents lack one", %{session: session} do
      assert {:error, message} = Session.add_docs(session, [%{id: "lonely", text: ""}])
      assert message =~ "missing .embedding"
      assert message =~ "lonely"
      assert Session.doc_count(session) == 0
    end

    test "says how to ask", %{session: session} do
      assert {:error, message} = Session.query(session, "refund")
      assert message =~ ~s(model_id: "custom" requires a query embedding. Pass embedding: [...])
      assert {:error, _} = Session.embed(session, "refund")
      assert Session.load_model(session) == {:ok, :ok}
    end
  end

  describe "wrong types are errors that name what is wrong:" do
    setup %{client: client}, do: %{session: custom!(client)}

    for {wrong, message} <- [
          {[%{id: 1, text: "x"}], "the id of docs[0] must be a string, not an integer"},
          {[%{text: "x"}], "docs[0] has no :id"},
          {[%{id: "a"}], "docs[0] has no :text"},
          {[%{id: "a", text: nil}], ~s(text of document "a" must be a string, not nil)},
          {[%{id: "a", text: <<255>>}],
           ~s(text of document "a" must be a string, not a binary that is no UTF-8)},
          {[%{id: "a", text: <<1::3>>}], ~s(text of document "a" must be a string, not a bitstring)},
          {[%{id: "a", text: "x", metadata: %{"n" => 1}}],
           ~s("n" of metadata of document "a" must be a string, not an integer)},
          {[%{id: "a", text: "x", metadata: %{n: "1"}}],
           ~s(a key of metadata of document "a" must be a string, not an atom)},
          {[%{id: "a", text: "x", metadata: [{"n", "1"}]}],
           ~s(metadata of document "a" must be a map of strings to strings, not a list)},
          {[%{id: "a", text: "x", embedding: "1"}],
           ~s(embedding of document "a" must be a list, not a string)},
          {[%{id: "a", text: "x", embedding: [1.0, nil]}],
           ~s(number 1 of embedding of document "a" must be a number, not nil)},
          {[%{id: "a", text: "x", embedding: [1.0 | 2.0]}],
           ~s(embedding of document "a" must be a proper list)},
          {[%{id: "a", text: "x", payload: %{}}], ~s(payload of document "a" must be a string, not a map)},
          {[%{:id => "a", "text" => "x"}], "a key of docs[0] must be an atom, not a string"},
          {[%{id: "a", text: "x", score: 1}],
           "docs[0] has the unknown key :score; known are :id, :text, :metadata, :embedding, :payload"},
          {["a"], "docs[0] must be a Moss.DocumentInfo or a map, not a string"},
          {[%{id: "a", text: "x"} | :tail], "docs must be a proper list"}
        ] do
      @wrong wrong
      @message message
      test "documents: #{message}", %{session: session} do
        assert Session.add_docs(session, @wrong) == {:error, @message}
        assert Session.doc_count(session) == 0
      end
    end

    for {opts, message} <- [
          {[top_k: "5"], "top_k must be an integer, not a string"},
          {[top_k: -1], "top_k must be non-negative, got -1"},
          {[top_k: 1.0], "top_k must be an integer, not a float"},
          {[alpha: "1"], "alpha must be a number, not a string"},
          {[alpha: true], "alpha must be a number, not a boolean"},
          {[embedding: %{}], "embedding must be a list, not a map"},
          {[filter: "x"], "filter: must be an object, got a string"},
          {[filter: self()], "filter must be a map, list, string, boolean or number, not a pid"},
          {[group_by: "conv"], "group_by must be a map with :parent_field and :order_field, not a string"},
          {[group_by: %{parent_field: "a"}],
           "group_by must be a map with :parent_field and :order_field, not a map"},
          {[topk: 1], "unknown option :topk; known are [:top_k, :alpha, :filter, :embedding, :group_by]"},
          {[1], "options must be a keyword list"}
        ] do
      @opts Macro.escape(opts)
      @message message
      test "query: #{message}", %{session: session} do
        {opts, _} = Code.eval_quoted(@opts)
        assert {:error, message} = Session.query(session, "x", opts)
        assert message =~ @message
      end
    end

    test "the others", %{session: session} do
      assert Session.query(session, :x) == {:error, "query must be a string, not an atom"}
      assert Session.query(session, nil) == {:error, "query must be a string, not nil"}
      assert Session.embed(session, ["x"]) == {:error, "text must be a string, not a list"}
      assert Session.delete_docs(session, ["a", 1]) == {:error, "doc_ids[1] must be a string, not an integer"}
      assert Session.get_docs(session, doc_ids: "a") == {:error, "doc_ids must be a list, not a string"}
      assert Session.get_docs(session, sort_by: 1) == {:error, "sort_by must be a string, not an integer"}

      assert Session.get_docs(session, ascending: "no") ==
               {:error, "ascending must be a boolean, not a string"}

      assert Session.load_index(session, {}) == {:error, "index_name must be a string, not a tuple"}
      assert Session.save_to_disk(session, ~c"charlist") == {:error, "path must be a string, not a list"}
      assert Session.load_from_disk(session, nil) == {:error, "path must be a string, not nil"}

      assert Session.add_docs(session, [], upsert: "yes") ==
               {:error, "upsert must be a boolean, not a string"}

      assert {:error, _} = Session.push_index(session, on_conflict: 1)
    end

    test "what cannot be meant matches no clause", %{session: session} do
      assert_raise FunctionClauseError, fn -> Session.add_docs(session, "docs") end
      assert_raise FunctionClauseError, fn -> Session.delete_docs(session, "a") end
      assert_raise FunctionClauseError, fn -> Session.query(session, "x", %{top_k: 1}) end
      assert_raise FunctionClauseError, fn -> Session.query("session", "x") end
      assert_raise FunctionClauseError, fn -> Session.start_link("conv") end
    end
  end

  test "options may be nil, which is the default", %{client: client} do
    session = custom!(client)
    docs = for n <- 1..7, do: doc("#{n}", "x", [1.0, n])
    assert {:ok, {7, 0}} = Session.add_docs(session, docs, upsert: nil)
    nils = [top_k: nil, alpha: nil, filter: nil, embedding: [1.0, 0.0], group_by: nil]
    assert {:ok, %{docs: docs}} = Session.query(session, "x", nils)
    assert length(docs) == 5
    assert length(Session.get_docs(session, doc_ids: nil, sort_by: nil)) == 7
  end

  test "numbers beyond 64 bits are limits as good as any", %{client: client} do
    session = custom!(client)
    Session.add_docs(session, [doc("a", "x", [1])])
    assert {:ok, %{docs: [_]}} = Session.query(session, "x", embedding: [1], top_k: 2 ** 100)
    assert {:error, message} = Session.query(session, "x", embedding: [1], top_k: -(2 ** 100))
    assert message =~ "top_k must be non-negative"
    assert {:error, _} = Session.query(session, "x", embedding: [2 ** 2000])
    assert {:error, _} = Session.query(session, "x", embedding: [-(2 ** 2000)])
  end
end
