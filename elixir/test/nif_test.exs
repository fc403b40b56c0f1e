defmodule MossCore.NifTest do
  # The published names and arities, called as a published layer would call them.
  use Moss.Case, async: true

  alias MossCore.Nif

  @published [
    session_new: 5,
    session_doc_count: 1,
    session_name: 1,
    session_add_docs: 4,
    session_add_docs_text: 3,
    session_delete_docs: 2,
    session_get_docs: 2,
    session_query: 6,
    session_query_text: 5,
    session_load_model: 1,
    session_load_index: 2,
    session_push_index: 1,
    manager_new: 4,
    manager_load_index: 4,
    manager_unload_index: 2,
    manager_has_index: 2,
    manager_query: 7,
    manager_query_text: 6,
    manager_load_query_model: 2,
    manager_refresh_index: 2,
    manager_get_index_info: 2,
    manage_new: 4,
    manage_validate_credentials: 1
  ]

  test "all published functions are there" do
    exported = Nif.__info__(:functions)
    assert @published -- exported == []
  end

  test "a session by handles alone", %{store: store} do
    {:ok, manage} = Nif.manage_new("project", "key", store, nil)
    {:ok, session} = Nif.manage_open_session(manage, "conv", "custom", true, nil)

    assert {:ok, {2, 0}} =
             Nif.session_add_docs(
               session,
               [%{id: "a", text: "one"}, %{id: "b", text: "two"}],
               [[1.0, 0.0], [0.0, 1.0]],
               true
             )

    assert {:ok, {0, 1}} = Nif.session_add_docs_text(session, [doc("a", "uno", [1.0, 0.0])], true)
    assert {:error, "1 embeddings for 0 documents"} = Nif.session_add_docs(session, [], [[1.0]], true)
    assert {Nif.session_name(session), Nif.session_doc_count(session)} == {"conv", 2}
    assert [%DocumentInfo{text: "uno"}] = Nif.session_get_docs(session, ["a"])
    assert {:ok, %{docs: [%{id: "b"}]}} = Nif.session_query(session, "two", [0.0, 1.0], 1, 0.8, nil)
    assert {:error, _} = Nif.session_query_text(session, "two", 1, 0.8, nil)
    assert Nif.session_load_model(session) == {:ok, :ok}
    assert {:ok, %{doc_count: 2}} = Nif.session_push_index(session)
    assert Nif.session_load_index(session, "conv") == {:ok, 2}
    assert Nif.session_delete_docs(session, ["a"]) == 1
  end

  test "loaded indexes by handles alone", %{client: client, store: store} do
    {:ok, _} = Client.create_index(client, "faq", [doc("a", "x", [1.0])])
    {:ok, manager} = Nif.manager_new("project", "key", store, "client")
    assert Nif.manager_has_index(manager, "faq") == false
    assert {:ok, %{name: "faq"} = info} = Nif.manager_load_index(manager, "faq", false, 600)
    assert Nif.manager_has_index(manager, "faq") == true
    assert Nif.manager_get_index_info(manager, "faq") == {:ok, info}
    assert Nif.manager_load_query_model(manager, "faq") == {:ok, :ok}
    assert {:ok, %{docs: [%{id: "a"}]}} = Nif.manager_query(manager, "faq", "x", [1.0], 5, 0.8, nil)
    assert {:error, _} = Nif.manager_query_text(manager, "faq", "x", 5, 0.8, nil)
    assert {:ok, %{was_updated: false}} = Nif.manager_refresh_index(manager, "faq")
    assert Nif.manager_unload_index(manager, "faq") == {:ok, :ok}
  end

  test "session_new checks the credentials and starts empty" do
    # It has no argument that says where the cloud is, so a VM of its own names one.
    script = """
    {:ok, session} = MossCore.Nif.session_new("conv", "custom", "project", "key", nil)
    0 = MossCore.Nif.session_doc_count(session)
    {:error, message} = MossCore.Nif.session_new("conv", "custom", "project", "other", nil)
    false = message =~ "other"
    IO.puts("checked")
    """

    assert Moss.Test.VM.run(script, env: [{"MOSS_STORE", folder!()}]) == {"checked\n", 0}
  end

  test "what is no handle, or one of the other kind, raises", %{client: client} do
    for wrong <- [make_ref(), "session", nil, client.manage_ref] do
      assert_raise ArgumentError, fn -> Nif.session_name(wrong) end
    end
  end
end
