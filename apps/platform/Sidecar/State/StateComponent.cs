using ConcertDapr.Sidecar.Components;
using ConcertDapr.Sidecar.Resilience;

namespace ConcertDapr.Sidecar.State;

/// <summary>A configured state component.</summary>
/// <param name="Json">How values that came as JSON are written.</param>
/// <param name="Outbound">Policy around each call of the store.</param>
internal sealed record StateComponent(
    ComponentSpec Spec, IStateStore Store, KeyPrefix Prefix, JsonStyle Json, ResiliencePolicy Outbound)
{
    public string Name => Spec.Name;

    public bool IsRedis => Spec.Type == "state.redis";

    public bool IsActorStore => Spec.Flag("actorStateStore");
}
