using ConcertDapr.Sidecar.State;

namespace ConcertDapr.Sidecar.Actors;

/// <summary>The state of actors in the actor state store.</summary>
internal sealed class ActorState(SidecarRuntime runtime, ActorTable table)
{
    private static readonly Func<Exception, bool> IsETagProblem = e => e is ETagMismatchException or InvalidETagException;

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

    public Task TransactAsync(IReadOnlyList<StateOperation> operations, CancellationToken cancellationToken) => Component!.Outbound.RunAsync(
        token => Component.Store.TransactAsync(operations, token).AsTask(), cancellationToken, IsETagProblem);
}
