defmodule Moss.IndexInfo do
  @moduledoc """
  A cloud index as its newest version says, or a loaded one as it was loaded.

  | Field | |
  | --- | --- |
  | `id` | stays over pushes |
  | `name` | the name |
  | `version` | changes with each push |
  | `status` | `"NotStarted"`, `"Building"`, `"Ready"` or `"Failed"` |
  | `doc_count` | documents in it |
  | `created_at` | ISO 8601, UTC |
  | `updated_at` | ISO 8601, UTC |
  | `model` | the model it is bound to |
  """

  defstruct [:id, :name, :version, :status, :doc_count, :created_at, :updated_at, :model]

  @type t :: %__MODULE__{
          id: String.t() | nil,
          name: String.t(),
          version: String.t() | nil,
          status: String.t() | nil,
          doc_count: non_neg_integer() | nil,
          created_at: String.t() | nil,
          updated_at: String.t() | nil,
          model: Moss.ModelRef.t() | nil
        }
end
