using ConcertDapr.Sidecar.Leases;
using ConcertDapr.Sidecar.State;

namespace ConcertDapr.Sidecar.Actors;

/// <summary>The state of actors in the actor state store.</summary>
internal sealed class ActorState(SidecarRuntime runtime, ActorTable table, Func<ActorKey, Fence?> fenceOf)
{
    private static readonly Func<Exception, bool> IsETagProblem = e => e is ETagMismatchException or InvalidETagException or FencedException;

    /// <summary>The component; null when no store says <c>actorStateStore</c>.</summary>
    public StateComponent? Component => runtime.Components.ActorStore;

    /// <summary>Whether state may carry a time to live.</summary>
    public bool AllowsTtl => runtime.Configuration.Features.GetValueOrDefault("ActorStateTTL");

    /// <summary>Writes are only for actors that are active here.</summary>
    public bool IsActive(ActorKey actor) => table.IsActive(actor);

    /// <summary>The stored key of one state of an actor; a component's <c>keyPrefix</c> plays no part.</summary>
    public string KeyOf(ActorKey actor, string name) => $"{runtime.AppId}||{actor.Type}||{actor.Id}||{name}";

    public Task<StateItem?> GetAsync(ActorKey actor, string name, CancellationToken cancellationToken) => Component!.Outbound.RunAsync(
        token => Component.Store.GetAsync(KeyOf(actor, name), token).AsTask(), cancellationToken);

    /// <exception cref="ActorMovedException">The actor has gone to another replica.</exception>
    /// <exception cref="FencedException">So it has, by the store's word; nothing was written.</exception>
    public Task TransactAsync(ActorKey actor, IReadOnlyList<StateOperation> operations, CancellationToken cancellationToken)
    {
        var fence = fenceOf(actor);
        return Component!.Outbound.RunAsync(token => WriteAsync(Component.Store, operations, fence, token).AsTask(), cancellationToken, IsETagProblem);
    }

    /// <summary>Writes under a fence where there is one.</summary>
    public static ValueTask WriteAsync(IStateStore store, IReadOnlyList<StateOperation> operations, Fence? fence, CancellationToken cancellationToken) =>
        fence is { } proof ? ((ISharedStore)store).TransactAsync(operations, proof, cancellationToken) : store.TransactAsync(operations, cancellationToken);
}
