defmodule Moss.RefreshResult do
  @moduledoc """
  What a refresh of a loaded index did.

  | Field | |
  | --- | --- |
  | `index_name` | the index |
  | `previous_updated_at` | when the copy held before was made |
  | `new_updated_at` | when the copy held now was made |
  | `was_updated` | whether the two differ |
  """

  defstruct [:index_name, :previous_updated_at, :new_updated_at, :was_updated]

  @type t :: %__MODULE__{
          index_name: String.t(),
          previous_updated_at: String.t(),
          new_updated_at: String.t(),
          was_updated: boolean()
        }
end
