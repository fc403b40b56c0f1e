defmodule Moss.Options do
  @moduledoc false
  # Options of calls, and where the cloud is. What an option's value may be is the library's to say.

  @doc "The options with what is not given as nil; an unknown one is an error, or a typing mistake would not be heard."
  @spec take(keyword(), [atom()]) :: {:ok, map()} | {:error, String.t()}
  def take(opts, known) when is_list(opts) do
    with true <- Keyword.keyword?(opts),
         # Of an option that is given twice the first counts, as everywhere in Elixir.
         opts = Enum.uniq_by(opts, &elem(&1, 0)),
         {:ok, opts} <- Keyword.validate(opts, Enum.map(known, &{&1, nil})) do
      {:ok, Map.new(opts)}
    else
      false -> {:error, "options must be a keyword list"}
      {:error, [unknown | _]} -> {:error, "unknown option #{inspect(unknown)}; known are #{inspect(known)}"}
    end
  end

  @doc """
  Where the cloud is, first that is set: what is given, `MOSS_CLOUD_API_MANAGE_URL`, `MOSS_STORE`.

  The library would look into the environment itself, but sees only that of the operating system, and
  `System.put_env/2` changes another one.
  """
  @spec base_url(term()) :: term()
  def base_url(given) do
    case given || environment("MOSS_CLOUD_API_MANAGE_URL") do
      "embedded:" <> _ = url -> environment("MOSS_STORE") || url
      nil -> environment("MOSS_STORE")
      url -> url
    end
  end

  defp environment(name) do
    case System.get_env(name) do
      "" -> nil
      value -> value
    end
  end
end
