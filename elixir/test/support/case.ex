defmodule Moss.Case do
  @moduledoc "A fresh store for every test, in a folder of its own, and a client of it."

  use ExUnit.CaseTemplate

  using do
    quote do
      import Moss.Case
      alias Moss.{Client, DocumentInfo, Session}
    end
  end

  setup do
    folder = folder!()
    {:ok, client} = Moss.Client.new("project", "key", base_url: Path.join(folder, "store"))
    %{client: client, folder: folder, store: Path.join(folder, "store")}
  end

  @doc "An empty folder that is removed after the test."
  def folder! do
    folder = Path.join(System.tmp_dir!(), "moss-#{System.unique_integer([:positive])}-#{System.pid()}")
    File.mkdir_p!(folder)
    ExUnit.Callbacks.on_exit(fn -> File.rm_rf!(folder) end)
    folder
  end

  @doc "A session of the model `custom`."
  def custom!(client, name \\ "s") do
    {:ok, session} = Moss.Client.session(client, name, model_id: "custom")
    session
  end

  @doc "A document with a vector."
  def doc(id, text, embedding, rest \\ []) do
    struct!(Moss.DocumentInfo, [id: id, text: text, embedding: embedding] ++ rest)
  end
end
