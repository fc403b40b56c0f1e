defmodule Moss.PageTest do
  # The examples of docs/elixir.md, in order, with one store and the names of those before. One that is followed by a `text`
  # block must print exactly that.
  use ExUnit.Case, async: false

  import ExUnit.CaptureIO

  @page Path.expand("../../docs/elixir.md", __DIR__)
  @external_resource @page

  test "the examples of the page print what they say" do
    folder = Moss.Case.folder!()
    before = System.get_env("MOSS_STORE")
    System.put_env("MOSS_STORE", folder)

    on_exit(fn ->
      if before, do: System.put_env("MOSS_STORE", before), else: System.delete_env("MOSS_STORE")
    end)

    blocks = Regex.scan(~r/^```(elixir|text)\n(.*?)^```$/ms, File.read!(@page), capture: :all_but_first)

    examples =
      for {["elixir", code], at} <- Enum.with_index(blocks), do: {code, expected(Enum.at(blocks, at + 1))}

    assert length(examples) >= 9

    Enum.reduce(examples, [], fn {code, expected}, bindings ->
      test = self()

      printed =
        capture_io(fn ->
          send(test, {:bindings, Code.eval_string(code, bindings, env()) |> elem(1)})
        end)

      assert printed == expected, "#{code}\nprinted:\n#{printed}"
      assert_received {:bindings, bindings}
      bindings
    end)
  end

  defp expected(["text", text]), do: text
  defp expected(_), do: ""

  # The aliases of the first example count in all of them.
  defp env do
    alias Moss.{Client, DocumentInfo, Session}
    _ = {Client, DocumentInfo, Session}
    __ENV__
  end
end
