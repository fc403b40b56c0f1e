defmodule Moss.JobStatusResponse do
  @moduledoc """
  A job of the cloud.

  | Field | |
  | --- | --- |
  | `job_id` | its id |
  | `status` | `"pending_upload"`, `"uploading"`, `"building"`, `"completed"` or `"failed"` |
  | `progress` | 0.0 to 100.0, never falling |
  | `current_phase` | what is being done while it builds |
  | `error` | why it failed |
  | `created_at` | ISO 8601, UTC |
  | `updated_at` | ISO 8601, UTC |
  | `completed_at` | ISO 8601, UTC; nil until it ended |
  """

  defstruct [:job_id, :status, :progress, :current_phase, :error, :created_at, :updated_at, :completed_at]

  @type t :: %__MODULE__{
          job_id: String.t(),
          status: String.t(),
          progress: float(),
          current_phase: String.t() | nil,
          error: String.t() | nil,
          created_at: String.t() | nil,
          updated_at: String.t() | nil,
          completed_at: String.t() | nil
        }
end
