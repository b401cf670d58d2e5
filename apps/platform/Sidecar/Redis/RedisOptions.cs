namespace ConcertDapr.Sidecar.Redis;

/// <summary>Where a Redis server is and how long to wait for it.</summary>
internal sealed record RedisOptions
{
    public string Host { get; init; } = "localhost";

    public int Port { get; init; } = 6379;

    public string? Username { get; init; }

    public string? Password { get; init; }

    public int Database { get; init; }

    public bool UseTls { get; init; }

    /// <summary>Accepts any server certificate; only for test servers.</summary>
    public bool SkipTlsVerify { get; init; }

    public TimeSpan DialTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long one command may stay unanswered before its connection counts as dead.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(10);

    public string EndPoint => $"{Host}:{Port}";
}
