defmodule Moss.SearchResult do
  @moduledoc """
  The answer to a query.

  | Field | |
  | --- | --- |
  | `docs` | best first |
  | `query` | the text as asked |
  | `index_name` | the index or session that was asked |
  | `time_taken_ms` | whole milliseconds, often 0 |
  """

  defstruct [:docs, :query, :index_name, :time_taken_ms]

  @type t :: %__MODULE__{
          docs: [Moss.QueryResultDoc.t()],
          query: String.t(),
          index_name: String.t() | nil,
          time_taken_ms: non_neg_integer() | nil
        }
end
