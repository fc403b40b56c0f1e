defmodule Moss.ModelRef do
  @moduledoc """
  A model.

  | Field | |
  | --- | --- |
  | `id` | such as `"moss-minilm"` or `"custom"` |
  | `version` | nil if unknown |
  """

  defstruct [:id, :version]

  @type t :: %__MODULE__{
          id: String.t(),
          version: String.t() | nil
        }
end
