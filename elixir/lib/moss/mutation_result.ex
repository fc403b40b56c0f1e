defmodule Moss.MutationResult do
  @moduledoc """
  What a change of a cloud index did; it is done when the call returns.

  | Field | |
  | --- | --- |
  | `job_id` | for `Moss.Client.get_job_status/2` |
  | `index_name` | the index |
  | `doc_count` | documents or ids in the request |
  """

  defstruct [:job_id, :index_name, :doc_count]

  @type t :: %__MODULE__{
          job_id: String.t(),
          index_name: String.t(),
          doc_count: non_neg_integer()
        }
end
