using ConcertDapr.Sidecar.State;

namespace ConcertDapr.Sidecar.Leases;

/// <summary>A state store that replicas share, and that keeps them apart.</summary>
internal interface ISharedStore : IStateStore
{
    /// <summary>As <see cref="IStateStore.TransactAsync"/>, but only if the fence still stands.</summary>
    /// <exception cref="FencedException">It does not; nothing was written.</exception>
    ValueTask TransactAsync(IReadOnlyList<StateOperation> operations, Fence fence, CancellationToken cancellationToken = default);

    /// <summary>One beat of a replica, as a single step of the store: see <see cref="RedisLeases"/>.</summary>
    Task<LeaseView> BeatAsync(Beat beat, CancellationToken cancellationToken);
}

/// <summary>What a replica tells the others each time.</summary>
/// <param name="Released">Shards it gives up.</param>
/// <param name="Struck">Replicas that it knows to be dead.</param>
internal sealed record Beat(string Table, Replica Self, int Shards, TimeSpan TimeToLive, Wish Wish,
    IReadOnlyCollection<int> Released, IReadOnlyCollection<string> Struck);

/// <summary>What a replica wishes for.</summary>
internal enum Wish
{
    /// <summary>Its fair part of the shards.</summary>
    Take,

    /// <summary>No further ones; what it has it gives up by and by.</summary>
    Abstain,

    /// <summary>To be forgotten, together with all that it holds.</summary>
    Leave,
}

/// <summary>Who takes part and who holds what, after a beat.</summary>
/// <param name="Wanting">How many replicas take leases.</param>
/// <param name="Holders">By shard: the text that proves the lease (see <see cref="Fence"/>); its first word is the replica's id.</param>
internal sealed record LeaseView(IReadOnlyDictionary<string, Replica> Replicas, int Wanting, IReadOnlyDictionary<int, string> Holders)
{
    public static readonly LeaseView Empty = new(new Dictionary<string, Replica>(), 0, new Dictionary<int, string>());

    /// <summary>The replica that holds a shard; null when nobody does.</summary>
    public Replica? HolderOf(int shard) =>
        Holders.TryGetValue(shard, out var holder) ? Replicas.GetValueOrDefault(holder[..holder.IndexOf(' ', StringComparison.Ordinal)]) : null;
}
