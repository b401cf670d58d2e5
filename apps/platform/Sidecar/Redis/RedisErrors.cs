namespace ConcertDapr.Sidecar.Redis;

/// <summary>The server answered a command with an error (<c>WRONGTYPE …</c>).</summary>
internal sealed class RedisServerException(string message) : Exception(message)
{
    /// <summary>The first word of the error: <c>WRONGTYPE</c>, <c>NOSCRIPT</c>, <c>NOGROUP</c>.</summary>
    public string Code { get; } = message.Split(' ', 2)[0];
}

/// <summary>No connection, or it ended before the answer came: whether the command took effect is unknown.</summary>
internal sealed class RedisConnectionException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The server sent bytes that are not RESP2. The connection is given up.</summary>
internal sealed class RedisProtocolException(string message) : Exception(message);
