defmodule Moss.QueryResultDoc do
  @moduledoc """
  A document that a query found.

  | Field | |
  | --- | --- |
  | `id` | the key |
  | `text` | the text |
  | `score` | how well it answers, 0.0 to 1.0 |
  | `metadata` | the metadata |
  | `payload` | the payload |
  """

  defstruct [:id, :text, :score, :metadata, :payload]

  @type t :: %__MODULE__{
          id: String.t(),
          text: String.t(),
          score: float(),
          metadata: %{String.t() => String.t()} | nil,
          payload: String.t() | nil
        }
end
