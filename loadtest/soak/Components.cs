namespace ConcertDapr.Soak;

/// <summary>The component files of this run.</summary>
internal static class Components
{
    /// <summary>Writes them: real Redis for the app, the fake one under names of its own, and what the bad app gets.</summary>
    public static void Write(string folder, int redis, int fake)
    {
        var good = Directory.CreateDirectory(Path.Combine(folder, "components")).FullName;
        Add(good, "statestore", "state.redis", redis, ("actorStateStore", "true"));
        Add(good, "pubsub", "pubsub.redis", redis, ("maxLenApprox", "10000"));
        Add(good, "lockstore", "lock.redis", redis);
        Add(good, "fakestate", "state.redis", fake, ("readTimeout", "500ms"));
        Add(good, "fakebus", "pubsub.redis", fake, ("readTimeout", "500ms"));
        Add(good, "fakelock", "lock.redis", fake, ("readTimeout", "500ms"));
        var bad = Directory.CreateDirectory(Path.Combine(folder, "components-bad")).FullName;
        Add(bad, "statestore", "state.redis", redis, ("actorStateStore", "true"));
        Add(bad, "pubsub", "pubsub.redis", redis, ("maxLenApprox", "10000"));
        Add(bad, "fakebus", "pubsub.redis", fake, ("readTimeout", "500ms"), ("redeliverInterval", "200"));
    }

    private static void Add(string folder, string name, string type, int port, params (string Name, string Value)[] more)
    {
        var metadata = string.Concat(more.Select(one => $"  - {{name: {one.Name}, value: \"{one.Value}\"}}\n"));
        File.WriteAllText(Path.Combine(folder, name + ".yaml"), $"""
            apiVersion: dapr.io/v1alpha1
            kind: Component
            metadata:
              name: {name}
            spec:
              type: {type}
              version: v1
              metadata:
              - name: redisHost
                value: 127.0.0.1:{port}
            """ + "\n" + metadata);
    }
}
