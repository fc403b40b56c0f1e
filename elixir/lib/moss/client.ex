defmodule Moss.Client do
  @moduledoc """
  A project's door to its cloud indexes, its sessions and the indexes that are loaded here.

      iex> {:ok, client} = Moss.Client.new("project", "key", base_url: "memory://moss-client-doc")
      iex> docs = [
      ...>   %Moss.DocumentInfo{id: "1", text: "Returns within 30 days", embedding: [1.0, 0.0]},
      ...>   %Moss.DocumentInfo{id: "2", text: "Shipping is free", embedding: [0.0, 1.0]}
      ...> ]
      iex> {:ok, made} = Moss.Client.create_index(client, "faq", docs)
      iex> made.doc_count
      2
      iex> {:ok, info} = Moss.Client.load_index(client, "faq")
      iex> {info.status, info.model.id}
      {"Ready", "custom"}
      iex> {:ok, found} = Moss.Client.query(client, "faq", "refund", embedding: [1.0, 0.0], top_k: 1)
      iex> Enum.map(found.docs, & &1.id)
      ["1"]
  """

  alias Moss.{IndexManager, ManageClient, Options}

  @derive {Inspect, except: [:project_key]}
  @enforce_keys [:project_id, :project_key, :client_id, :manage_ref, :manager_pid]
  defstruct [:project_id, :project_key, :base_url, :client_id, :manage_ref, :manager_pid]

  @typedoc "A client. `client_id` is a UUID of its own; `base_url` is what was given, if anything was."
  @type t :: %__MODULE__{
          project_id: String.t(),
          project_key: String.t(),
          base_url: String.t() | nil,
          client_id: String.t(),
          manage_ref: ManageClient.t(),
          manager_pid: pid()
        }
  @type docs :: [Moss.DocumentInfo.t() | map()]
  @type error :: {:error, String.t()}

  @doc """
  A client of a project. No network: the key is checked on first use.

  Where the cloud is, first that is set:

  1. `:base_url`: the manage URL of a service (`https://host/v1/manage`), a directory, or the URL of a store that this process opens itself
     (`file://`, `memory://`),
  2. the environment variable `MOSS_CLOUD_API_MANAGE_URL`,
  3. the environment variable `MOSS_STORE`, a directory or store URL,
  4. the embedded store in `~/.moss/store`.

  The process that holds the client's loaded indexes is linked to the caller; it ends when nobody holds the client any
  more.

      iex> {:error, message} = Moss.Client.new("", "key")
      iex> message =~ "MOSS_PROJECT_ID"
      true
  """
  @spec new(String.t(), String.t(), keyword()) :: {:ok, t()} | error()
  def new(project_id, project_key, opts \\ []) when is_list(opts) do
    credentials = [project_id: project_id, project_key: project_key]

    with {:ok, o} <- Options.take(opts, [:base_url]),
         options = [base_url: o.base_url, client_id: uuid()],
         {:ok, manage} <- ManageClient.new(project_id, project_key, options),
         {:ok, manager} <- IndexManager.start_link(credentials ++ options),
         {:ok, :ok} <- MossCore.Nif.manage_tell(manage, manager) do
      fields = credentials ++ options ++ [manage_ref: manage, manager_pid: manager]
      {:ok, struct!(__MODULE__, fields)}
    end
  end

  @doc """
  Opens the session of that name as a process that is linked to the caller; see `Moss.Session`.

  What is stored under the name comes back with its vectors, nothing is embedded; where nothing is stored, the session is
  empty. Credentials are checked and the model is loaded here. On error no process is left.

  | Option | Default | |
  | --- | --- | --- |
  | `:model_id` | the stored one, else `"moss-minilm"` | another model than the stored one is an error |
  | `:server_name` | none | a name to register the process under |
  | `:precision` | `:fp32` | how vectors are held: `:int8` takes a quarter of the memory and ranks a little less exactly |
  | `:auto_load` | `true` | whether to load what is stored; without it the session starts empty, needs no stored model, and a push replaces |
  """
  @spec session(t(), String.t(), keyword()) :: {:ok, pid()} | {:error, String.t() | {:already_started, pid()}}
  def session(%__MODULE__{} = client, index_name, opts \\ []) when is_list(opts) do
    with {:ok, o} <- Options.take(opts, [:model_id, :server_name, :auto_load, :precision]) do
      auto_load = if is_nil(o.auto_load), do: true, else: o.auto_load

      Moss.Holder.start_link(:session_claim, o.server_name, fn ->
        MossCore.Nif.manage_open_session(client.manage_ref, index_name, o.model_id, auto_load, o.precision)
      end)
    end
  end

  @doc """
  Makes a cloud index of these documents and waits until it can be read.

  Without `model_id` it is `"custom"` if the documents carry vectors, else `"moss-minilm"`. A name in use, an empty list
  and a mix of documents with and without vectors are errors.
  """
  @spec create_index(t(), String.t(), docs(), String.t() | nil) :: {:ok, Moss.MutationResult.t()} | error()
  def create_index(%__MODULE__{} = client, name, docs, model_id \\ nil) when is_list(docs) do
    ManageClient.create_index(client.manage_ref, name, docs, model_id)
  end

  @doc "Adds documents to a cloud index; with `upsert: false` known ids are left as they are."
  @spec add_docs(t(), String.t(), docs(), keyword()) :: {:ok, Moss.MutationResult.t()} | error()
  def add_docs(%__MODULE__{} = client, name, docs, opts \\ []) when is_list(docs) and is_list(opts) do
    ManageClient.add_docs(client.manage_ref, name, docs, opts)
  end

  @doc "Deletes documents from a cloud index; unknown ids are ignored."
  @spec delete_docs(t(), String.t(), [String.t()]) :: {:ok, Moss.MutationResult.t()} | error()
  def delete_docs(%__MODULE__{} = client, name, doc_ids) when is_list(doc_ids) do
    ManageClient.delete_docs(client.manage_ref, name, doc_ids)
  end

  @doc "Documents of a cloud index without vectors: those of `:doc_ids`, in that order, or all by id."
  @spec get_docs(t(), String.t(), keyword()) :: {:ok, [Moss.DocumentInfo.t()]} | error()
  def get_docs(%__MODULE__{} = client, name, opts \\ []) when is_list(opts) do
    ManageClient.get_docs(client.manage_ref, name, opts)
  end

  @doc "The newest version of a cloud index."
  @spec get_index(t(), String.t()) :: {:ok, Moss.IndexInfo.t()} | error()
  def get_index(%__MODULE__{} = client, name), do: ManageClient.get_index(client.manage_ref, name)

  @doc "All cloud indexes of the project, by name."
  @spec list_indexes(t()) :: {:ok, [Moss.IndexInfo.t()]} | error()
  def list_indexes(%__MODULE__{} = client), do: ManageClient.list_indexes(client.manage_ref)

  @doc "Deletes a cloud index: `{:ok, true}`."
  @spec delete_index(t(), String.t()) :: {:ok, boolean()} | error()
  def delete_index(%__MODULE__{} = client, name), do: ManageClient.delete_index(client.manage_ref, name)

  @doc "The job of that id, which every change of an index and every push gives."
  @spec get_job_status(t(), String.t()) :: {:ok, Moss.JobStatusResponse.t()} | error()
  def get_job_status(%__MODULE__{} = client, job_id) do
    ManageClient.get_job_status(client.manage_ref, job_id)
  end

  @doc """
  Loads the newest version of a cloud index into memory, and its model; loads it again if it is loaded.

  | Option | Default | |
  | --- | --- | --- |
  | `:auto_refresh` | `false` | whether to follow newer versions |
  | `:polling_interval` | `600` | seconds between two looks for one; below 1 counts as 1 |
  | `:cache_path` | none | a directory that keeps the download: what is current in it is not fetched again, and what is there serves where the cloud cannot be reached |
  """
  @spec load_index(t(), String.t(), keyword()) :: {:ok, Moss.IndexInfo.t()} | error()
  def load_index(%__MODULE__{} = client, name, opts \\ []) when is_list(opts) do
    on_manager(client, :load_index, [name, opts])
  end

  @doc "Frees a loaded index and stops its refreshing: `{:ok, :ok}`."
  @spec unload_index(t(), String.t()) :: {:ok, :ok} | error()
  def unload_index(%__MODULE__{} = client, name), do: on_manager(client, :unload_index, [name])

  @doc "Whether an index is loaded."
  @spec has_index(t(), String.t()) :: boolean()
  def has_index(%__MODULE__{} = client, name) when is_binary(name) do
    on_manager(client, :has_index, [name])
  end

  @doc """
  The documents of a loaded index that answer `text` best. The options are those of `Moss.Session.query/3` but for
  `:group_by`. An index that is not loaded is an error.
  """
  @spec query(t(), String.t(), String.t(), keyword()) :: {:ok, Moss.SearchResult.t()} | error()
  def query(%__MODULE__{} = client, name, text, opts \\ []) when is_list(opts) do
    on_manager(client, :query, [name, text, opts])
  end

  @doc "Loads the newer version of a loaded index if there is one."
  @spec refresh_index(t(), String.t()) :: {:ok, Moss.RefreshResult.t()} | error()
  def refresh_index(%__MODULE__{} = client, name), do: on_manager(client, :refresh_index, [name])

  @doc "What is known of a loaded index."
  @spec get_index_info(t(), String.t()) :: {:ok, Moss.IndexInfo.t()} | error()
  def get_index_info(%__MODULE__{} = client, name), do: on_manager(client, :get_index_info, [name])

  # The index manager ends when nobody holds the client, so it is held until the call is done: by a use that no compiler
  # takes away.
  defp on_manager(client, function, args) do
    result = apply(IndexManager, function, [client.manager_pid | args])
    Function.identity(client)
    result
  end

  # RFC 9562, version 4.
  defp uuid do
    <<a::48, _::4, b::12, _::2, c::62>> = :crypto.strong_rand_bytes(16)
    <<x::32, y::16, z::16, u::16, v::48>> = <<a::48, 4::4, b::12, 2::2, c::62>>

    Enum.map_join([{x, 8}, {y, 4}, {z, 4}, {u, 4}, {v, 12}], "-", fn {part, length} ->
      part |> Integer.to_string(16) |> String.downcase() |> String.pad_leading(length, "0")
    end)
  end
end
