namespace ConcertDapr.Sidecar.Actors;

/// <summary>A lock that is given in the order in which it was asked for.</summary>
internal sealed class TurnQueue
{
    private readonly Lock gate = new();
    private readonly LinkedList<TaskCompletionSource> waiting = new();
    private bool taken;

    /// <summary>Nobody has the turn or waits for it.</summary>
    public bool IsFree
    {
        get
        {
            lock (gate) return !taken;
        }
    }

    /// <summary>Completes when the turn is the caller's; <see cref="Leave"/> must follow. A cancelled wait leaves the queue.</summary>
    public Task EnterAsync(CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (!taken)
            {
                taken = true;
                return Task.CompletedTask;
            }
            var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var node = waiting.AddLast(turn);
            return cancellationToken.CanBeCanceled ? WaitAsync(node, cancellationToken) : turn.Task;
        }
    }

    public void Leave()
    {
        lock (gate)
        {
            if (waiting.First is not { } next)
            {
                taken = false;
                return;
            }
            waiting.RemoveFirst();
            next.Value.SetResult();
        }
    }

    private async Task WaitAsync(LinkedListNode<TaskCompletionSource> node, CancellationToken cancellationToken)
    {
        try
        {
            await node.Value.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            if (!TryWithdraw(node)) Leave();
            throw;
        }
    }

    /// <summary>False when the turn came at the moment of the cancellation and must be passed on.</summary>
    private bool TryWithdraw(LinkedListNode<TaskCompletionSource> node)
    {
        lock (gate)
        {
            if (node.List is null) return false;
            waiting.Remove(node);
            return true;
        }
    }
}
