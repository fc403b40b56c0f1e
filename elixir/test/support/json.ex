defmodule Moss.Test.JSON do
  @moduledoc "JSON for the tests: of OTP 27, or of Debian's package erlang-jiffy before it."

  @doc "The value of a JSON file, null as nil."
  def read!(path) do
    text = File.read!(path)

    if Code.ensure_loaded?(:json) do
      {value, :ok, ""} = apply(:json, :decode, [text, :ok, %{null: nil}])
      value
    else
      apply(:jiffy, :decode, [text, [:return_maps, :use_nil]])
    end
  end
end
