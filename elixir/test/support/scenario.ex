defmodule Moss.Test.Scenario do
  @moduledoc "One scenario: steps, each a call with what is expected of it."

  import ExUnit.Assertions

  alias Moss.{Client, Session}

  @tolerance 1.0e-4

  @doc "Runs the steps in a folder of their own."
  def run(steps) do
    folder = Moss.Case.folder!()
    {:ok, client} = Client.new("project", "key", base_url: base_url(folder))
    world = %{"client" => client}

    steps
    |> Enum.with_index(1)
    |> Enum.reduce(world, fn {step, number}, world ->
      step(step, world, folder, "step #{number} (#{step["call"]})")
    end)
  end

  defp step(step, world, folder, where) do
    args = step |> Map.get("args", %{}) |> resolve(world)

    case {step["error"], call(step["call"], args, world, folder)} do
      {nil, {:error, message}} ->
        flunk("#{where}: #{inspect(message)}")

      {nil, {:ok, result}} ->
        check(step, plain(result), world, where)
        if step["as"], do: Map.put(world, step["as"], result), else: world

      {_kind, {:error, message}} ->
        for part <- step["contains"] || [], do: assert(message =~ part, where)
        world

      {kind, result} ->
        flunk("#{where} did not fail with #{kind}, but gave #{inspect(result)}")
    end
  end

  defp check(step, result, world, where) do
    docs = if is_map(result), do: result["docs"], else: result
    if step["ids"], do: compare(step["ids"], Enum.map(docs, & &1["id"]), "#{where} ids")
    if step["scores"], do: compare(step["scores"], Enum.map(docs, & &1["score"]), "#{where} scores")
    if step["count"], do: assert(length(docs) == step["count"], where)
    if Map.has_key?(step, "expect"), do: compare(resolve(step["expect"], world), result, where)
  end

  # The store in the folder, or the service before it: see scripts/through-service.
  defp base_url(folder) do
    store = Path.join(folder, "store")

    case System.get_env("MOSS_TEST_SERVICE") do
      nil -> store
      service -> "#{service}/#{Base.encode16(store, case: :lower)}/v1/manage"
    end
  end

  # Every call answers `{:ok, result}` or `{:error, message}` here.
  defp call("open_client", args, _world, folder) do
    Client.new(args["project_id"], args["project_key"], base_url: base_url(folder))
  end

  defp call("damage", args, _world, folder), do: damage(Path.join(folder, args["path"]), args["suffix"])

  defp call(call, args, world, folder) do
    [variable, name] = String.split(call, ".")
    tidy(apply_call(world[variable], name, args, folder))
  end

  defp apply_call(%Client{} = client, name, args, folder) do
    case name do
      "session" ->
        Client.session(client, args["index_name"], options(args, ~w(model_id auto_load precision)a))

      "create_index" ->
        Client.create_index(client, args["name"], docs(args), args["model_id"])

      "add_docs" ->
        Client.add_docs(client, args["name"], docs(args), options(args, [:upsert]))

      "delete_docs" ->
        Client.delete_docs(client, args["name"], args["doc_ids"])

      "get_docs" ->
        Client.get_docs(client, args["name"], options(args, [:doc_ids]))

      "query" ->
        Client.query(client, args["name"], args["query"], options(args, ~w(top_k alpha filter embedding)a))

      "list_indexes" ->
        Client.list_indexes(client)

      "get_job_status" ->
        Client.get_job_status(client, args["job_id"])

      "load_index" ->
        Client.load_index(client, args["name"], options(cached(args, folder), [:cache_path]))

      name ->
        apply(Client, String.to_atom(name), [client, args["name"]])
    end
  end

  defp apply_call(session, name, args, folder) do
    case name do
      "add_docs" ->
        Session.add_docs(session, docs(args), options(args, [:upsert]))

      "delete_docs" ->
        Session.delete_docs(session, args["doc_ids"])

      "get_docs" ->
        Session.get_docs(session, options(args, ~w(doc_ids filter sort_by ascending group_by)a))

      "query" ->
        Session.query(session, args["query"], options(args, ~w(top_k alpha filter embedding group_by)a))

      "push_index" ->
        Session.push_index(session, options(args, [:on_conflict]))

      "load_index" ->
        Session.load_index(session, args["index_name"])

      "save_to_disk" ->
        Session.save_to_disk(session, Path.join(folder, args["path"]))

      "load_from_disk" ->
        Session.load_from_disk(session, Path.join(folder, args["path"]))

      name ->
        apply(Session, String.to_atom(name), [session])
    end
  end

  defp cached(%{"cache_path" => path} = args, folder), do: %{args | "cache_path" => Path.join(folder, path)}
  defp cached(args, _folder), do: args

  defp tidy({status, _} = answer) when status in [:ok, :error], do: answer
  defp tidy(bare), do: {:ok, bare}

  defp docs(args) do
    Enum.map(args["docs"], fn doc ->
      struct!(Moss.DocumentInfo, Map.new(doc, fn {key, value} -> {String.to_atom(key), value} end))
    end)
  end

  defp options(args, names) do
    for name <- names, Map.has_key?(args, to_string(name)) do
      {name, option(name, args[to_string(name)])}
    end
  end

  defp option(:group_by, %{"parent_field" => parent, "order_field" => order}) do
    %{parent_field: parent, order_field: order}
  end

  defp option(_name, value), do: value

  defp damage(folder, suffix) do
    files =
      folder |> Path.join("**/*#{suffix}") |> Path.wildcard(match_dot: true) |> Enum.filter(&File.regular?/1)

    assert files != [], "nothing to damage"

    for file <- files do
      content = File.read!(file)
      kept = byte_size(content) - 1
      <<content::binary-size(kept), last>> = content
      File.write!(file, <<content::binary, Bitwise.bxor(last, 1)>>)
    end

    {:ok, nil}
  end

  # A result as JSON has it.
  defp plain(%_{} = struct), do: struct |> Map.from_struct() |> plain_fields()
  defp plain(tuple) when is_tuple(tuple), do: tuple |> Tuple.to_list() |> plain()
  defp plain(list) when is_list(list), do: Enum.map(list, &plain/1)
  defp plain(other), do: other

  defp plain_fields(map), do: Map.new(map, fn {key, value} -> {to_string(key), plain(value)} end)

  # The value with references, repetitions and odd floats replaced by what they stand for.
  defp resolve(%{"$ref" => path}, world) do
    [variable, field] = String.split(path, ".")
    world[variable] |> plain() |> Map.fetch!(field)
  end

  defp resolve(%{"$repeat" => [text, times]}, _world) when is_binary(text), do: String.duplicate(text, times)
  defp resolve(%{"$repeat" => [list, times]}, _world), do: list |> List.duplicate(times) |> Enum.concat()
  # Elixir has neither: what it has in their place is a number beyond f32, and no number.
  defp resolve(%{"$float" => "inf"}, _world), do: 1.0e300
  defp resolve(%{"$float" => "-inf"}, _world), do: -1.0e300
  defp resolve(%{"$float" => "nan"}, _world), do: :nan
  defp resolve(%{} = map, world), do: Map.new(map, fn {key, value} -> {key, resolve(value, world)} end)
  defp resolve(list, world) when is_list(list), do: Enum.map(list, &resolve(&1, world))
  defp resolve(value, _world), do: value

  defp compare(expected, got, where) do
    assert matches?(expected, got), "#{where}: expected #{inspect(expected)}, got #{inspect(got)}"
  end

  defp matches?(%{"$not" => unwanted}, got), do: not matches?(unwanted, got)

  defp matches?(%{} = fields, %{} = got) do
    Enum.all?(fields, fn
      {"metadata", value} -> value == got["metadata"]
      {key, value} -> matches?(value, got[key])
    end)
  end

  defp matches?(items, got) when is_list(items) and is_list(got) do
    length(items) == length(got) and
      Enum.all?(Enum.zip(items, got), fn {item, got} -> matches?(item, got) end)
  end

  defp matches?(number, got) when is_number(number) and is_number(got), do: abs(number - got) <= @tolerance
  defp matches?(expected, got), do: expected === got
end
