namespace ConcertDapr.Sidecar.Actors;

/// <summary>An actor that is (or is about to be) active at this sidecar.</summary>
internal sealed class ActorInstance(ActorKey key, ActorTypeSettings settings, DateTimeOffset now)
{
    private readonly Lock gate = new();
    private string? reentrancyId;
    private int depth;

    public ActorKey Key => key;

    public ActorTypeSettings Settings => settings;

    public TurnQueue Turn { get; } = new();

    /// <summary>Deactivated: whoever waited for a turn has to look the actor up again.</summary>
    public volatile bool Gone;

    public DateTimeOffset LastUsed { get; set; } = now;

    /// <summary>Waits for the turn; a call of the chain that holds it enters at once.</summary>
    /// <returns>False when the actor was deactivated meanwhile.</returns>
    /// <exception cref="ActorCallException">The chain is deeper than allowed.</exception>
    public async Task<bool> EnterAsync(string? chain, CancellationToken cancellationToken)
    {
        if (chain is not null && TryReenter(chain)) return true;
        await Turn.EnterAsync(cancellationToken);
        if (Gone)
        {
            Turn.Leave();
            return false;
        }
        lock (gate) (reentrancyId, depth) = (chain, 1);
        return true;
    }

    public void Leave()
    {
        lock (gate)
        {
            if (--depth > 0) return;
            reentrancyId = null;
        }
        Turn.Leave();
    }

    private bool TryReenter(string chain)
    {
        lock (gate)
        {
            if (reentrancyId != chain) return false;
            if (depth >= settings.MaxStackDepth)
                throw new ActorCallException("maximum stack depth exceeded") { IsFinal = true, StackTooDeep = true };
            depth++;
            return true;
        }
    }
}
