defmodule Moss.ManageClient do
  @moduledoc """
  The calls that manage cloud indexes, on a reference. `Moss.Client` has the same calls with the reference inside.

      iex> {:ok, manage} = Moss.ManageClient.new("project", "key", base_url: "memory://moss-manage-doc")
      iex> Moss.ManageClient.validate_credentials(manage)
      {:ok, :ok}
      iex> Moss.ManageClient.list_indexes(manage)
      {:ok, []}
  """

  alias Moss.Options
  alias MossCore.Nif

  @typedoc "What `new/3` gives."
  @type t :: reference()
  @type error :: {:error, String.t()}

  @doc "A reference for a project; options `:base_url`, as in `Moss.Client.new/3`, and `:client_id`. No network."
  @spec new(String.t(), String.t(), keyword()) :: {:ok, t()} | error()
  def new(project_id, project_key, opts \\ []) when is_list(opts) do
    with {:ok, o} <- Options.take(opts, [:base_url, :client_id]) do
      Nif.manage_new(project_id, project_key, Options.base_url(o.base_url), o.client_id)
    end
  end

  @doc "Checks the credentials with the cloud."
  @spec validate_credentials(t()) :: {:ok, :ok} | error()
  def validate_credentials(manage) when is_reference(manage), do: Nif.manage_validate_credentials(manage)

  @doc "See `Moss.Client.create_index/4`."
  @spec create_index(t(), String.t(), [Moss.DocumentInfo.t() | map()], String.t() | nil) ::
          {:ok, Moss.MutationResult.t()} | error()
  def create_index(manage, name, docs, model_id \\ nil) when is_reference(manage) and is_list(docs) do
    Nif.manage_create_index(manage, name, docs, model_id)
  end

  @doc "See `Moss.Client.add_docs/4`."
  @spec add_docs(t(), String.t(), [Moss.DocumentInfo.t() | map()], keyword()) ::
          {:ok, Moss.MutationResult.t()} | error()
  def add_docs(manage, name, docs, opts \\ [])
      when is_reference(manage) and is_list(docs) and is_list(opts) do
    with {:ok, o} <- Options.take(opts, [:upsert]) do
      Nif.manage_add_docs(manage, name, docs, o.upsert)
    end
  end

  @doc "See `Moss.Client.delete_docs/3`."
  @spec delete_docs(t(), String.t(), [String.t()]) :: {:ok, Moss.MutationResult.t()} | error()
  def delete_docs(manage, name, doc_ids) when is_reference(manage) and is_list(doc_ids) do
    Nif.manage_delete_docs(manage, name, doc_ids)
  end

  @doc "See `Moss.Client.get_docs/3`."
  @spec get_docs(t(), String.t(), keyword()) :: {:ok, [Moss.DocumentInfo.t()]} | error()
  def get_docs(manage, name, opts \\ []) when is_reference(manage) and is_list(opts) do
    with {:ok, o} <- Options.take(opts, [:doc_ids]) do
      Nif.manage_get_docs(manage, name, o.doc_ids)
    end
  end

  @doc "See `Moss.Client.get_index/2`."
  @spec get_index(t(), String.t()) :: {:ok, Moss.IndexInfo.t()} | error()
  def get_index(manage, name) when is_reference(manage), do: Nif.manage_get_index(manage, name)

  @doc "See `Moss.Client.list_indexes/1`."
  @spec list_indexes(t()) :: {:ok, [Moss.IndexInfo.t()]} | error()
  def list_indexes(manage) when is_reference(manage), do: Nif.manage_list_indexes(manage)

  @doc "See `Moss.Client.delete_index/2`."
  @spec delete_index(t(), String.t()) :: {:ok, boolean()} | error()
  def delete_index(manage, name) when is_reference(manage), do: Nif.manage_delete_index(manage, name)

  @doc "See `Moss.Client.get_job_status/2`."
  @spec get_job_status(t(), String.t()) :: {:ok, Moss.JobStatusResponse.t()} | error()
  def get_job_status(manage, job_id) when is_reference(manage), do: Nif.manage_get_job_status(manage, job_id)
end
