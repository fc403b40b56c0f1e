defmodule Moss do
  @moduledoc """
  Real-time semantic search inside the application.

  Open a session by name, add what was just said, ask for what matters now. Text is embedded and searched in this
  process; `Moss.Session.push_index/2` stores the session under its name, and whoever opens that name next, in any
  process, device or language, goes on with nothing embedded again.

      {:ok, client} = Moss.client("my-project", "my-key")
      {:ok, session} = Moss.session(client, "conv-123")

      {:ok, {1, 0}} =
        Moss.Session.add_docs(session, [%Moss.DocumentInfo{id: "turn-1", text: "I want my money back"}])

      {:ok, found} = Moss.Session.query(session, "refund")
      {:ok, _} = Moss.Session.push_index(session)

  | Module | What |
  | --- | --- |
  | `Moss.Client` | credentials, cloud indexes, loaded indexes |
  | `Moss.Session` | one read-write index in memory |
  """

  @doc """
  A client of a project: `Moss.Client.new/3`.

      iex> {:ok, client} = Moss.client("project", "key", base_url: "memory://moss-client")
      iex> client.project_id
      "project"
  """
  @spec client(String.t(), String.t(), keyword()) :: {:ok, Moss.Client.t()} | {:error, String.t()}
  defdelegate client(project_id, project_key, opts \\ []), to: Moss.Client, as: :new

  @doc """
  Opens the session of that name: `Moss.Client.session/3`.

      iex> {:ok, client} = Moss.client("project", "key", base_url: "memory://moss-session")
      iex> {:ok, session} = Moss.session(client, "conv-123", model_id: "custom")
      iex> Moss.Session.name(session)
      "conv-123"
  """
  @spec session(Moss.Client.t(), String.t(), keyword()) :: {:ok, pid()} | {:error, term()}
  defdelegate session(client, index_name, opts \\ []), to: Moss.Client
end
