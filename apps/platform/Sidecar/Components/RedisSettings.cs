using System.Globalization;
using ConcertDapr.Sidecar.Redis;

namespace ConcertDapr.Sidecar.Components;

/// <summary>The connection settings that all Redis components share.</summary>
internal static class RedisSettings
{
    /// <exception cref="SidecarStartException">A value is malformed, or asks for what this runtime does not do.</exception>
    public static RedisOptions Read(ComponentSpec spec)
    {
        foreach (var name in new[] { "failover", "useEntraID" })
            if (spec.Flag(name)) throw new SidecarStartException($"component {spec.Label}: {name} is not supported by the embedded runtime");
        if (spec.Get("redisType") is { } type and not "node")
            throw new SidecarStartException($"component {spec.Label}: redisType '{type}' is not supported by the embedded runtime, only node");
        var (host, port) = Address(spec);
        return new RedisOptions
        {
            Host = host,
            Port = port,
            Username = spec.Get("redisUsername"),
            Password = spec.Get("redisPassword"),
            Database = spec.Integer("redisDB") ?? 0,
            UseTls = spec.Flag("enableTLS"),
            SkipTlsVerify = spec.Flag("insecureSkipTLSVerify"),
            DialTimeout = spec.Duration("dialTimeout") ?? TimeSpan.FromSeconds(5),
            CommandTimeout = spec.Duration("readTimeout") is { Ticks: > 0 } timeout ? timeout : TimeSpan.FromSeconds(10),
        };
    }

    private static (string Host, int Port) Address(ComponentSpec spec)
    {
        var address = spec.Get("redisHost") ?? "localhost";
        if (address.Contains(',')) throw spec.Invalid("redisHost", address, "one address (clusters are not supported by the embedded runtime)");
        var stated = spec.Integer("redisPort");
        var colon = address.LastIndexOf(':');
        if (colon < 0) return (address, stated ?? 6379);
        if (!int.TryParse(address[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port > 65535)
            throw spec.Invalid("redisHost", address, "host or host:port");
        if (stated is not null && stated != port) throw spec.Invalid("redisPort", $"{stated}", $"the port of redisHost ({port})");
        return (address[..colon].Trim('[', ']'), port);
    }
}
