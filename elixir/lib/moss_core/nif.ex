defmodule MossCore.Nif do
  @moduledoc """
  The native library, function by function.

  For the modules of `Moss`; applications call those. A handle is freed with the process that claims it, or with the last
  reference to it. Arguments are checked by the library: what is wrong with one is an error, and nothing raises but a
  handle of the wrong kind (`ArgumentError`). nil stands for the default of an option.

  Nothing here blocks a scheduler that runs Elixir: calls that embed or search run on dirty CPU schedulers, those that
  reach disk or network on dirty I/O schedulers. A call runs to its end even if its caller is killed.
  """

  @on_load :load

  @typedoc "A handle to a session."
  @type session :: reference()
  @typedoc "A handle to a client."
  @type client :: reference()
  @typedoc "What went wrong; `:closed` when the owner of the handle has ended."
  @type error :: {:error, String.t()} | {:error, :closed}

  @doc false
  def load do
    path = :moss |> :code.priv_dir() |> Path.join("native/libmoss_nif")
    :erlang.load_nif(String.to_charlist(path), 0)
  end

  ## Sessions

  @doc "An empty session of a named model, its credentials checked. Loads nothing. `client_id` may be nil."
  @spec session_new(String.t(), String.t() | nil, String.t(), String.t(), String.t() | nil) ::
          {:ok, session()} | error()
  def session_new(_name, _model_id, _project_id, _project_key, _client_id), do: missing()

  @doc "Makes the calling process the owner: when it ends, the content is freed."
  @spec session_claim(session()) :: {:ok, :ok} | error()
  def session_claim(_session), do: missing()

  @doc "The session's name."
  @spec session_name(session()) :: String.t() | error()
  def session_name(_session), do: missing()

  @doc "How many documents it holds."
  @spec session_doc_count(session()) :: non_neg_integer() | error()
  def session_doc_count(_session), do: missing()

  @doc "The model in force."
  @spec session_model_id(session()) :: String.t() | error()
  def session_model_id(_session), do: missing()

  @doc "Adds documents. `embeddings` is a list of vectors, one for each document, or nil: then each document's own counts."
  @spec session_add_docs(
          session(),
          [Moss.DocumentInfo.t() | map()],
          [[number()] | nil] | nil,
          boolean() | nil
        ) :: {:ok, {non_neg_integer(), non_neg_integer()}} | error()
  def session_add_docs(_session, _docs, _embeddings, _upsert), do: missing()

  @doc "`session_add_docs/4` with nil for `embeddings`."
  @spec session_add_docs_text(session(), [Moss.DocumentInfo.t() | map()], boolean() | nil) ::
          {:ok, {non_neg_integer(), non_neg_integer()}} | error()
  def session_add_docs_text(_session, _docs, _upsert), do: missing()

  @doc "`session_add_docs_text/3` for a long batch: it leaves the dirty CPU schedulers to queries."
  @spec session_add_many(session(), [Moss.DocumentInfo.t() | map()], boolean() | nil) ::
          {:ok, {non_neg_integer(), non_neg_integer()}} | error()
  def session_add_many(_session, _docs, _upsert), do: missing()

  @doc "Removes documents: how many there were."
  @spec session_delete_docs(session(), [String.t()] | nil) :: non_neg_integer() | error()
  def session_delete_docs(_session, _doc_ids), do: missing()

  @doc "Documents by id, in that order; nil gives all by id."
  @spec session_get_docs(session(), [String.t()] | nil) :: [Moss.DocumentInfo.t()] | error()
  def session_get_docs(_session, _doc_ids), do: missing()

  @doc "Documents by id, filter and order, folded by parent."
  @spec session_get_docs(
          session(),
          [String.t()] | nil,
          map() | nil,
          String.t() | nil,
          boolean() | nil,
          map() | nil
        ) :: [Moss.DocumentInfo.t()] | error()
  def session_get_docs(_session, _doc_ids, _filter, _sort_by, _ascending, _group_by), do: missing()

  @doc "Asks with the query's vector, or with nil in words."
  @spec session_query(session(), String.t(), [number()] | nil, integer() | nil, number() | nil, map() | nil) ::
          {:ok, Moss.SearchResult.t()} | error()
  def session_query(_session, _query, _embedding, _top_k, _alpha, _filter), do: missing()

  @doc "The same, with siblings folded into one result."
  @spec session_query(
          session(),
          String.t(),
          [number()] | nil,
          integer() | nil,
          number() | nil,
          map() | nil,
          map() | nil
        ) :: {:ok, Moss.SearchResult.t()} | error()
  def session_query(_session, _query, _embedding, _top_k, _alpha, _filter, _group_by), do: missing()

  @doc "Asks in words."
  @spec session_query_text(session(), String.t(), integer() | nil, number() | nil, map() | nil) ::
          {:ok, Moss.SearchResult.t()} | error()
  def session_query_text(_session, _query, _top_k, _alpha, _filter), do: missing()

  @doc "The vector that a query of this text searches by."
  @spec session_embed(session(), String.t()) :: {:ok, [float()]} | error()
  def session_embed(_session, _text), do: missing()

  @doc "Loads the model, so that the first query need not."
  @spec session_load_model(session()) :: {:ok, :ok} | error()
  def session_load_model(_session), do: missing()

  @doc "Replaces the content by that of a cloud index."
  @spec session_load_index(session(), String.t()) :: {:ok, non_neg_integer()} | error()
  def session_load_index(_session, _index_name), do: missing()

  @doc "The same; with `auto_refresh` the session follows the index. The interval is in seconds."
  @spec session_load_index(session(), String.t(), boolean() | nil, integer() | nil) ::
          {:ok, non_neg_integer()} | error()
  def session_load_index(_session, _index_name, _auto_refresh, _polling_interval), do: missing()

  @doc "Stores the session under its name."
  @spec session_push_index(session()) :: {:ok, Moss.PushIndexResult.t()} | error()
  def session_push_index(_session), do: missing()

  @doc "The same; `on_conflict` is `:merge`, `:replace`, `:fail` or nil."
  @spec session_push_index(session(), atom() | String.t() | nil) :: {:ok, Moss.PushIndexResult.t()} | error()
  def session_push_index(_session, _on_conflict), do: missing()

  @doc "Writes the session below `path`."
  @spec session_save_to_disk(session(), String.t()) :: {:ok, :ok} | error()
  def session_save_to_disk(_session, _path), do: missing()

  @doc "Reads what was written there."
  @spec session_load_from_disk(session(), String.t()) :: {:ok, non_neg_integer()} | error()
  def session_load_from_disk(_session, _path), do: missing()

  ## Loaded indexes

  @doc "A holder of loaded indexes. No I/O. The last two may be nil."
  @spec manager_new(String.t(), String.t(), String.t() | nil, String.t() | nil) :: {:ok, client()} | error()
  def manager_new(_project_id, _project_key, _base_url, _client_id), do: missing()

  @doc "Makes the calling process the owner: when it ends, the loaded indexes are freed."
  @spec manager_claim(client()) :: {:ok, :ok} | error()
  def manager_claim(_manager), do: missing()

  @doc "Loads the newest version of an index; the interval is in seconds."
  @spec manager_load_index(client(), String.t(), boolean() | nil, integer() | nil) ::
          {:ok, Moss.IndexInfo.t()} | error()
  def manager_load_index(_manager, _name, _auto_refresh, _polling_interval), do: missing()

  @doc "The same; downloads are kept in a directory."
  @spec manager_load_index(client(), String.t(), boolean() | nil, integer() | nil, String.t() | nil) ::
          {:ok, Moss.IndexInfo.t()} | error()
  def manager_load_index(_manager, _name, _auto_refresh, _polling_interval, _cache_path), do: missing()

  @doc "Frees a loaded index."
  @spec manager_unload_index(client(), String.t()) :: {:ok, :ok} | error()
  def manager_unload_index(_manager, _name), do: missing()

  @doc "Whether it is loaded."
  @spec manager_has_index(client(), String.t()) :: boolean() | error()
  def manager_has_index(_manager, _name), do: missing()

  @doc "Asks a loaded index with the query's vector, or with nil in words."
  @spec manager_query(
          client(),
          String.t(),
          String.t(),
          [number()] | nil,
          integer() | nil,
          number() | nil,
          map() | nil
        ) :: {:ok, Moss.SearchResult.t()} | error()
  def manager_query(_manager, _name, _query, _embedding, _top_k, _alpha, _filter), do: missing()

  @doc "Asks a loaded index in words."
  @spec manager_query_text(client(), String.t(), String.t(), integer() | nil, number() | nil, map() | nil) ::
          {:ok, Moss.SearchResult.t()} | error()
  def manager_query_text(_manager, _name, _query, _top_k, _alpha, _filter), do: missing()

  @doc "Says whether the loaded index can be asked in words; loading has warmed its model."
  @spec manager_load_query_model(client(), String.t()) :: {:ok, :ok} | error()
  def manager_load_query_model(_manager, _name), do: missing()

  @doc "Loads the newer version of a loaded index if there is one."
  @spec manager_refresh_index(client(), String.t()) :: {:ok, Moss.RefreshResult.t()} | error()
  def manager_refresh_index(_manager, _name), do: missing()

  @doc "What is known of a loaded index."
  @spec manager_get_index_info(client(), String.t()) :: {:ok, Moss.IndexInfo.t()} | error()
  def manager_get_index_info(_manager, _name), do: missing()

  ## Cloud indexes

  @doc "A client of the cloud. No I/O. The last two may be nil."
  @spec manage_new(String.t(), String.t(), String.t() | nil, String.t() | nil) :: {:ok, client()} | error()
  def manage_new(_project_id, _project_key, _base_url, _client_id), do: missing()

  @doc "Sends `:unreferenced` to a process once nobody holds this handle any more."
  @spec manage_tell(client(), pid()) :: {:ok, :ok}
  def manage_tell(_manage, _heir), do: missing()

  @doc "Checks the credentials with the cloud."
  @spec manage_validate_credentials(client()) :: {:ok, :ok} | error()
  def manage_validate_credentials(_manage), do: missing()

  @doc "Makes an index; nil for `model_id` is `custom` if a document has a vector, else the default."
  @spec manage_create_index(client(), String.t(), [Moss.DocumentInfo.t() | map()], String.t() | nil) ::
          {:ok, Moss.MutationResult.t()} | error()
  def manage_create_index(_manage, _name, _docs, _model_id), do: missing()

  @doc "Adds documents."
  @spec manage_add_docs(client(), String.t(), [Moss.DocumentInfo.t() | map()], boolean() | nil) ::
          {:ok, Moss.MutationResult.t()} | error()
  def manage_add_docs(_manage, _name, _docs, _upsert), do: missing()

  @doc "Deletes documents."
  @spec manage_delete_docs(client(), String.t(), [String.t()] | nil) ::
          {:ok, Moss.MutationResult.t()} | error()
  def manage_delete_docs(_manage, _name, _doc_ids), do: missing()

  @doc "Documents by id, in that order; nil gives all by id."
  @spec manage_get_docs(client(), String.t(), [String.t()] | nil) :: {:ok, [Moss.DocumentInfo.t()]} | error()
  def manage_get_docs(_manage, _name, _doc_ids), do: missing()

  @doc "The newest version of an index."
  @spec manage_get_index(client(), String.t()) :: {:ok, Moss.IndexInfo.t()} | error()
  def manage_get_index(_manage, _name), do: missing()

  @doc "All indexes, by name."
  @spec manage_list_indexes(client()) :: {:ok, [Moss.IndexInfo.t()]} | error()
  def manage_list_indexes(_manage), do: missing()

  @doc "Deletes an index."
  @spec manage_delete_index(client(), String.t()) :: {:ok, boolean()} | error()
  def manage_delete_index(_manage, _name), do: missing()

  @doc "A job."
  @spec manage_get_job_status(client(), String.t()) :: {:ok, Moss.JobStatusResponse.t()} | error()
  def manage_get_job_status(_manage, _job_id), do: missing()

  @doc "A session as it is stored; without `auto_load` an empty one of a named model. `precision` is `:fp32`, `:int8` or nil."
  @spec manage_open_session(client(), String.t(), String.t() | nil, boolean(), atom() | String.t() | nil) ::
          {:ok, session()} | error()
  def manage_open_session(_manage, _name, _model_id, _auto_load, _precision), do: missing()

  defp missing, do: :erlang.nif_error(:nif_not_loaded)
end
