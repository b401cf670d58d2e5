namespace ConcertDapr.Sidecar.Api.Http;

/// <summary><c>/v1.0/actors/…</c></summary>
internal static class ActorRoutes
{
    public static Task? TryHandle(ApiCall call) => null;
}
