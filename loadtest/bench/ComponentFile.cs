namespace ConcertDapr.Bench;

/// <summary>A component of a Redis on this machine, as a file.</summary>
internal static class ComponentFile
{
    /// <summary>Writes <c>{name}.yaml</c> into the folder.</summary>
    /// <param name="type">For example <c>state.redis</c>.</param>
    /// <param name="more">Metadata beside the Redis' address.</param>
    public static void Write(string folder, string name, string type, int redisPort, params (string Name, string Value)[] more)
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
                value: 127.0.0.1:{redisPort}
            """ + "\n" + metadata);
    }
}
