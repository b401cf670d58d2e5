using ConcertDapr.Bench;

namespace ConcertDapr.Soak;

/// <summary>The component files of this run.</summary>
internal static class Components
{
    /// <summary>Writes them: real Redis for the app, the fake one under names of its own, and what the bad app gets.</summary>
    public static void Write(string folder, int redis, int fake)
    {
        var good = Directory.CreateDirectory(Path.Combine(folder, "components")).FullName;
        ComponentFile.Write(good, "statestore", "state.redis", redis, ("actorStateStore", "true"));
        ComponentFile.Write(good, "pubsub", "pubsub.redis", redis, ("maxLenApprox", "10000"));
        ComponentFile.Write(good, "lockstore", "lock.redis", redis);
        ComponentFile.Write(good, "fakestate", "state.redis", fake, ("readTimeout", "500ms"));
        ComponentFile.Write(good, "fakebus", "pubsub.redis", fake, ("readTimeout", "500ms"));
        ComponentFile.Write(good, "fakelock", "lock.redis", fake, ("readTimeout", "500ms"));
        var bad = Directory.CreateDirectory(Path.Combine(folder, "components-bad")).FullName;
        ComponentFile.Write(bad, "statestore", "state.redis", redis, ("actorStateStore", "true"));
        ComponentFile.Write(bad, "pubsub", "pubsub.redis", redis, ("maxLenApprox", "10000"));
        ComponentFile.Write(bad, "fakebus", "pubsub.redis", fake, ("readTimeout", "500ms"), ("redeliverInterval", "200"));
    }
}
