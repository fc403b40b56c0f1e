defmodule Moss.Session do
  @moduledoc """
  A read-write index in memory, stored under its name by `push_index/2`.

  A session is a process that owns the index. Calls take its pid or name and run in the calling process: reads run in
  parallel, also beside a long write; writes are serialised; a query sees a whole batch or none of it. After opening, no
  call but `push_index/2` and `load_index/2` leaves the machine. The index is freed when the process ends; end it with
  `GenServer.stop/1`. A call to a session that has ended exits, as every `GenServer.call/3` does.

  Two sessions of one name do not see each other until one pushes and the other opens the name again or pushes too.

      iex> {:ok, client} = Moss.Client.new("project", "key", base_url: "memory://moss-session-doc")
      iex> {:ok, session} = Moss.Client.session(client, "conv-123", model_id: "custom")
      iex> Moss.Session.add_docs(session, [
      ...>   %Moss.DocumentInfo{id: "turn-1", text: "I want a refund", embedding: [1.0, 0.0]},
      ...>   %Moss.DocumentInfo{id: "turn-2", text: "What is the weather?", embedding: [0.0, 1.0]}
      ...> ])
      {:ok, {2, 0}}
      iex> {:ok, found} = Moss.Session.query(session, "refund", embedding: [1.0, 0.0], top_k: 1)
      iex> Enum.map(found.docs, &{&1.id, Float.round(&1.score, 2)})
      [{"turn-1", 1.0}]
      iex> {:ok, pushed} = Moss.Session.push_index(session)
      iex> {pushed.doc_count, pushed.status}
      {2, "completed"}
      iex> {:ok, resumed} = Moss.Client.session(client, "conv-123")
      iex> {Moss.Session.doc_count(resumed), Moss.Session.model_id(resumed)}
      {2, "custom"}

  ## Under a supervisor

      children = [
        {Moss.Session,
         name: "conv-123",
         model_id: "moss-minilm",
         auto_load: true,
         project_id: "my-project",
         project_key: "my-key",
         server_name: MyApp.Conversation}
      ]

  With `auto_load: true` a restarted session comes back as it was last pushed; without it, it starts empty.
  """

  alias Moss.{Holder, Options}

  # Documents of a batch that is embedded in a fraction of a second.
  @short 16

  @typedoc "A session: its pid, or the name that it was started under."
  @type t :: GenServer.server()

  @doc """
  Starts a session that is linked to the caller, its credentials checked.

  It starts empty; what is stored under its name comes with `load_index/2`, or at once with `auto_load: true`.
  `Moss.Client.session/3` is the shorter way.

  | Option | |
  | --- | --- |
  | `:name` | the session's name, 1 to 256 bytes; required |
  | `:project_id`, `:project_key` | the credentials; required |
  | `:model_id` | the model; required unless `:auto_load` is true, which adopts the stored one |
  | `:server_name` | a name to register the process under, as `:name` of `GenServer.start_link/3` |
  | `:base_url` | where the cloud is; default from the environment, see `Moss.Client.new/3` |
  | `:auto_load` | whether to load what is stored; default false |
  | `:precision` | how vectors are held, `:fp32` or `:int8`; see `Moss.Client.session/3` |
  | `:client_id` | accepted, has no effect |

  Whatever fails is returned as `{:error, reason}`; the caller lives on.

      iex> {:error, message} = Moss.Session.start_link(name: "s", model_id: "custom", project_id: "p", project_key: "")
      iex> message =~ "MOSS_PROJECT_KEY"
      true
  """
  @spec start_link(keyword()) :: {:ok, pid()} | {:error, String.t() | {:already_started, pid()}}
  def start_link(opts) when is_list(opts) do
    known = [
      :name,
      :model_id,
      :project_id,
      :project_key,
      :client_id,
      :server_name,
      :base_url,
      :auto_load,
      :precision
    ]

    with {:ok, o} <- Options.take(opts, known) do
      Holder.start_link(:session_claim, o.server_name, fn ->
        url = Options.base_url(o.base_url)
        auto_load = if is_nil(o.auto_load), do: false, else: o.auto_load

        with {:ok, manage} <- MossCore.Nif.manage_new(o.project_id, o.project_key, url, o.client_id) do
          MossCore.Nif.manage_open_session(manage, o.name, o.model_id, auto_load, o.precision)
        end
      end)
    end
  end

  @doc "The specification of a session under a supervisor; `opts` are those of `start_link/1`."
  @spec child_spec(keyword()) :: Supervisor.child_spec()
  def child_spec(opts) when is_list(opts) do
    %{id: opts[:server_name] || {__MODULE__, opts[:name]}, start: {__MODULE__, :start_link, [opts]}}
  end

  @doc "The session's name, which is that of the index it pushes."
  @spec name(t()) :: String.t()
  def name(session), do: Holder.call(session, :session_name, [])

  @doc "How many documents the session holds."
  @spec doc_count(t()) :: non_neg_integer()
  def doc_count(session), do: Holder.call(session, :session_doc_count, [])

  @doc "The id of the model in force."
  @spec model_id(t()) :: String.t()
  def model_id(session), do: Holder.call(session, :session_model_id, [])

  @doc """
  Adds documents: how many were new, how many replaced one of their id.

  All or nothing, and visible to the next query. A document is a `Moss.DocumentInfo` or a map with the same atom keys. A
  built-in model embeds the text of documents without an `embedding`; `custom` wants one in each, or the error says
  `missing .embedding` and the ids.

  | Option | Default | |
  | --- | --- | --- |
  | `:upsert` | `true` | whether a known id is replaced, or left as it is and counted in neither |
  """
  @spec add_docs(t(), [Moss.DocumentInfo.t() | map()], keyword()) ::
          {:ok, {added :: non_neg_integer(), updated :: non_neg_integer()}} | {:error, String.t()}
  def add_docs(session, docs, opts \\ []) when is_list(docs) and is_list(opts) do
    with {:ok, o} <- Options.take(opts, [:upsert]) do
      function = if longer?(docs, @short), do: :session_add_many, else: :session_add_docs_text
      Holder.call(session, function, [docs, o.upsert])
    end
  end

  # `length/1` would raise for a list without a proper end, which the library names.
  defp longer?([_ | rest], count), do: count == 0 or longer?(rest, count - 1)
  defp longer?(_end, _count), do: false

  @doc "Removes documents: how many there were. Unknown ids are ignored. Ids that are no strings are an error."
  @spec delete_docs(t(), [String.t()]) :: non_neg_integer() | {:error, String.t()}
  def delete_docs(session, doc_ids) when is_list(doc_ids) do
    Holder.call(session, :session_delete_docs, [doc_ids])
  end

  @doc """
  Documents, without ranking. What is wrong with an option is an error.

  | Option | Default | |
  | --- | --- | --- |
  | `:doc_ids` | all | only these, in this order; unknown ids are left out |
  | `:filter` | none | only those that match, a filter as in `query/3` |
  | `:sort_by` | id | the metadata field to sort by, as numbers where both are numbers |
  | `:ascending` | `true` | whether the smallest comes first; documents without the field are last |
  | `:group_by` | none | `%{parent_field: "...", order_field: "..."}`: siblings joined into one document |

  Vectors come back for `custom` only.
  """
  @spec get_docs(t(), keyword()) :: [Moss.DocumentInfo.t()] | {:error, String.t()}
  def get_docs(session, opts \\ []) when is_list(opts) do
    with {:ok, o} <- Options.take(opts, [:doc_ids, :filter, :sort_by, :ascending, :group_by]) do
      Holder.call(session, :session_get_docs, [o.doc_ids, o.filter, o.sort_by, o.ascending, o.group_by])
    end
  end

  @doc """
  The documents that answer `text` best, by descending score from 0.0 to 1.0.

  | Option | Default | |
  | --- | --- | --- |
  | `:top_k` | `5` | documents at most |
  | `:alpha` | `0.8` | 1.0 ranks by meaning, 0.0 by keywords |
  | `:filter` | none | a map with string keys, `%{"field" => "city", "condition" => %{"$eq" => "Oslo"}}` |
  | `:embedding` | none | the query's vector; needed for `custom` |
  | `:group_by` | none | `%{parent_field: "...", order_field: "..."}`: siblings folded into one result |
  """
  @spec query(t(), String.t(), keyword()) :: {:ok, Moss.SearchResult.t()} | {:error, String.t()}
  def query(session, text, opts \\ []) when is_list(opts) do
    with {:ok, o} <- Options.take(opts, [:top_k, :alpha, :filter, :embedding, :group_by]) do
      args = [text, o.embedding, o.top_k, o.alpha, o.filter, o.group_by]
      Holder.call(session, :session_query, args)
    end
  end

  @doc "The vector that a query of this text searches by. A session of `custom` has none."
  @spec embed(t(), String.t()) :: {:ok, [float()]} | {:error, String.t()}
  def embed(session, text), do: Holder.call(session, :session_embed, [text])

  @doc "Loads the session's model; opening has done so already. Nothing to do for `custom`."
  @spec load_model(t()) :: {:ok, :ok} | {:error, String.t()}
  def load_model(session), do: Holder.call(session, :session_load_model, [])

  @doc """
  Replaces the content by that of a cloud index: its number of documents, 0 and no change if there is none. The session
  keeps its own name. An index of another model is an error.

  | Option | Default | |
  | --- | --- | --- |
  | `:auto_refresh` | `false` | whether to take in newer versions of the index; pauses while changes of this session are not pushed, and for good after one if the index has another name than the session |
  | `:polling_interval` | `600` | seconds between two looks for one; below 1 counts as 1 |
  """
  @spec load_index(t(), String.t(), keyword()) :: {:ok, non_neg_integer()} | {:error, String.t()}
  def load_index(session, index_name, opts \\ []) when is_list(opts) do
    with {:ok, o} <- Options.take(opts, [:auto_refresh, :polling_interval]) do
      Holder.call(session, :session_load_index, [index_name, o.auto_refresh, o.polling_interval])
    end
  end

  @doc """
  Stores the session under its name, with its vectors: whoever opens the name after this returns sees it. Only changes
  since the last push travel. After an error cloud and session are as before, and pushing again is safe.

  | Option | Default | |
  | --- | --- | --- |
  | `:on_conflict` | `:merge` | what happens if somebody pushed meanwhile: `:merge` by id, where this session's changes win; `:replace` all; `:fail` with an error. The first push of a session that was started without loading replaces by default |
  """
  @spec push_index(t(), keyword()) :: {:ok, Moss.PushIndexResult.t()} | {:error, String.t()}
  def push_index(session, opts \\ []) when is_list(opts) do
    with {:ok, o} <- Options.take(opts, [:on_conflict]) do
      Holder.call(session, :session_push_index, [o.on_conflict])
    end
  end

  @doc "Writes the session to `path/<name>/`, atomically."
  @spec save_to_disk(t(), Path.t()) :: {:ok, :ok} | {:error, String.t()}
  def save_to_disk(session, path), do: Holder.call(session, :session_save_to_disk, [path])

  @doc "Reads what `save_to_disk/2` wrote for a session of this name: its number of documents, 0 if there is nothing."
  @spec load_from_disk(t(), Path.t()) :: {:ok, non_neg_integer()} | {:error, String.t()}
  def load_from_disk(session, path), do: Holder.call(session, :session_load_from_disk, [path])
end
