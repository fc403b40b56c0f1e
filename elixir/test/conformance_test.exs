defmodule Moss.ConformanceTest do
  # Runs the language-neutral scenarios of `crates/moss-conformance`; its README explains the format. Errors are text
  # here, so that of an error only the words of `contains` are compared.
  use ExUnit.Case, async: true

  alias Moss.Test.{JSON, Scenario}

  @conformance Path.expand("../../crates/moss-conformance", __DIR__)
  # What this language has of the optional parts.
  @has ~w(auto_load cache_path local_query precision refresh_index)

  for file <- @conformance |> Path.join("scenarios/*.json") |> Path.wildcard() |> Enum.sort(),
      scenario <- JSON.read!(file)["scenarios"],
      scenario |> Map.get("needs", []) |> Enum.all?(&(&1 in @has)) do
    @steps scenario["steps"]
    test "#{Path.basename(file, ".json")}: #{scenario["name"]}", do: Scenario.run(@steps)
  end

  # Every filter vector, asked through a session that holds one document.
  cases = JSON.read!(Path.join(@conformance, "vectors/filters.json"))
  @count length(cases)
  test "all filter vectors are here", do: assert(@count == 111)

  for one <- cases do
    @one one
    test "filter: #{one["name"]}" do
      asked = %{"call" => "s.get_docs", "args" => %{"filter" => @one["filter"]}}

      asked =
        if @one["error"],
          do: Map.put(asked, "error", "InvalidFilter"),
          else: Map.put(asked, "count", if(@one["matches"], do: 1, else: 0))

      doc = %{"id" => "a", "text" => "", "embedding" => [1], "metadata" => @one["metadata"]}

      Scenario.run([
        %{"call" => "client.session", "args" => %{"index_name" => "s", "model_id" => "custom"}, "as" => "s"},
        %{"call" => "s.add_docs", "args" => %{"docs" => [doc]}, "expect" => [1, 0]},
        asked
      ])
    end
  end
end
