defmodule Moss.SerializedIndex do
  @moduledoc """
  An index as one value. Part of the published surface; Moss stores indexes as files of its own, and no call returns this.
  """

  defstruct [:name, :version, :model, :dimension, :embeddings, :doc_ids]

  @type t :: %__MODULE__{
          name: String.t(),
          version: String.t() | nil,
          model: Moss.ModelRef.t(),
          dimension: pos_integer(),
          embeddings: [[number()]],
          doc_ids: [String.t()]
        }
end
