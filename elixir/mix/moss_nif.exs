defmodule Mix.Tasks.Compile.MossNif do
  @moduledoc """
  Puts the native library of Moss into `priv/native`: precompiled, with the model beside it, where the package lists an
  archive for this machine, else built from source by cargo.

  A released package has `checksum-moss_nif.exs`, a map of archive names to SHA-256; a clone of the repository has none and
  builds. No Hex package is needed for either.

  | Environment | |
  | --- | --- |
  | `MOSS_NIF_BUILD` | `1` or `true` builds from source in any case |
  | `MOSS_NIF_ARCHIVES` | where the archives are, in place of the release page: a directory, or an http(s) URL |
  """

  use Mix.Task.Compiler

  @root Path.expand("..", __DIR__)
  @release "https://github.com/usemoss/moss/releases/download"
  # Of the calls that the library makes to the runtime; every OTP since 22 has them.
  @nif_version "2.15"

  @impl true
  def run(_args) do
    checksums = Path.join(@root, "checksum-moss_nif.exs")

    if build?() or not File.exists?(checksums),
      do: install_library(build()),
      else: install_archive(checksums, target(), archives(), priv())

    Mix.Project.build_structure()
    {:ok, []}
  end

  @impl true
  def clean, do: File.rm_rf!(priv())

  defp build?, do: System.get_env("MOSS_NIF_BUILD") in ["1", "true"]
  defp priv, do: Path.join(@root, "priv")
  defp version, do: Mix.Project.config()[:version]

  defp archives do
    case System.get_env("MOSS_NIF_ARCHIVES") do
      empty when empty in [nil, ""] -> "#{@release}/v#{version()}"
      place -> place
    end
  end

  @doc "The name of the archive for a target, such as `moss_nif-0.1.0-nif-2.15-x86_64-unknown-linux-gnu.tar.gz`."
  def archive_name(target), do: "moss_nif-#{version()}-nif-#{@nif_version}-#{target}.tar.gz"

  @doc "This machine, as Rust names it."
  def target do
    architecture = to_string(:erlang.system_info(:system_architecture))

    processor =
      case architecture |> String.split("-") |> hd() do
        arm when arm in ["arm", "arm64"] -> "aarch64"
        "amd64" -> "x86_64"
        processor -> processor
      end

    case :os.type() do
      {:win32, _} ->
        "x86_64-pc-windows-msvc"

      {:unix, :darwin} ->
        "#{processor}-apple-darwin"

      {:unix, system} ->
        "#{processor}-unknown-#{system}-#{if architecture =~ "musl", do: "musl", else: "gnu"}"
    end
  end

  @doc """
  Puts the content of a target's archive in the place of a directory, unless it is there already.

  `checksums` is the file that lists the archives, `place` the directory or URL where they are. Nothing of an archive
  is looked at before its checksum is right.
  """
  def install_archive(checksums, target, place, priv) do
    start([:crypto])
    name = archive_name(target)
    {known, _} = Code.eval_file(checksums)
    checksum = known[name] || Mix.raise("Moss has no precompiled library for #{target}. " <> how_to_build())

    unless File.read(Path.join(priv, "checksum")) == {:ok, checksum} do
      archive = read_archive(place, name)
      actual = :sha256 |> :crypto.hash(archive) |> Base.encode16(case: :lower)

      if actual != checksum do
        Mix.raise(
          "#{name} from #{place} has the SHA-256 #{actual}, not #{checksum}: damaged, or not the released one"
        )
      end

      unpack(archive, Path.basename(name, ".tar.gz"), checksum, priv)
    end
  end

  @doc "Starts applications of Erlang, which Mix hides from projects that do not name them, from Elixir 1.15 on."
  def start(applications) do
    for application <- applications do
      if function_exported?(Mix, :ensure_application!, 1), do: apply(Mix, :ensure_application!, [application])
      {:ok, _} = Application.ensure_all_started(application)
    end
  end

  # The folder of the archive becomes the directory when it is whole.
  defp unpack(archive, folder, checksum, priv) do
    unpacked = priv <> ".new"
    File.rm_rf!(unpacked)
    :ok = :erl_tar.extract({:binary, archive}, [:compressed, cwd: String.to_charlist(unpacked)])
    File.write!(Path.join([unpacked, folder, "checksum"]), checksum)
    File.rm_rf!(priv)
    File.rename!(Path.join(unpacked, folder), priv)
    File.rm_rf!(unpacked)
  end

  defp read_archive("http" <> _ = url, name) do
    start([:inets, :ssl])
    url = String.to_charlist("#{url}/#{name}")
    Mix.shell().info("Downloading #{url}")

    tls = [
      verify: :verify_peer,
      cacerts: :public_key.cacerts_get(),
      customize_hostname_check: [match_fun: :public_key.pkix_verify_hostname_match_fun(:https)]
    ]

    case :httpc.request(:get, {url, []}, [ssl: tls], body_format: :binary) do
      {:ok, {{_, 200, _}, _headers, body}} -> body
      {:ok, {{_, status, _}, _, _}} -> Mix.raise("#{url} answered #{status}. " <> how_to_build())
      {:error, reason} -> Mix.raise("#{url} was not reached: #{inspect(reason)}. " <> how_to_build())
    end
  end

  defp read_archive(directory, name) do
    path = Path.join(directory, name)

    case File.read(path) do
      {:ok, archive} -> archive
      {:error, reason} -> Mix.raise("#{path}: #{:file.format_error(reason)}. " <> how_to_build())
    end
  end

  defp how_to_build do
    "Set MOSS_NIF_BUILD=1 to build it with cargo, or MOSS_NIF_ARCHIVES to a directory with the archive."
  end

  # The path of the library that cargo built.
  defp build do
    System.find_executable("cargo") ||
      Mix.raise("cargo is missing: Moss is built with Rust 1.91 or later, https://rustup.rs")

    release = if Mix.env() == :prod, do: ["--release"], else: []

    args =
      ["build", "--message-format", "json-render-diagnostics", "--package", "moss-ex"] ++ release ++ source()

    case System.cmd("cargo", args, cd: @root) do
      {output, 0} -> library_in(output)
      {_, status} -> Mix.raise("cargo build of Moss failed with status #{status}")
    end
  end

  # A package carries the sources in `native`, and in a clone this is a folder of them.
  defp source do
    [packaged, cloned] = for folder <- ["native", ".."], do: Path.expand("#{folder}/Cargo.toml", @root)

    cond do
      File.exists?(packaged) ->
        ["--manifest-path", packaged, "--target-dir", Path.join(Mix.Project.build_path(), "moss_nif")]

      File.exists?(cloned) ->
        ["--manifest-path", cloned]

      true ->
        Mix.raise("the sources of Moss are not here")
    end
  end

  defp library_in(output) do
    case Regex.run(~r/"([^"]*moss_nif\.(?:so|dylib|dll))"/, output) do
      [_, path] -> path
      nil -> Mix.raise("cargo built no library for this machine")
    end
  end

  defp install_library(built) do
    installed = Path.join([priv(), "native", "libmoss_nif" <> extension()])

    # `priv` serves all environments of Mix, and each has a library of its own.
    %{mtime: mtime, size: size} = File.stat!(built)
    origin = inspect({built, mtime, size})
    mark = Path.join(priv(), "built_from")

    unless File.exists?(installed) and File.read(mark) == {:ok, origin} do
      # What came with an archive goes, its model too.
      File.rm_rf!(priv())
      File.mkdir_p!(Path.dirname(installed))
      # A new file: one that is mapped is never written to.
      File.cp!(built, installed)
      File.write!(mark, origin)
    end
  end

  # The runtime loads `.so` on every Unix, whatever the system calls its libraries.
  defp extension, do: if(match?({:win32, _}, :os.type()), do: ".dll", else: ".so")
end
