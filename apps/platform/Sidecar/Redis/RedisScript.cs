using System.Security.Cryptography;
using System.Text;

namespace ConcertDapr.Sidecar.Redis;

/// <summary>A Lua script, sent by its hash; the text follows only when the server does not know it (yet).</summary>
internal sealed class RedisScript(string text)
{
#pragma warning disable CA5350 // Redis names scripts by their SHA-1; nothing is protected by it.
    private readonly string hash = Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5350

    /// <summary>The script's result.</summary>
    /// <exception cref="RedisServerException">The script failed.</exception>
    public Task<RespReply> RunAsync(RedisClient client, string key, RedisArg[] arguments, CancellationToken cancellationToken) =>
        RunAsync(client, [key], arguments, cancellationToken);

    /// <inheritdoc cref="RunAsync(RedisClient, string, RedisArg[], CancellationToken)"/>
    public async Task<RespReply> RunAsync(
        RedisClient client, RedisArg[] keys, RedisArg[] arguments, CancellationToken cancellationToken)
    {
        var reply = await client.SendAsync(cancellationToken, ["EVALSHA", hash, keys.Length, .. keys, .. arguments]);
        if (reply.IsError && reply.Text.StartsWith("NOSCRIPT", StringComparison.Ordinal))
            reply = await client.SendAsync(cancellationToken, ["EVAL", text, keys.Length, .. keys, .. arguments]);
        return reply.Checked();
    }

    /// <summary>The script as one EVAL command, for use inside MULTI.</summary>
    public RedisArg[] AsEval(string key, params ReadOnlySpan<RedisArg> arguments) => ["EVAL", text, 1, key, .. arguments];
}
