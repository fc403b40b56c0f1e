defmodule Moss.ClientTest do
  use Moss.Case, async: true

  test "a client is a struct that does not show its key", %{client: client, store: store} do
    assert %Client{project_id: "project", project_key: "key", base_url: ^store} = client
    assert client.client_id =~ ~r/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
    assert is_reference(client.manage_ref) and is_pid(client.manager_pid)
    {:ok, other} = Client.new("project", "key", base_url: store)
    assert client.client_id != other.client_id
    refute inspect(client) =~ ~s("key")
  end

  test "empty, wrong and misspelt arguments of a client are errors", %{store: store} do
    assert {:error, message} = Client.new("", "key")
    assert message =~ "MOSS_PROJECT_ID"
    assert {:error, message} = Client.new("project", "")
    assert message =~ "MOSS_PROJECT_KEY"
    assert Client.new(nil, "key") == {:error, "project_id must be a string, not nil"}
    assert Client.new("project", :key) == {:error, "project_key must be a string, not an atom"}
    assert Client.new("project", "key", base_url: 1) == {:error, "base_url must be a string, not an integer"}
    assert {:error, "unknown option :url" <> _} = Client.new("project", "key", url: store)
    assert_raise FunctionClauseError, fn -> Client.new("project", "key", %{}) end
  end

  test "a cloud index from making to deleting", %{client: client} do
    docs = [doc("a", "one", [1.0, 0.0], metadata: %{"n" => "1"}), doc("b", "two", [0.0, 1.0])]

    assert {:ok, %Moss.MutationResult{index_name: "faq", doc_count: 2} = made} =
             Client.create_index(client, "faq", docs)

    assert {:ok, %Moss.JobStatusResponse{status: "completed"}} = Client.get_job_status(client, made.job_id)
    assert {:error, _} = Client.create_index(client, "faq", docs)

    assert {:ok, %Moss.IndexInfo{name: "faq", status: "Ready", doc_count: 2} = info} =
             Client.get_index(client, "faq")

    assert %Moss.ModelRef{id: "custom"} = info.model
    assert Client.list_indexes(client) == {:ok, [info]}

    assert {:ok, %{doc_count: 1}} = Client.add_docs(client, "faq", [doc("c", "three", [1.0, 1.0])])

    assert {:ok, %{doc_count: 1}} =
             Client.add_docs(client, "faq", [doc("a", "kept", [1.0, 1.0])], upsert: false)

    assert {:ok, %{doc_count: 2}} = Client.delete_docs(client, "faq", ["b", "unknown"])

    assert {:ok, [%DocumentInfo{id: "a", text: "one", metadata: %{"n" => "1"}}, %{id: "c"}]} =
             Client.get_docs(client, "faq")

    assert {:ok, [%{id: "c"}]} = Client.get_docs(client, "faq", doc_ids: ["c", "b"])

    assert Client.delete_index(client, "faq") == {:ok, true}
    assert {:error, message} = Client.get_index(client, "faq")
    assert message =~ "faq"
  end

  test "without a model, the documents decide", %{client: client} do
    assert {:ok, _} = Client.create_index(client, "words", [%DocumentInfo{id: "a", text: "refund"}])
    assert {:ok, %{model: %{id: "moss-minilm"}}} = Client.get_index(client, "words")

    assert {:error, message} =
             Client.create_index(client, "mixed", [%DocumentInfo{id: "a", text: ""}, doc("b", "", [1.0])])

    assert message =~ "missing .embedding"
    assert {:error, message} = Client.create_index(client, "none", [])
    assert message =~ "at least one document"
    assert {:error, message} = Client.create_index(client, "odd", [doc("a", "", [1.0])], "no-such-model")
    assert message =~ "no-such-model"
  end

  test "a loaded index is asked, refreshed and unloaded", %{client: client} do
    {:ok, _} = Client.create_index(client, "faq", [doc("a", "refund", [1.0, 0.0])])
    refute Client.has_index(client, "faq")
    assert {:error, message} = Client.query(client, "faq", "refund")
    assert message =~ "faq"

    assert {:ok, %Moss.IndexInfo{doc_count: 1} = info} =
             Client.load_index(client, "faq", auto_refresh: false, polling_interval: 600)

    assert Client.has_index(client, "faq")
    assert Client.get_index_info(client, "faq") == {:ok, info}

    assert {:ok, %{docs: [%{id: "a"}], index_name: "faq"}} =
             Client.query(client, "faq", "refund", embedding: [1, 0])

    assert {:error, message} = Client.query(client, "faq", "refund")
    assert message =~ "requires explicit query embeddings"
    assert message =~ "Pass embedding:"

    assert {:ok, %Moss.RefreshResult{was_updated: false}} = Client.refresh_index(client, "faq")
    {:ok, _} = Client.add_docs(client, "faq", [doc("b", "late", [0.0, 1.0])])
    assert {:ok, %{docs: [_]}} = Client.query(client, "faq", "late", embedding: [0, 1])
    assert {:ok, %{was_updated: true}} = Client.refresh_index(client, "faq")
    assert {:ok, %{docs: [%{id: "b"}, _]}} = Client.query(client, "faq", "late", embedding: [0, 1])

    assert Client.unload_index(client, "faq") == {:ok, :ok}
    assert {:error, _} = Client.unload_index(client, "faq")
    assert {:error, _} = Client.get_index_info(client, "faq")
    assert {:error, _} = Client.refresh_index(client, "faq")
    assert {:error, _} = Client.load_index(client, "nowhere")
  end

  test "wrong types are errors or match no clause", %{client: client} do
    assert Client.get_index(client, :faq) == {:error, "name must be a string, not an atom"}
    assert Client.get_job_status(client, 1) == {:error, "job_id must be a string, not an integer"}
    assert Client.load_index(client, nil) == {:error, "name must be a string, not nil"}
    assert {:error, "auto_refresh" <> _} = Client.load_index(client, "faq", auto_refresh: 1)
    assert {:error, "doc_ids[0]" <> _} = Client.delete_docs(client, "faq", [:a])
    assert {:error, "name" <> _} = Client.session(client, nil)
    assert {:error, "precision must be :fp32 or :int8" <> _} = Client.session(client, "s", precision: :int4)
    assert {:error, "cache_path" <> _} = Client.load_index(client, "faq", cache_path: 1)
    assert {:error, "model_id" <> _} = Client.session(client, "s", model_id: :custom)
    assert {:error, "auto_load" <> _} = Client.session(client, "s", auto_load: "no")
    assert_raise FunctionClauseError, fn -> Client.has_index(client, :faq) end
    assert_raise FunctionClauseError, fn -> Client.get_index(Map.delete(client, :__struct__), "faq") end
    assert_raise FunctionClauseError, fn -> Client.create_index(client, "faq", "docs") end
  end

  test "the environment says where the cloud is, also when it changes while the program runs", %{
    folder: folder
  } do
    script = """
    System.put_env("MOSS_STORE", #{inspect(Path.join(folder, "a"))})
    {:ok, client} = Moss.client("project", "key")
    {:ok, _} = Moss.Client.create_index(client, "i", [%{id: "1", text: "", embedding: [1]}])
    System.put_env("MOSS_CLOUD_API_MANAGE_URL", "embedded:///v1/manage")
    {:ok, client} = Moss.client("project", "key")
    {:ok, [%{name: "i"}]} = Moss.Client.list_indexes(client)
    {:ok, client} = Moss.client("project", "key", base_url: #{inspect(Path.join(folder, "b"))})
    {:ok, []} = Moss.Client.list_indexes(client)
    System.put_env("MOSS_CLOUD_API_MANAGE_URL", #{inspect(Path.join(folder, "b"))})
    {:ok, client} = Moss.client("project", "key")
    {:ok, []} = Moss.Client.list_indexes(client)
    IO.puts("found")
    """

    assert Moss.Test.VM.run(script) == {"found\n", 0}
  end
end
