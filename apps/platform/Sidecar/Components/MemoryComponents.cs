using System.Collections.Concurrent;
using ConcertDapr.Sidecar.Locks;
using ConcertDapr.Sidecar.PubSub;
using ConcertDapr.Sidecar.State;

namespace ConcertDapr.Sidecar.Components;

/// <summary>What in-memory components keep, by component name; sidecars that have this in common share it, as they would a Redis.</summary>
internal sealed class MemoryComponents
{
    private readonly ConcurrentDictionary<string, MemoryStateStore> stores = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, MemoryBus> buses = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, MemoryLockStore> locks = new(StringComparer.Ordinal);

    public MemoryStateStore State(string name, TimeProvider clock) => stores.GetOrAdd(name, _ => new MemoryStateStore(clock));

    public MemoryBus Bus(string name) => buses.GetOrAdd(name, _ => new MemoryBus());

    public MemoryLockStore Locks(string name, TimeProvider clock) => locks.GetOrAdd(name, _ => new MemoryLockStore(clock));
}
