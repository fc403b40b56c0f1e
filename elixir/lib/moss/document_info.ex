defmodule Moss.DocumentInfo do
  @moduledoc """
  A document: what is added, replaced, found and deleted.

  | Field | |
  | --- | --- |
  | `id` | the key, unique in an index |
  | `text` | what is embedded and searched by keyword |
  | `metadata` | what filters see; string keys, string values |
  | `embedding` | the vector; needed for `custom`, made by the model otherwise |
  | `payload` | an opaque string that comes back with the document; never searched |
  """

  @enforce_keys [:id, :text]
  defstruct [:id, :text, :metadata, :embedding, :payload]

  @type t :: %__MODULE__{
          id: String.t(),
          text: String.t(),
          metadata: %{String.t() => String.t()} | nil,
          embedding: [number()] | nil,
          payload: String.t() | nil
        }
end
