defmodule Moss.PushIndexResult do
  @moduledoc """
  What a push did; it is done when the call returns.

  | Field | |
  | --- | --- |
  | `job_id` | for `Moss.Client.get_job_status/2` |
  | `index_name` | the session's name |
  | `doc_count` | documents in the pushed version |
  | `status` | `"completed"` |
  | `version` | the pushed version |
  | `conflicts` | ids that both this session and another writer had changed; this session's change was kept |
  """

  defstruct [:job_id, :index_name, :doc_count, :status, :version, conflicts: []]

  @type t :: %__MODULE__{
          job_id: String.t(),
          index_name: String.t(),
          doc_count: non_neg_integer(),
          status: String.t(),
          version: String.t() | nil,
          conflicts: [String.t()]
        }
end
