Code.require_file("mix/moss_nif.exs", __DIR__)

defmodule Moss.MixProject do
  use Mix.Project

  @version "0.1.0"
  @source_url "https://github.com/usemoss/moss"

  def project do
    [
      app: :moss,
      version: @version,
      # 1.14 on OTP 25 is what Debian 12 has, and runs the whole test suite too.
      elixir: "~> 1.14",
      compilers: [:moss_nif | Mix.compilers()],
      start_permanent: Mix.env() == :prod,
      elixirc_paths: elixirc_paths(Mix.env()),
      deps: [],
      description: "Real-time semantic search inside the application",
      source_url: @source_url,
      package: package()
    ]
  end

  # :inets and :ssl fetch a precompiled library while Mix compiles; nothing uses them at run time.
  def application, do: [extra_applications: [:logger, :crypto]]

  defp elixirc_paths(:test), do: ["lib", "test/support"]
  defp elixirc_paths(_), do: ["lib"]

  defp package do
    [
      licenses: ["Apache-2.0"],
      links: %{"GitHub" => @source_url},
      files: ~w(lib mix mix.exs .formatter.exs README.md LICENSE checksum-moss_nif.exs native)
    ]
  end
end
