defmodule Moss.FilterTest do
  # What only an Elixir term can say; the grammar is tested by the vectors in `conformance_test.exs`.
  use Moss.Case, async: true

  setup %{client: client} do
    session = custom!(client)

    {:ok, _} =
      Session.add_docs(session, [
        doc("a", "x", [1.0], metadata: %{"n" => "12345678901234567890123", "b" => "true"})
      ])

    %{ask: fn filter -> Session.get_docs(session, filter: filter) end}
  end

  defp condition(field, condition), do: %{"field" => field, "condition" => condition}

  test "integers of any length and booleans compare by what they look like", %{ask: ask} do
    assert [%{id: "a"}] = ask.(condition("n", %{"$eq" => 12_345_678_901_234_567_890_123}))
    assert [] = ask.(condition("n", %{"$eq" => 12_345_678_901_234_567_890_124}))
    assert [%{id: "a"}] = ask.(condition("n", %{"$in" => [1, 12_345_678_901_234_567_890_123]}))
    assert [%{id: "a"}] = ask.(condition("b", %{"$eq" => true}))
    assert [] = ask.(condition("b", %{"$eq" => false}))
  end

  test "an integer of a hundred thousand digits is refused", %{ask: ask} do
    assert {:error, message} = ask.(condition("n", %{"$eq" => 2 ** 400_000}))
    assert message == "condition.$eq has too many digits"
  end

  test "keys must be strings", %{ask: ask} do
    assert {:error, message} = ask.(%{field: "n", condition: %{"$eq" => "1"}})
    assert message =~ ~s(a key of filter must be a string, as in %{"field" => "city"}, not an atom)
    assert {:error, message} = ask.(condition("n", %{1 => "1"}))
    assert message =~ "a key of condition must be a string"
  end

  test "terms that are no data are refused where they stand", %{ask: ask} do
    for term <- [self(), make_ref(), &is_atom/1, {1, 2}, :atom, <<1::3>>, <<255>>] do
      assert {:error, message} = ask.(condition("n", %{"$in" => ["1", term]}))
      assert message =~ "condition.$in[1]"
    end

    assert {:error, message} = ask.(condition("n", %{"$in" => ["1" | "2"]}))
    assert message =~ "condition.$in must be a proper list"
    assert {:error, _} = ask.(condition("n", %{"$eq" => ~D[2026-11-21]}))
    assert {:error, _} = ask.(condition("n", %{"$eq" => nil}))
  end

  test "depth without end is refused", %{ask: ask} do
    deep = Enum.reduce(1..100_000, condition("n", %{"$eq" => "1"}), fn _, inner -> %{"$and" => [inner]} end)
    assert {:error, message} = ask.(deep)
    assert message =~ "nested too deeply"
    assert {:error, _} = ask.(Enum.reduce(1..100_000, [], fn _, inner -> [inner] end))
  end

  test "a filter that is none", %{ask: ask} do
    for filter <- [[], "", 1, true, %{}], do: assert({:error, _} = ask.(filter))
    assert [_] = ask.(nil)
  end
end
