defmodule Moss.BuildTest do
  # How the precompiled library gets into the package; `scripts/test-elixir` also installs and runs a whole package so.
  use ExUnit.Case, async: true

  alias Mix.Tasks.Compile.MossNif

  @target "x86_64-unknown-linux-gnu"

  setup do
    folder = Moss.Case.folder!()
    name = MossNif.archive_name(@target)
    archive = Path.join(folder, name)
    inside = String.to_charlist(Path.join(Path.basename(name, ".tar.gz"), "native/libmoss_nif.so"))
    :ok = :erl_tar.create(String.to_charlist(archive), [{inside, "the library"}], [:compressed])
    checksum = :sha256 |> :crypto.hash(File.read!(archive)) |> Base.encode16(case: :lower)
    checksums = Path.join(folder, "checksum-moss_nif.exs")
    File.write!(checksums, inspect(%{name => checksum}))
    %{folder: folder, archive: archive, checksums: checksums, into: Path.join(folder, "priv")}
  end

  defp installed(into), do: File.read(Path.join(into, "native/libmoss_nif.so"))

  test "an archive with the right checksum is installed, once", %{folder: folder, into: into} = setup do
    MossNif.install_archive(setup.checksums, @target, folder, into)
    assert installed(into) == {:ok, "the library"}

    File.rm!(setup.archive)
    MossNif.install_archive(setup.checksums, @target, folder, into)
    assert installed(into) == {:ok, "the library"}
  end

  test "any other archive is refused, and nothing of it is installed",
       %{folder: folder, into: into} = setup do
    File.write!(setup.archive, "x", [:append])

    assert_raise Mix.Error, ~r/damaged, or not the released one/, fn ->
      MossNif.install_archive(setup.checksums, @target, folder, into)
    end

    assert installed(into) == {:error, :enoent}
  end

  test "a machine without an archive is told how to build", %{folder: folder, into: into} = setup do
    assert_raise Mix.Error, ~r/no precompiled library for vax-unknown-linux-gnu.*MOSS_NIF_BUILD=1/, fn ->
      MossNif.install_archive(setup.checksums, "vax-unknown-linux-gnu", folder, into)
    end
  end

  test "an archive comes by HTTP as well", %{folder: folder, into: into} = setup do
    MossNif.start([:inets])
    place = String.to_charlist(folder)

    options = [
      port: 0,
      bind_address: {127, 0, 0, 1},
      server_name: ~c"archives",
      server_root: place,
      document_root: place
    ]

    {:ok, server} = apply(:inets, :start, [:httpd, options])
    on_exit(fn -> apply(:inets, :stop, [:httpd, server]) end)
    url = "http://127.0.0.1:#{apply(:httpd, :info, [server])[:port]}"

    MossNif.install_archive(setup.checksums, @target, url, into)
    assert installed(into) == {:ok, "the library"}

    File.rm_rf!(into)
    File.rm!(setup.archive)

    assert_raise Mix.Error, ~r/answered 404/, fn ->
      MossNif.install_archive(setup.checksums, @target, url, into)
    end
  end

  test "this machine is named as Rust names it" do
    assert {"host: " <> host, 0} =
             System.cmd("sh", ["-c", "rustc -vV 2>/dev/null | grep ^host || echo host: #{MossNif.target()}"])

    assert String.trim(host) == MossNif.target()
  end
end
