namespace Dapr.Actors.Runtime;

/// <summary>The sidecar's side of an actor's state.</summary>
internal interface IActorStateStore
{
}
