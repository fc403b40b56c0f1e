# Makes the Hex tarball, moss-VERSION.tar, in a folder with the archives of precompiled libraries, whose checksums it
# knows: `mix run --no-compile --no-start mix/package.exs FOLDER`. It carries the sources of the library too.
#
# The tarball is what Hex defines: https://github.com/hexpm/specifications/blob/main/package_tarball.md
[folder] = System.argv()

config = Mix.Project.config()
version = config[:version]
package = config[:package]
root = Path.expand("../..", __DIR__)
sha256 = fn content -> :crypto.hash(:sha256, content) end

tar = fn path, files, options ->
  files = for {name, content} <- files, do: {String.to_charlist(name), content}
  :ok = :erl_tar.create(String.to_charlist(path), files, options)
end

checksums =
  for path <- Enum.sort(Path.wildcard(Path.join(folder, "moss_nif-#{version}-*.tar.gz"))), into: %{} do
    {Path.basename(path), path |> File.read!() |> sha256.() |> Base.encode16(case: :lower)}
  end

if checksums == %{}, do: Mix.raise("#{folder} holds no archive of a precompiled library")

# What of the repository goes where in the package.
crates = for name <- ~w(moss moss-cloud moss-core moss-models moss-store), do: "crates/#{name}"
sources = for path <- ["Cargo.toml", "Cargo.lock", "bindings/moss-ex" | crates], do: {path, "native/#{path}"}
own = for path <- package[:files], do: {"elixir/#{path}", path}

{tracked, 0} = System.cmd("git", ~w(ls-files -z --cached --others --exclude-standard), cd: root)

files =
  for {here, there} <- own ++ sources,
      path <- String.split(tracked, "\0", trim: true),
      path == here or String.starts_with?(path, here <> "/") do
    {there <> String.replace_prefix(path, here, ""), File.read!(Path.join(root, path))}
  end

files = [{"checksum-moss_nif.exs", inspect(checksums, pretty: true, limit: :infinity)} | files]
contents = Path.join(folder, "contents.tar.gz")
tar.(contents, files, [:compressed])

metadata = [
  {"name", "moss"},
  {"app", "moss"},
  {"version", version},
  {"description", config[:description]},
  {"elixir", config[:elixir]},
  {"build_tools", ["mix"]},
  {"licenses", package[:licenses]},
  {"links", Map.to_list(package[:links])},
  {"requirements", []},
  {"files", Enum.map(files, &elem(&1, 0))}
]

parts = [
  {"VERSION", "3"},
  {"metadata.config", IO.iodata_to_binary(for entry <- metadata, do: :io_lib.format("~tp.~n", [entry]))},
  {"contents.tar.gz", File.read!(contents)}
]

checksum = parts |> Enum.map(&elem(&1, 1)) |> sha256.() |> Base.encode16()
tar.(Path.join(folder, "moss-#{version}.tar"), [{"CHECKSUM", checksum} | parts], [])
File.rm!(contents)
