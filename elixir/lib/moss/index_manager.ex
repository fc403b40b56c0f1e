defmodule Moss.IndexManager do
  @moduledoc """
  The indexes that are loaded into this process. `Moss.Client` starts one and has the same calls.

  As a `Moss.Session` it is a process that only owns the indexes: calls run in the calling process, beside each other.
  The indexes are freed when it ends.
  """

  alias Moss.{Holder, Options}

  @typedoc "The pid of an index manager, or the name that it was started under."
  @type t :: GenServer.server()
  @type error :: {:error, String.t()}

  @doc """
  Starts an index manager that is linked to the caller. No network.

  | Option | |
  | --- | --- |
  | `:project_id`, `:project_key` | the credentials; required |
  | `:base_url` | where the cloud is, see `Moss.Client.new/3` |
  | `:server_name` | a name to register the process under |
  | `:client_id` | accepted, has no effect |
  """
  @spec start_link(keyword()) :: {:ok, pid()} | {:error, String.t() | {:already_started, pid()}}
  def start_link(opts) when is_list(opts) do
    with {:ok, o} <- Options.take(opts, [:project_id, :project_key, :base_url, :client_id, :server_name]) do
      Holder.start_link(:manager_claim, o.server_name, fn ->
        MossCore.Nif.manager_new(o.project_id, o.project_key, Options.base_url(o.base_url), o.client_id)
      end)
    end
  end

  @doc "The specification of an index manager under a supervisor; `opts` are those of `start_link/1`."
  @spec child_spec(keyword()) :: Supervisor.child_spec()
  def child_spec(opts) when is_list(opts) do
    %{id: opts[:server_name] || __MODULE__, start: {__MODULE__, :start_link, [opts]}}
  end

  @doc "See `Moss.Client.load_index/3`."
  @spec load_index(t(), String.t(), keyword()) :: {:ok, Moss.IndexInfo.t()} | error()
  def load_index(manager, name, opts \\ []) when is_list(opts) do
    with {:ok, o} <- Options.take(opts, [:auto_refresh, :polling_interval, :cache_path]) do
      Holder.call(manager, :manager_load_index, [name, o.auto_refresh, o.polling_interval, o.cache_path])
    end
  end

  @doc "See `Moss.Client.unload_index/2`."
  @spec unload_index(t(), String.t()) :: {:ok, :ok} | error()
  def unload_index(manager, name), do: Holder.call(manager, :manager_unload_index, [name])

  @doc "See `Moss.Client.has_index/2`."
  @spec has_index(t(), String.t()) :: boolean()
  def has_index(manager, name) when is_binary(name), do: Holder.call(manager, :manager_has_index, [name])

  @doc "See `Moss.Client.query/4`."
  @spec query(t(), String.t(), String.t(), keyword()) :: {:ok, Moss.SearchResult.t()} | error()
  def query(manager, name, text, opts \\ []) when is_list(opts) do
    with {:ok, o} <- Options.take(opts, [:top_k, :alpha, :filter, :embedding]) do
      Holder.call(manager, :manager_query, [name, text, o.embedding, o.top_k, o.alpha, o.filter])
    end
  end

  @doc "Says whether a loaded index can be asked; loading it has loaded its model."
  @spec load_query_model(t(), String.t()) :: {:ok, :ok} | error()
  def load_query_model(manager, name), do: Holder.call(manager, :manager_load_query_model, [name])

  @doc "See `Moss.Client.refresh_index/2`."
  @spec refresh_index(t(), String.t()) :: {:ok, Moss.RefreshResult.t()} | error()
  def refresh_index(manager, name), do: Holder.call(manager, :manager_refresh_index, [name])

  @doc "See `Moss.Client.get_index_info/2`."
  @spec get_index_info(t(), String.t()) :: {:ok, Moss.IndexInfo.t()} | error()
  def get_index_info(manager, name), do: Holder.call(manager, :manager_get_index_info, [name])
end
