using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace ConcertDapr.Sidecar.Actors;

/// <summary>An actor's name.</summary>
internal readonly record struct ActorKey(string Type, string Id)
{
    public override string ToString() => $"{Type}/{Id}";
}

/// <summary>A call of an actor's app: a method, a timer tick or a reminder tick.</summary>
/// <param name="Path">Below <c>/actors/{type}/{id}/</c>, escaped: <c>method/m</c>, <c>method/timer/t</c>, <c>method/remind/r</c>.</param>
/// <param name="Query">With its question mark, or empty.</param>
/// <param name="Headers">The caller's; none for ticks.</param>
/// <param name="Remote">Came through another sidecar.</param>
/// <param name="Forwarded">Was passed on by a replica that does not have the actor; it is not passed on again.</param>
/// <param name="Connection">Of the caller; null for ticks.</param>
internal sealed record ActorCall(ActorKey Actor, string Path, string Query, ReadOnlyMemory<byte> Body, string? ContentType,
    IReadOnlyList<KeyValuePair<string, StringValues>> Headers, bool IsTick = false, bool Remote = false,
    bool Forwarded = false, IFeatureCollection? Connection = null)
{
    /// <summary>
    /// Whether the caller has closed its connection, also when the server has not come to notice it. Looked at twice: what
    /// could be read a moment ago may have been read by the server since.
    /// </summary>
    public bool CallerHasLeft()
    {
        if (Connection?.Get<IConnectionSocketFeature>()?.Socket is not { } socket) return false;
        try
        {
            return socket.Poll(0, SelectMode.SelectRead) && socket.Available == 0 && socket.Poll(0, SelectMode.SelectRead);
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException)
        {
            return true;
        }
    }
}


/// <summary>The app's answer to an actor call; its status is always 200.</summary>
internal sealed record ActorReply(byte[] Body, IReadOnlyList<KeyValuePair<string, StringValues>> Headers)
{
    public bool HasErrorHeader => Headers.Any(header => header.Key.Equals("X-DaprErrorResponseHeader", StringComparison.OrdinalIgnoreCase));
}

/// <summary>An actor call failed; the message is for the caller.</summary>
internal sealed class ActorCallException(string message, int? status = null, Exception? inner = null)
    : Resilience.StatusFailure(status, message)
{
    public Exception? Cause { get; } = inner;

    /// <summary>Repeating cannot help.</summary>
    public bool IsFinal { get; init; }

    public bool StackTooDeep { get; init; }
}

/// <summary>The actor does not live here (any more); whoever looks again finds its new place.</summary>
internal sealed class ActorMovedException(ActorKey actor) : Exception($"actor {actor} has moved to another replica");
