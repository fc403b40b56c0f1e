defmodule Moss.Holder do
  @moduledoc false
  # The process behind a session or a set of loaded indexes. It owns the native handle and does nothing else: callers
  # fetch the handle by one short message and run the call in their own process. So reads run beside writes, and a caller
  # that is killed in a call harms nobody.

  use GenServer

  @doc """
  Starts the owner of the handle that `open` gives. `claim` is the function of `MossCore.Nif` that makes a process the
  owner.

  `open` runs here in the caller, so that its error is returned: a linked process that ends while it starts would take
  the caller with it on OTP 25.
  """
  @spec start_link(atom(), GenServer.name() | nil, (() -> {:ok, reference()} | {:error, String.t()})) ::
          {:ok, pid()} | {:error, String.t() | {:already_started, pid()}}
  def start_link(claim, server_name, open) do
    with :ok <- check_free(server_name),
         {:ok, handle} <- open.() do
      options = if server_name, do: [name: server_name], else: []
      GenServer.start_link(__MODULE__, {claim, handle}, options)
    end
  end

  @doc "Runs a function of `MossCore.Nif` on the handle, on the node where it is. Exits if the process is dead."
  @spec call(GenServer.server(), atom(), [term()]) :: term()
  def call(holder, function, args) do
    {node, handle} = GenServer.call(holder, :handle, :infinity)

    case run(node, function, [handle | args]) do
      # The process ended since it gave its handle.
      # The reason names no argument: those are documents and questions.
      {:error, :closed} -> exit({:noproc, {GenServer, :call, [holder, :handle, :infinity]}})
      result -> result
    end
  end

  defp run(node, function, args) when node == node(), do: apply(MossCore.Nif, function, args)
  defp run(node, function, args), do: :erpc.call(node, MossCore.Nif, function, args)

  # Asked before the work of opening; `GenServer` asks again.
  defp check_free(nil), do: :ok

  defp check_free(server_name) do
    case GenServer.whereis(server_name) do
      nil -> :ok
      pid -> {:error, {:already_started, pid}}
    end
  end

  @impl true
  def init({claim, handle}) do
    {:ok, :ok} = apply(MossCore.Nif, claim, [handle])
    {:ok, handle, :hibernate}
  end

  @impl true
  def handle_call(:handle, _from, handle), do: {:reply, {node(), handle}, handle}

  # Nobody can call any more, see `Moss.Client.new/3`. The links go first: whoever made the client may trap exits, and has
  # nothing to do with this one.
  @impl true
  def handle_info(:unreferenced, handle) do
    {:links, links} = Process.info(self(), :links)
    Enum.each(links, &Process.unlink/1)
    {:stop, :normal, handle}
  end

  # What else arrives is not for this process, and must not cost what it holds.
  def handle_info(_message, handle), do: {:noreply, handle}
end
