defmodule Moss.DocTest do
  use ExUnit.Case, async: true

  doctest Moss
  doctest Moss.Client
  doctest Moss.Session
  doctest Moss.ManageClient
end
