defmodule Moss.Test.VM do
  @moduledoc "A second Erlang VM, for what has to be said before a VM starts."

  @doc "Runs Elixir code with the library on its path: its output, and its exit status."
  def run(code, options \\ []) do
    flags = if options[:erl], do: ["--erl", options[:erl]], else: []
    path = :moss |> :code.lib_dir() |> Path.join("ebin")
    args = flags ++ ["-pa", path, "-e", code]
    System.cmd("elixir", args, env: options[:env] || [], stderr_to_stdout: true)
  end
end
