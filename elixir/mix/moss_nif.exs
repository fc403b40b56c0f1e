defmodule Mix.Tasks.Compile.MossNif do
  @moduledoc """
  Puts the native library of Moss into `priv/native`.
  """

  use Mix.Task.Compiler

  @crate "moss-ex"

  @impl true
  def run(_args) do
    source = source_dir() || Mix.raise("no sources of Moss")
    install(build(source))
    Mix.Project.build_structure()
    {:ok, []}
  end

  defp source_dir do
    dir = Path.expand("../..", __DIR__)
    if File.exists?(Path.join(dir, "bindings/#{@crate}/Cargo.toml")), do: dir
  end

  defp build(source) do
    release = if Mix.env() == :prod, do: ["--release"], else: []
    args = ["build", "--package", @crate, "--message-format", "json-render-diagnostics" | release]

    case System.cmd("cargo", args, cd: source) do
      {output, 0} -> library_in(output)
      {_, code} -> Mix.raise("cargo build of Moss failed with status #{code}")
    end
  end

  defp library_in(output) do
    case Regex.run(~r/"([^"]*moss_nif\.(?:so|dylib|dll))"/, output) do
      [_, path] -> path
      nil -> Mix.raise("cargo built no library")
    end
  end

  defp install(library) do
    target = Path.expand("../priv/native/libmoss_nif.so", __DIR__)

    unless File.exists?(target) and File.stat!(target).mtime >= File.stat!(library).mtime do
      File.mkdir_p!(Path.dirname(target))
      temporary = target <> ".new"
      File.cp!(library, temporary)
      File.rename!(temporary, target)
    end
  end
end
