defmodule Moss.CredentialsInfo do
  @moduledoc """
  The project that credentials belong to. Part of the published surface; Moss keeps projects by id alone, and no call
  returns this.
  """

  defstruct [:project_name, :project_id]

  @type t :: %__MODULE__{project_name: String.t() | nil, project_id: String.t()}
end
